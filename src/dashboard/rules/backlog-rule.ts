// Inboxes that fill faster than they are emptied. Agents that are stuck, down or held have a
// cause of their own; this one is about those that work and still fall behind.

import type { AgentView } from "../../communication/index.ts";
import { formatDuration } from "../../core/index.ts";
import { listNames } from "../causes.ts";
import type { DashboardSettings } from "../config.ts";
import { clearBelowOf } from "../finding.ts";
import type { Finding } from "../finding.ts";
import { dashboardLimits } from "../limits.ts";
import { holdOfValues, makeFinding } from "./rule.ts";
import type { AlertRule, RuleInput } from "./rule.ts";

interface Backlog {
  readonly agent: AgentView;
  readonly messages: number;
  readonly ageMs: number;
}

/** Looks at mailboxes in turn, a bounded number per refresh. */
export function backlogRule(): AlertRule {
  /** Agents that were behind when they were looked at. */
  const behind = new Map<string, Backlog>();
  let turn: Iterator<string> | undefined;

  const look = (agentId: string, input: RuleInput, firing: ReadonlySet<string>): void => {
    const backlog = backlogOf(agentId, input, firing.has(agentId));
    if (backlog === undefined) behind.delete(agentId);
    else behind.set(agentId, backlog);
  };
  const rule: AlertRule = {
    id: "inbox_backlog",
    title: "An inbox fills up",
    description:
      "Messages wait unclaimed although the agent runs. Start more agents of the kind, or look at " +
      "what keeps this one busy.",
    unit: "s",
    hold: holdOfValues,
    levels: ({ backlogAge }) => [
      { level: "warning", threshold: backlogAge, clearThreshold: clearBelowOf(backlogAge) },
    ],
    evaluate: (input) => {
      const firing = input.firingAgents(rule.id);
      for (const agentId of behind.keys()) look(agentId, input, firing);
      let left = input.mailIsLate ? dashboardLimits.ruleAgentsPerRefresh.value : 0;
      while (left-- > 0) {
        turn ??= input.fleet.agentIds()[Symbol.iterator]();
        const next = turn.next();
        if (next.done === true) {
          turn = undefined; // everyone was looked at: the next round begins at the next refresh
          break;
        }
        look(next.value, input, firing);
      }
      const byKind = Map.groupBy(behind.values(), ({ agent }) => agent.kind);
      return [...byKind].map(([kind, group]) => backlogFinding(rule, input.settings, kind, group));
    },
  };
  return rule;
}

function backlogOf(
  agentId: string,
  { fleet, settings, nowMs }: RuleInput,
  fires: boolean,
): Backlog | undefined {
  const agent = fleet.agent(agentId);
  if (agent === undefined || hasOwnCause(agent)) return undefined;
  const messages = Object.values(agent.mailbox.ready).reduce((sum, count) => sum + count, 0);
  const { oldestReadyAtMs } = agent.mailbox;
  const ageMs = oldestReadyAtMs === null ? 0 : nowMs - oldestReadyAtMs;
  const edge = fires ? clearBelowOf : (threshold: number): number => threshold;
  const isBehind =
    ageMs > edge(settings.backlogAge) * 1000 || messages > edge(settings.backlogMessages);
  return isBehind ? { agent, messages, ageMs } : undefined;
}

function hasOwnCause({ presence, paused, quarantined }: AgentView): boolean {
  const { state } = presence;
  return state === "stuck" || state === "down" || paused !== null || quarantined !== null;
}

function backlogFinding(
  rule: AlertRule,
  settings: DashboardSettings,
  kind: string,
  group: readonly Backlog[],
): Finding {
  const messages = group.reduce((sum, one) => sum + one.messages, 0);
  const ageMs = Math.max(...group.map((one) => one.ageMs));
  const names = group.map(({ agent }) => agent.name);
  const verb = messages === 1 ? "message waits" : "messages wait";
  const whom =
    group.length === 1 ? names[0] : `${group.length} ${kind} agents (${listNames(names)})`;
  return makeFinding(rule, settings, {
    subject: kind,
    level: "warning",
    message: `${messages} ${verb} for ${whom}, the oldest for ${formatDuration(ageMs)}`,
    source: group.length === 1 ? `agent:${group[0]?.agent.id}` : `kind:${kind}`,
    labels: { kind },
    context: { messages },
    agentIds: group.map(({ agent }) => agent.id),
    value: ageMs / 1000,
    threshold: settings.backlogAge,
  });
}
