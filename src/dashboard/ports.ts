// What the dashboard needs from the rest, so that it can be used with any fleet: views of agents
// now, what happens to them, and samples of cost.

import type { AgentState, AgentView, OperatorMail } from "../communication/index.ts";
import type { FeedEvent } from "./model.ts";

/** Something that happened in the fleet, as far as the dashboard cares. */
export type FleetEvent =
  /** Any change after which overview and tiles of these agents may look different. */
  | { readonly kind: "agents-changed"; readonly agentIds: readonly string[] }
  | { readonly kind: "agent-removed"; readonly agentId: string }
  /** A piece of work ended; feeds the error ratio. */
  | { readonly kind: "settled"; readonly failed: boolean }
  /** A line for people. */
  | {
      readonly kind: "feed";
      readonly feedKind: FeedEvent["kind"];
      readonly level: FeedEvent["level"];
      readonly agentId: string | null;
      readonly text: string;
    };

/** Dead letters that wait for someone. */
export interface DeadLetterCount {
  readonly count: number;
  /** When the first of them died; null when there are none. */
  readonly oldestAtMs: number | null;
}

/**
 * What the overview rests on. It is asked for every second, so a fleet works it out without a
 * view of every agent; `digestOf` makes one from views, for small fleets.
 */
export interface FleetDigest {
  readonly total: number;
  readonly counts: Readonly<StateCounts>;
  readonly paused: number;
  readonly quarantined: number;
  /** Agents that are stuck, down, paused, quarantined, in a circle of waits or in error. */
  readonly attention: readonly AgentView[];
  /** When the oldest message that nobody has claimed yet was accepted; null when none waits. */
  readonly oldestMailAtMs: number | null;
}

/** The fleet of one namespace. */
export interface FleetSource {
  agents(): readonly AgentView[];
  agentIds(): Iterable<string>;
  digest(): FleetDigest;
  agent(agentId: string): AgentView | undefined;
  /** Deliveries that are dead and have not been redriven. */
  deadLetters(): DeadLetterCount;
  /** Requests of agents that no person has answered. */
  operatorMail(): OperatorMail;
  onEvent(callback: (event: FleetEvent) => void): Disposable;
}

/** The machine the server runs on; null where it cannot be read. */
export interface HostUsage {
  /** 0 to 100, over all cores. */
  readonly cpuPercent: number;
  /** 0 to 100. */
  readonly memoryPercent: number;
}

/** Agents per state; those that ended well count as left, not as down. */
export type StateCounts = Record<AgentState | "left", number>;

/** One service of the gateway, as far as alerts and pages need it now. */
export interface ServiceDigest {
  readonly id: string;
  readonly name: string;
  readonly status: "healthy" | "degraded" | "unhealthy" | "unknown";
  readonly statusSinceMs: number;
  /** In words. */
  readonly reason: string;
  /** Over the last five minutes. */
  readonly recent: {
    readonly calls: number;
    readonly failed: number;
    readonly limited: number;
    readonly p50Seconds: number | null;
    readonly p95Seconds: number | null;
    readonly lastFailedTraceId: string | null;
  };
}

/** The services of one namespace. */
export interface ServiceSource {
  digests(): readonly ServiceDigest[];
}
