// Finding agents: whoever is there and has the least to do comes first.

import type { RecentStatistics } from "../core/index.ts";
import type { AgentRecord } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { communicationLimits } from "./limits.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { AgentQuery } from "./requests.ts";

interface Candidate {
  readonly record: AgentRecord;
  /** 0 there and well, 1 in error or maintenance, 2 stuck, 3 away or paused, 4 quarantined. */
  readonly rank: number;
  /** Work in hand and waiting, times how long one piece takes it. */
  readonly loadSeconds: number;
  /** NaN until it is needed: most of a large fleet is told apart without. */
  cpuPercent: number;
}

/** Rank from which an agent is not there. */
const AWAY = 3;

/** Agents of a namespace by fitness for the next piece of work. */
export class Discovery {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;

  constructor(context: CommunicationContext, presence: PresenceBook) {
    this.#context = context;
    this.#presence = presence;
  }

  /** Agents with a capability; those away or paused last, or left out. */
  withCapability(capability: string, includeOffline: boolean): AgentRecord[] {
    this.#presence.evaluateNow();
    return this.#ranked(this.#context.registry.withCapability(capability))
      .filter(({ rank }) => includeOffline || rank < AWAY)
      .map(({ record }) => record);
  }

  /** Agents that match, in order of discovery. */
  matching(query: AgentQuery): AgentRecord[] {
    this.#presence.evaluateNow();
    const { registry } = this.#context;
    const { capability, limit = Infinity } = query;
    const words = query.text?.toLowerCase().split(/\s+/) ?? [];
    const all = capability === undefined ? registry.all() : registry.withCapability(capability);
    const found: AgentRecord[] = [];
    for (const record of all) {
      if (query.status !== undefined && record.agent.status !== query.status) continue;
      if (query.state !== undefined && record.state !== query.state) continue;
      if (words.every((word) => describe(record).includes(word))) found.push(record);
    }
    return this.#ranked(found, Math.max(0, limit)).map(({ record }) => record);
  }

  #ranked(records: Iterable<AgentRecord>, limit = Infinity): Candidate[] {
    const compare = (a: Candidate, b: Candidate): number => this.#compare(a, b);
    if (limit > communicationLimits.bestKept.value) {
      const all = Array.from(records, (record) => this.#candidate(record));
      return all.sort(compare).slice(0, limit);
    }
    const best: Candidate[] = [];
    for (const record of records) {
      const candidate = this.#candidate(record);
      const last = best.at(-1);
      const full = best.length >= limit;
      if (full && (last === undefined || compare(last, candidate) < 0)) continue;
      if (full) best.pop();
      best.splice(placeOf(candidate, best, compare), 0, candidate);
    }
    return best;
  }

  #compare(a: Candidate, b: Candidate): number {
    return (
      a.rank - b.rank ||
      a.loadSeconds - b.loadSeconds ||
      this.#cpuPercent(a) - this.#cpuPercent(b) ||
      (a.record.agent.id < b.record.agent.id ? -1 : 1)
    );
  }

  #cpuPercent(candidate: Candidate): number {
    if (Number.isNaN(candidate.cpuPercent)) {
      candidate.cpuPercent = this.#recent(candidate.record, "cpu_usage")?.latest ?? 0;
    }
    return candidate.cpuPercent;
  }

  #candidate(record: AgentRecord): Candidate {
    const loadSeconds = this.#loadSeconds(record);
    return { record, rank: this.#rank(record), loadSeconds, cpuPercent: Number.NaN };
  }

  #loadSeconds(record: AgentRecord): number {
    const { engine, tasks } = this.#context;
    const { id } = record.agent;
    const pieces = (engine.mailbox(id)?.messages ?? 0) + tasks.ownCount(id);
    if (pieces === 0) return 0;
    const took = this.#recent(record, "task_duration") ?? this.#recent(record, "response_time");
    return pieces * Math.max(took?.avg ?? 1, 0.001);
  }

  #recent(record: AgentRecord, metric: string): RecentStatistics | undefined {
    const { namespace, telemetry } = this.#context;
    return telemetry.recent(namespace, record.agent.id, metric)[metric];
  }

  #rank(record: AgentRecord): number {
    if (record.agent.quarantined !== null) return AWAY + 1;
    if (!this.#presence.isOnline(record)) return AWAY;
    if (record.state === "stuck") return 2;
    const { status } = record.agent;
    return status === "error" || status === "maintenance" ? 1 : 0;
  }
}

/** Where a candidate belongs among sorted ones. */
function placeOf(
  candidate: Candidate,
  sorted: readonly Candidate[],
  compare: (a: Candidate, b: Candidate) => number,
): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    if (other !== undefined && compare(other, candidate) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function describe({ agent }: AgentRecord): string {
  return [agent.id, agent.name, agent.kind, ...agent.capabilities].join(" ").toLowerCase();
}
