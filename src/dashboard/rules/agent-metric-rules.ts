// What agents measure of themselves: one finding per kind of agent, not per agent.

import type { DashboardSettings } from "../config.ts";
import { clearBelowOf } from "../finding.ts";
import type { LevelStep } from "../finding.ts";
import { listNames } from "../causes.ts";
import { dashboardLimits } from "../limits.ts";
import { holdOfValues, makeFinding } from "./rule.ts";
import type { AlertRule, RuleInput } from "./rule.ts";

interface AgentMetricRule {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly metric: string;
  readonly unit: "s" | "ratio";
  readonly level: LevelStep["level"];
  readonly threshold: (settings: DashboardSettings) => number;
  /** "answers in 7.2 s on average" of one agent; "answer slower than 5 s" of many. */
  readonly one: (value: number) => string;
  readonly many: (threshold: number) => string;
}

/** Response time and error rate of agents; they remember who is over, so each dashboard has its own. */
export const agentMetricRules = (): readonly AlertRule[] => [
  agentMetricRule({
    id: "agent_slow",
    title: "Agents answer slowly",
    description:
      "The response_time of agents, averaged over five minutes, is high. Look at their task's " +
      "waterfall: a model, a service or their own code takes the time.",
    metric: "response_time",
    unit: "s",
    level: "warning",
    threshold: (settings) => settings.responseTimeWarning,
    one: (value) => `answers in ${number(value)} s on average`,
    many: (threshold) => `answer slower than ${number(threshold)} s`,
  }),
  agentMetricRule({
    id: "agent_errors",
    title: "Agents fail",
    description:
      "The error_rate that agents report, averaged over five minutes, is high. Look at their last " +
      "failed calls and dead letters.",
    metric: "error_rate",
    unit: "ratio",
    level: "error",
    threshold: (settings) => settings.errorRateError,
    one: (value) => `fails at ${number(value * 100)}% of what it does`,
    many: (threshold) => `fail at more than ${number(threshold * 100)}% of what they do`,
  }),
];

/** Metrics that these rules watch. */
export const WATCHED_METRICS = ["response_time", "error_rate"] as const;

function agentMetricRule(about: AgentMetricRule): AlertRule {
  const stepOf = (settings: DashboardSettings): LevelStep => {
    const above = about.threshold(settings);
    return { level: about.level, above, clearBelow: clearBelowOf(above) };
  };
  /** Of agents that are over: a view of everyone of a thousand at every refresh is too much. */
  let kinds: ReadonlyMap<string, string> = new Map();
  const rule: AlertRule = {
    id: about.id,
    title: about.title,
    description: about.description,
    unit: about.unit,
    hold: holdOfValues,
    levels: (settings) => {
      const { level, above, clearBelow } = stepOf(settings);
      return [{ level, threshold: above, clearThreshold: clearBelow }];
    },
    evaluate: (input) => {
      const step = stepOf(input.settings);
      const over = input.metrics.over(about.metric, step, input.firingAgents(about.id));
      kinds = new Map(
        over.map(([agentId]) => [agentId, kinds.get(agentId) ?? kindOf(input, agentId)]),
      );
      const byKind = Map.groupBy(over, ([agentId]) => kinds.get(agentId) ?? UNKNOWN_KIND);
      return [...byKind].map(([kind, members]) => {
        const worst = members.reduce((a, b) => (b[1] > a[1] ? b : a));
        const names = namesOf(input, members);
        const message =
          members.length === 1
            ? `${names[0]} ${about.one(worst[1])}`
            : `${members.length} ${kind} agents ${about.many(step.above)}: ${listNames(names)}`;
        return makeFinding(rule, input.settings, {
          subject: kind,
          level: step.level,
          message,
          source: members.length === 1 ? `agent:${members[0]?.[0]}` : `kind:${kind}`,
          labels: { kind },
          agentIds: members.map(([agentId]) => agentId),
          value: worst[1],
          threshold: step.above,
        });
      });
    },
  };
  return rule;
}

/** Agents known to the tracker alone are all of one kind. */
const UNKNOWN_KIND = "agent";

function kindOf(input: RuleInput, agentId: string): string {
  return input.fleet.agent(agentId)?.kind ?? UNKNOWN_KIND;
}

/** Names of those a sentence will name; the others are only counted in it. */
function namesOf(
  { fleet }: RuleInput,
  members: readonly (readonly [agentId: string, value: number])[],
): readonly string[] {
  const named = dashboardLimits.causeAgentsNamed.value;
  return members.map(([agentId], index) =>
    index < named ? (fleet.agent(agentId)?.name ?? agentId) : agentId,
  );
}

function number(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
