// The Overview's numbers and words, computed in one place for every page, the CLI and exports.

import type { AgentView, OperatorMail } from "../communication/index.ts";

import { capCauses, countAlerts, joinAlerts } from "./alert-causes.ts";
import type { FiringAlerts } from "./alert-causes.ts";
import { findCauses, listNames } from "./causes.ts";
import { scoreHealth } from "./health.ts";
import { MANUAL_RULE } from "./manual-alert.ts";
import type { AgentTile, Cause, OverviewSummary, ServiceCounts } from "./model.ts";
import type {
  DeadLetterCount,
  FleetDigest,
  HostUsage,
  ServiceDigest,
  StateCounts,
} from "./ports.ts";

/** What an overview is built from. */
export interface OverviewInput {
  readonly namespace: string;
  readonly nowMs: number;
  readonly fleet: FleetDigest;
  readonly deadLetters: DeadLetterCount;
  readonly operatorMail: OperatorMail;
  readonly costSince: (agentId: string, sinceMs: number) => number | null;
  readonly costPerHourUsd: number | null;
  /** 0 to 1; null when nothing ended lately. */
  readonly errorRatio: number | null;
  readonly host: HostUsage | null;
  readonly alerts: FiringAlerts;
  readonly services: readonly ServiceDigest[];
}

/** The top of the page: headline, counts, causes, health. */
export function buildSummary(input: OverviewInput): OverviewSummary {
  const { counts, total, paused, quarantined, attention, oldestMailAtMs } = input.fleet;
  const causes = joinAlerts(findCauses({ ...input, agents: attention }), input.alerts);
  return {
    namespace: input.namespace,
    atMs: input.nowMs,
    headline: headline(causes, total, { paused, quarantined, left: counts.left }),
    counts: { ...counts, total, paused },
    costPerHourUsd: input.costPerHourUsd,
    errorRatio: input.errorRatio,
    health: scoreHealth(causes, input.host, (cause) => {
      const alert = input.alerts.byKey(cause.id);
      return alert?.rule === MANUAL_RULE ? alert.source : null;
    }),
    causes: capCauses(causes),
    alerts: countAlerts(input.alerts),
    services: countServices(input.services),
    deadLetters: input.deadLetters.count,
    oldestMailAtMs,
  };
}

/** The digest of agents whose views are at hand. */
export function digestOf(agents: readonly AgentView[]): FleetDigest {
  const counts: StateCounts = { working: 0, waiting: 0, idle: 0, stuck: 0, down: 0, left: 0 };
  const attention: AgentView[] = [];
  let paused = 0;
  let quarantined = 0;
  for (const agent of agents) {
    const { state, cycle, left } = agent.presence;
    counts[left ? "left" : state] += 1;
    if (agent.paused !== null) paused += 1;
    if (agent.quarantined !== null) quarantined += 1;
    const calm = state !== "stuck" && state !== "down" && cycle.length === 0;
    const held = agent.paused !== null || agent.quarantined !== null;
    if (!calm || held || agent.status === "error") attention.push(agent);
  }
  const oldestMailAtMs = oldestMail(agents);
  return { total: agents.length, counts, paused, quarantined, attention, oldestMailAtMs };
}

/** One tile: what an agent is and does, in a few words. */
export function buildTile(
  agent: AgentView,
  costSince: (agentId: string, sinceMs: number) => number | null,
): AgentTile {
  const held = agent.presence.holds[0];
  return {
    id: agent.id,
    name: agent.name,
    kind: agent.kind,
    state: agent.presence.state,
    sinceMs: agent.presence.sinceMs,
    reason: agent.presence.reason,
    left: agent.presence.left,
    task: held?.title ?? null,
    taskSinceMs: held?.sinceMs ?? null,
    paused: agent.paused !== null,
    quarantined: agent.quarantined !== null,
    status: agent.status,
    costUsd: costSince(agent.id, agent.presence.sinceMs),
  };
}

/**
 * The biggest words on the page: the cause by name when there is one, the number of agents when
 * there are several.
 */
function headline(causes: readonly Cause[], total: number, away: AwayCounts): string {
  const serious = causes.filter((cause) => cause.level !== "info");
  const needs = serious.filter((cause) => cause.acknowledged === null);
  const first = needs[0];
  if (first === undefined) {
    if (serious.length > 0) return takenOnHeadline(serious);
    return total === 0 ? "No agent yet" : calmHeadline(total, away);
  }
  const agents = new Set(needs.flatMap((cause) => cause.agentIds)).size;
  const others = needs.length - 1;
  const more = others === 0 ? "" : `, and ${others} more ${others === 1 ? "cause" : "causes"}`;
  if (first.agentIds.length === 0) return capitalise(`${first.text}${more}`);
  const need = agents === 1 ? "1 agent needs you" : `${agents} agents need you`;
  return `${need}: ${shortText(first)}${more}`;
}

/** Everything that is wrong is in somebody's hands. */
function takenOnHeadline(causes: readonly Cause[]): string {
  const owners = [...new Set(causes.map((cause) => cause.acknowledged?.owner ?? ""))];
  const [first] = causes;
  if (causes.length > 1 || first === undefined) {
    return `${causes.length} causes are in the hands of ${listNames(owners)}`;
  }
  return capitalise(`${shortText(first)}: ${listNames(owners)} has taken it on`);
}

/** Agents that do nothing, and nobody has to do anything about it. */
interface AwayCounts {
  readonly paused: number;
  readonly quarantined: number;
  readonly left: number;
}

function calmHeadline(total: number, { paused, quarantined, left }: AwayCounts): string {
  const fine = total - paused - quarantined - left;
  if (fine === total) return total === 1 ? "Your agent is fine" : `All ${total} agents are fine`;
  const words = [
    ...(paused > 0 ? [`${paused} paused`] : []),
    ...(quarantined > 0 ? [`${quarantined} quarantined`] : []),
    ...(left > 0 ? [`${left} left`] : []),
  ];
  if (fine > 0) {
    return `${fine === 1 ? "1 agent is" : `${fine} agents are`} fine, ${words.join(", ")}`;
  }
  if (words.length > 1) return `No agent runs: ${words.join(", ")}`;
  if (left > 0) return total === 1 ? "Your agent left" : `All ${total} agents left`;
  const word = paused > 0 ? "paused" : "quarantined";
  return total === 1 ? `Your agent is ${word}` : `All ${total} agents are ${word}`;
}

function countServices(services: readonly ServiceDigest[]): ServiceCounts {
  const counts = { total: services.length, healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  for (const { status } of services) counts[status] += 1;
  return counts;
}

function oldestMail(agents: readonly AgentView[]): number | null {
  let oldest: number | null = null;
  for (const { mailbox } of agents) {
    const atMs = mailbox.oldestReadyAtMs;
    if (atMs !== null && (oldest === null || atMs < oldest)) oldest = atMs;
  }
  return oldest;
}

/** A cause without its durations, which a headline would only have to keep renewing. */
function shortText(cause: Cause): string {
  const name = cause.agentIds[0] ?? "";
  if (cause.agentIds.length !== 1) return cause.text;
  if (cause.kind === "stuck") return `${name} is stuck`;
  if (cause.kind === "down") return `${name} is down`;
  return cause.text;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
