// What is wrong with agents is found once, in causes.ts; here it becomes alerts, under the same
// id, so that a row of "Needs you" and its alert are one thing.

import type { DashboardSettings } from "../config.ts";
import type { Cause } from "../model.ts";
import { dashboardLimits } from "../limits.ts";
import type { FleetSource } from "../ports.ts";
import type { AlertRule } from "./rule.ts";

/** A rule about causes of one kind. */
interface CauseRule extends AlertRule {
  readonly kind: Cause["kind"];
}

/** Rules whose findings are causes. */
export const causeRules: readonly CauseRule[] = [
  causeRule(
    "deadlock",
    "agent_deadlock",
    "Agents wait on each other",
    "error",
    "Requests that wait for an answer form a circle: none of these agents can go on. End one.",
  ),
  causeRule(
    "down",
    "agent_down",
    "An agent is down",
    "error",
    "Three heartbeats are missing, or the process ended, while work or mail waits. Restart it.",
  ),
  causeRule(
    "stuck",
    "agent_stuck",
    "An agent is stuck",
    "warning",
    "It runs and holds work, but puts nothing out. Look at what it holds and whom it waits on.",
  ),
  causeRule(
    "error_status",
    "agent_error_status",
    "An agent reports an error",
    "warning",
    "The agent itself says that its status is error. Its log and last messages say more.",
  ),
  causeRule(
    "dead_letters",
    "dead_letters",
    "Dead letters wait",
    "warning",
    "Messages could not be delivered or were refused. Redrive them, or look at who refuses them.",
  ),
  causeRule(
    "operator_mail",
    "operator_mail",
    "Agents wait for your answer",
    "warning",
    "They wrote to the operator and expect an answer. Answer in their conversation.",
  ),
];

function holdOfCauses({ causeDelay }: DashboardSettings): ReturnType<AlertRule["hold"]> {
  return { forMs: causeDelay * 1000, keepFiringForMs: causeDelay * 1000 };
}

function causeRule(
  kind: Cause["kind"],
  id: string,
  title: string,
  level: Cause["level"],
  description: string,
): CauseRule {
  return {
    id,
    kind,
    title,
    description,
    unit: null,
    hold: holdOfCauses,
    levels: () => [{ level, threshold: null, clearThreshold: null }],
    evaluate: ({ causes, settings, fleet }) =>
      causes
        .filter((cause) => cause.kind === kind)
        .map((cause) => ({
          key: cause.id,
          rule: id,
          level: cause.level,
          message: cause.text,
          source: sourceOf(cause),
          labels: {},
          context: {},
          agentIds: cause.agentIds.slice(0, dashboardLimits.alertAgents.value),
          traceId: traceHeldBy(fleet, cause.agentIds),
          value: null,
          threshold: null,
          ...holdOfCauses(settings),
        })),
  };
}

/** The trace of the work that shows it: what the first of the agents holds. */
function traceHeldBy(fleet: FleetSource, [agentId]: readonly string[]): string | null {
  const holds = agentId === undefined ? [] : (fleet.agent(agentId)?.presence.holds ?? []);
  return holds.find((held) => held.traceId !== null)?.traceId ?? null;
}

function sourceOf({ agentIds, kind }: Cause): string {
  if (agentIds.length === 1) return `agent:${agentIds[0]}`;
  return agentIds.length === 0 ? kind : "fleet";
}
