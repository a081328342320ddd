// Turns the states of agents into what a person has to deal with: one cause per reason, not one
// per agent. Pure; the same agents give the same causes with the same ids.

import type { AgentView, OperatorMail } from "../communication/index.ts";
import { formatDuration } from "../core/index.ts";

import { LEVEL_RANK } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";
import type { Cause, CauseAction } from "./model.ts";
import type { DeadLetterCount } from "./ports.ts";

/** What causes are found from. */
export interface CauseInput {
  readonly nowMs: number;
  /** Those that may need somebody; others give no cause. */
  readonly agents: readonly AgentView[];
  /** Deliveries that are dead and wait for someone. */
  readonly deadLetters: DeadLetterCount;
  /** Requests of agents that no person has answered. */
  readonly operatorMail: OperatorMail;
  /** Dollars an agent spent since an instant; null when unknown. */
  readonly costSince: (agentId: string, sinceMs: number) => number | null;
}

/** Every cause that needs a person, worst first, then oldest first. */
export function findCauses(input: CauseInput): readonly Cause[] {
  const causes = [
    ...deadlocks(input),
    ...stuckGroups(input),
    ...downGroups(input),
    ...errorStatus(input),
    ...deadLetters(input),
    ...operatorMail(input),
    ...pausedGroups(input),
    ...quarantinedGroups(input),
  ];
  return causes.sort(compareCauses);
}

/** Worst first, then oldest first. */
export function compareCauses(a: Cause, b: Cause): number {
  return LEVEL_RANK[b.level] - LEVEL_RANK[a.level] || a.sinceMs - b.sinceMs;
}

/** Names up to three, counts the rest: "a, b and c", "a, b, c and 9 more". */
export function listNames(names: readonly string[]): string {
  const shown = dashboardLimits.causeAgentsNamed.value;
  if (names.length === 1) return names[0] ?? "";
  if (names.length <= shown) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, shown).join(", ")} and ${names.length - shown} more`;
}

function deadlocks(input: CauseInput): Cause[] {
  const seen = new Set<string>();
  const byId = new Map(input.agents.map((agent) => [agent.id, agent]));
  const causes: Cause[] = [];
  for (const agent of input.agents) {
    const cycle = agent.presence.cycle;
    if (cycle.length === 0 || isHeld(agent)) continue;
    const id = `deadlock:${cycle.toSorted().join(",")}`;
    if (seen.has(id)) continue;
    seen.add(id);
    const members = cycle.map((id) => byId.get(id)).filter((member) => member !== undefined);
    const sinceMs = Math.max(...members.map((member) => member.presence.sinceMs));
    const text =
      cycle.length === 2
        ? `${cycle[0]} and ${cycle[1]} wait on each other`
        : `${cycle[0]} waits on ${cycle.slice(1).join(", which waits on ")}, ` +
          `which waits on ${cycle[0]}`;
    causes.push(makeCause(input, { id, kind: "deadlock", level: "error", text, sinceMs }, members));
  }
  return causes;
}

function stuckGroups(input: CauseInput): Cause[] {
  const stuck = input.agents.filter(
    (agent) =>
      agent.presence.state === "stuck" && agent.presence.cycle.length === 0 && !isHeld(agent),
  );
  return groupByKind(stuck).map((group) => {
    const first = oldest(group);
    const sinceMs = first.presence.sinceMs;
    const text =
      group.length === 1
        ? stuckSentence(first, input.nowMs)
        : `${group.length} ${first.kind} agents are stuck: ${listNames(namesOf(group))}`;
    const id = `stuck:${first.kind}`;
    return makeCause(input, { id, kind: "stuck", level: "warning", text, sinceMs }, group);
  });
}

function stuckSentence(agent: AgentView, nowMs: number): string {
  const { presence } = agent;
  const silentSinceMs = Math.max(presence.lastOutputAtMs ?? 0, presence.holds[0]?.sinceMs ?? 0);
  const held = presence.holds[0];
  if (held === undefined) return `${agent.name} is stuck: ${presence.reason}`;
  const silence = formatDuration(nowMs - silentSinceMs);
  const waits =
    presence.waitsOn[0] === undefined ? "" : `, waits on ${presence.waitsOn[0].agentId}`;
  return `${agent.name} heartbeats, no output for ${silence}, holds "${held.title}"${waits}`;
}

function downGroups(input: CauseInput): Cause[] {
  const down = input.agents.filter(
    (agent) => agent.presence.state === "down" && !isHeld(agent) && !agent.presence.left,
  );
  return groupByKind(down).map((group) => {
    const first = oldest(group);
    // Since the last sign of life, not since it was given up: that is what the sentence says.
    const sinceMs = first.presence.lastHeartbeatAtMs ?? first.presence.sinceMs;
    const text =
      group.length === 1
        ? downSentence(first, input.nowMs)
        : `${group.length} ${first.kind} agents are down: ${listNames(namesOf(group))}`;
    const id = `down:${first.kind}`;
    return makeCause(input, { id, kind: "down", level: "error", text, sinceMs }, group);
  });
}

function downSentence(agent: AgentView, nowMs: number): string {
  const { presence } = agent;
  if (presence.exitCode !== null && presence.exitCode !== 0) {
    return `${agent.name} ended with exit code ${presence.exitCode}`;
  }
  if (agent.status === "offline") return `${agent.name} left, but mail or work waits for it`;
  const lastMs = presence.lastHeartbeatAtMs ?? presence.sinceMs;
  return `${agent.name} stopped answering ${formatDuration(nowMs - lastMs)} ago`;
}

function errorStatus(input: CauseInput): Cause[] {
  const failing = input.agents.filter(
    (agent) => agent.status === "error" && agent.presence.state !== "down" && !isHeld(agent),
  );
  return groupByKind(failing).map((group) => {
    const first = oldest(group);
    const { sinceMs } = first.presence;
    const text =
      group.length === 1
        ? `${first.name} reports an error`
        : `${group.length} ${first.kind} agents report an error: ${listNames(namesOf(group))}`;
    const id = `error_status:${first.kind}`;
    return makeCause(input, { id, kind: "error_status", level: "warning", text, sinceMs }, group);
  });
}

/** One reminder for each person who paused agents, so that nobody is forgotten. */
function pausedGroups(input: CauseInput): Cause[] {
  const paused = input.agents.filter(
    (agent) => agent.paused !== null && agent.quarantined === null,
  );
  const groups = Map.groupBy(paused, (agent) => agent.paused?.by ?? "");
  return [...groups].map(([by, group]) => {
    const sinceMs = Math.min(...group.map((agent) => agent.paused?.sinceMs ?? input.nowMs));
    const text = `${listNames(namesOf(group))} ${group.length === 1 ? "is" : "are"} paused by ${by}`;
    const id = `paused:${by}`;
    return makeCause(input, { id, kind: "paused", level: "info", text, sinceMs }, group);
  });
}

/** The same for those that somebody cut off. */
function quarantinedGroups(input: CauseInput): Cause[] {
  const held = input.agents.filter((agent) => agent.quarantined !== null);
  const groups = Map.groupBy(held, (agent) => agent.quarantined?.by ?? "");
  return [...groups].map(([by, group]) => {
    const sinceMs = Math.min(...group.map((agent) => agent.quarantined?.sinceMs ?? input.nowMs));
    const verb = group.length === 1 ? "is" : "are";
    const text = `${listNames(namesOf(group))} ${verb} quarantined by ${by}`;
    const id = `quarantined:${by}`;
    return makeCause(input, { id, kind: "quarantined", level: "info", text, sinceMs }, group);
  });
}

/** A person has it in hand. */
function isHeld({ paused, quarantined }: AgentView): boolean {
  return paused !== null || quarantined !== null;
}

function deadLetters(input: CauseInput): Cause[] {
  const { count, oldestAtMs } = input.deadLetters;
  if (count === 0) return [];
  const plural = count === 1 ? "message is" : "messages are";
  return [
    {
      id: "dead_letters",
      kind: "dead_letters",
      level: "warning",
      text: `${count} ${plural} in the dead-letter box`,
      agentIds: [],
      sinceMs: oldestAtMs ?? input.nowMs,
      costUsd: null,
      actions: [],
      alertId: null,
      acknowledged: null,
    },
  ];
}

function operatorMail(input: CauseInput): Cause[] {
  const { agentIds, count, oldestAtMs } = input.operatorMail;
  if (count === 0) return [];
  const [verb, answers] = [
    agentIds.length === 1 ? "waits" : "wait",
    count === 1 ? "answer" : `answer to ${count} messages`,
  ];
  return [
    {
      id: "operator_mail",
      kind: "operator_mail",
      level: "warning",
      text: `${listNames(agentIds)} ${verb} for your ${answers}`,
      agentIds,
      sinceMs: oldestAtMs ?? input.nowMs,
      costUsd: null,
      actions: [],
      alertId: null,
      acknowledged: null,
    },
  ];
}

function makeCause(
  input: CauseInput,
  cause: Pick<Cause, "id" | "kind" | "level" | "text" | "sinceMs">,
  agents: readonly AgentView[],
): Cause {
  const agentIds = agents.map((agent) => agent.id);
  const costs = agentIds
    .map((agentId) => input.costSince(agentId, cause.sinceMs))
    .filter((usd) => usd !== null);
  const actions: CauseAction[] = [{ kind: "open", agentIds }];
  actions.unshift({ kind: actionFor(cause.kind), agentIds });
  return {
    ...cause,
    agentIds,
    costUsd: costs.length === 0 ? null : costs.reduce((sum, usd) => sum + usd, 0),
    actions,
    alertId: null,
    acknowledged: null,
  };
}

function actionFor(kind: Cause["kind"]): CauseAction["kind"] {
  if (kind === "down") return "restart";
  if (kind === "quarantined") return "release";
  return kind === "paused" ? "resume" : "pause";
}

function groupByKind(agents: readonly AgentView[]): AgentView[][] {
  return [...Map.groupBy(agents, (agent) => agent.kind).values()];
}

function oldest(group: readonly AgentView[]): AgentView {
  return group.reduce((a, b) => (b.presence.sinceMs < a.presence.sinceMs ? b : a));
}

function namesOf(group: readonly AgentView[]): string[] {
  return group.map((agent) => agent.name);
}
