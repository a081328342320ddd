// Who is registered, and who can do what. Each agent has one record that also carries the signals
// presence is judged by, so that nothing is looked up twice on a hot path.

import { nearMatches } from "../core/index.ts";
import type { SeriesHandle } from "../core/index.ts";
import { CommunicationError } from "./errors.ts";
import { communicationLimits } from "./limits.ts";
import type { Agent, AgentState, ProcessUsage } from "./model.ts";
import type { AgentCommand } from "./requests.ts";

/** Metrics of one agent, opened when first used. */
export type AgentSeries = Map<string, SeriesHandle>;

/** One agent with its signals. Instants ending in `AtMs` are wall time, others monotonic. */
export interface AgentRecord {
  agent: Agent;
  /** It has shown life by itself before, so silence means something. */
  expectsLife: boolean;
  lastLifeMs: number;
  lastHeartbeatAtMs: number | null;
  lastOutputAtMs: number | null;
  /** On the agent's active clock, which stands still while it is held; null when never. */
  lastOutputActiveMs: number | null;
  /** Since when it has held work without a break, on the active clock. */
  workSinceActiveMs: number;
  /** When it was last let go on; unattended mail counts from there. */
  resumedMs: number;
  process: ProcessUsage | null;
  exitCode: number | null;
  left: boolean;
  /** Waiting claims: a line held open is a sign of life. */
  waitingClaims: number;
  heldSinceMs: number | null;
  heldTotalMs: number;
  commands: AgentCommand[];
  readonly series: AgentSeries;
  /** The state last recorded; null before the first. */
  state: AgentState | null;
  stateSinceAtMs: number;
  cycle: readonly string[];
  /** When the state is judged again at the latest, monotonic; Infinity when not queued. */
  dueMs: number;
}

/** The agents of one namespace. */
export class AgentRegistry {
  readonly #records = new Map<string, AgentRecord>();
  readonly #byCapability = new Map<string, Set<AgentRecord>>();

  get size(): number {
    return this.#records.size;
  }

  get(agentId: string): AgentRecord | undefined {
    return this.#records.get(agentId);
  }

  /** @throws CommunicationError with near matches when there is no such agent. */
  require(
    agentId: string,
    code: "communication.agent_unknown" | "communication.recipient_unknown",
  ): AgentRecord {
    const record = this.#records.get(agentId);
    if (record !== undefined) return record;
    const matches = nearMatches(agentId, this.#candidates(agentId));
    const hint = matches.length === 0 ? "" : `; did you mean "${matches.join('", "')}"?`;
    const what = code === "communication.agent_unknown" ? "agent" : "recipient";
    throw new CommunicationError(code, `There is no ${what} "${agentId}"${hint}`, {
      details: { agentId, nearMatches: matches },
    });
  }

  /** @throws CommunicationError when what this agent puts out is not to be taken. */
  refuseQuarantined(agentId: string): void {
    const hold = this.#records.get(agentId)?.agent.quarantined ?? null;
    if (hold === null) return;
    const why = hold.reason === "" ? "" : `: ${hold.reason}`;
    const message = `Agent "${agentId}" is quarantined by ${hold.by}${why}`;
    throw new CommunicationError("communication.agent_quarantined", message, {
      details: { agentId, ...hold },
    });
  }

  /** Adds an agent, or replaces what it registered. */
  put(agent: Agent, nowMs: number): AgentRecord {
    const known = this.#records.get(agent.id);
    if (known !== undefined) {
      this.#unindex(known);
      known.agent = agent;
      this.#index(known);
      return known;
    }
    const record = newRecord(agent, nowMs);
    this.#records.set(agent.id, record);
    this.#index(record);
    return record;
  }

  remove(agentId: string): void {
    const record = this.#records.get(agentId);
    if (record === undefined) return;
    this.#unindex(record);
    this.#records.delete(agentId);
  }

  all(): IterableIterator<AgentRecord> {
    return this.#records.values();
  }

  withCapability(capability: string): Iterable<AgentRecord> {
    return this.#byCapability.get(capability) ?? [];
  }

  /** Ids alike enough to be worth a closer look: a single typo leaves one half of the id whole. */
  *#candidates(wanted: string): Generator<string> {
    if (wanted.length > 128) return;
    const half = Math.floor(wanted.length / 2);
    const [head, tail] = [wanted.slice(0, half), wanted.slice(half)];
    const most = communicationLimits.nearMatchSearch.value;
    let looked = 0;
    for (const id of this.#records.keys()) {
      if (Math.abs(id.length - wanted.length) > 2) continue;
      const alike = this.#records.size <= most || id.startsWith(head) || id.endsWith(tail);
      if (!alike) continue;
      yield id;
      if (++looked >= most) return;
    }
  }

  #index(record: AgentRecord): void {
    for (const capability of record.agent.capabilities) {
      const same = this.#byCapability.get(capability);
      if (same === undefined) this.#byCapability.set(capability, new Set([record]));
      else same.add(record);
    }
  }

  #unindex(record: AgentRecord): void {
    for (const capability of record.agent.capabilities) {
      const same = this.#byCapability.get(capability);
      same?.delete(record);
      if (same?.size === 0) this.#byCapability.delete(capability);
    }
  }
}

/** True while somebody holds the agent back: its mailbox hands out nothing. */
export function isHeld(agent: Agent): boolean {
  return agent.paused !== null || agent.quarantined !== null;
}

/** The agent's own time: monotonic time without what it spent paused or quarantined. */
export function activeClock(record: AgentRecord, nowMs: number): number {
  const heldMs = record.heldSinceMs === null ? 0 : nowMs - record.heldSinceMs;
  return nowMs - record.heldTotalMs - heldMs;
}

function newRecord(agent: Agent, nowMs: number): AgentRecord {
  return {
    agent,
    expectsLife: false,
    lastLifeMs: nowMs,
    lastHeartbeatAtMs: null,
    lastOutputAtMs: null,
    lastOutputActiveMs: null,
    workSinceActiveMs: nowMs,
    resumedMs: nowMs,
    process: null,
    exitCode: null,
    left: false,
    waitingClaims: 0,
    heldSinceMs: isHeld(agent) ? nowMs : null,
    heldTotalMs: 0,
    commands: [],
    series: new Map(),
    state: null,
    stateSinceAtMs: agent.registeredAtMs,
    cycle: [],
    dueMs: Infinity,
  };
}
