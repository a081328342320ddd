// Finding agents: whoever is there and has the least to do comes first.

import type { AgentRecord } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { AgentQuery } from "./requests.ts";

interface Candidate {
  readonly record: AgentRecord;
  /** 0 there and well, 1 in error or maintenance, 2 stuck, 3 away or paused. */
  readonly rank: number;
  /** Work in hand and waiting, times how long one piece takes it. */
  readonly loadSeconds: number;
  readonly cpuPercent: number;
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
    return this.#ranked(found)
      .slice(0, Math.max(0, limit))
      .map(({ record }) => record);
  }

  #ranked(records: Iterable<AgentRecord>): Candidate[] {
    const candidates = Array.from(records, (record) => this.#candidate(record));
    return candidates.sort(
      (a, b) =>
        a.rank - b.rank ||
        a.loadSeconds - b.loadSeconds ||
        a.cpuPercent - b.cpuPercent ||
        (a.record.agent.id < b.record.agent.id ? -1 : 1),
    );
  }

  #candidate(record: AgentRecord): Candidate {
    const { engine, namespace, tasks, telemetry } = this.#context;
    const { id } = record.agent;
    const recent = telemetry.recent(namespace, id);
    const pieces = (engine.mailbox(id)?.messages ?? 0) + tasks.ownCount(id);
    const pieceSeconds = recent["task_duration"]?.avg ?? recent["response_time"]?.avg ?? 1;
    return {
      record,
      rank: this.#rank(record),
      loadSeconds: pieces * Math.max(pieceSeconds, 0.001),
      cpuPercent: recent["cpu_usage"]?.latest ?? 0,
    };
  }

  #rank(record: AgentRecord): number {
    if (!this.#presence.isOnline(record)) return AWAY;
    if (record.state === "stuck") return 2;
    const { status } = record.agent;
    return status === "error" || status === "maintenance" ? 1 : 0;
  }
}

function describe({ agent }: AgentRecord): string {
  return [agent.id, agent.name, agent.kind, ...agent.capabilities].join(" ").toLowerCase();
}
