// What the pages show, computed on the server so that every page, the CLI and an export agree.

import type { AgentState } from "../communication/index.ts";

import type { Acknowledgement, AlertLevel } from "./alert.ts";

/** What an agent's tile shows. */
export interface AgentTile {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: AgentState;
  readonly sinceMs: number;
  readonly reason: string;
  /** Whether it is down because it ended well, with nothing left behind. */
  readonly left: boolean;
  /** Title of the work it holds; null when it holds none. */
  readonly task: string | null;
  readonly taskSinceMs: number | null;
  readonly paused: boolean;
  /** Held by a person: it works, sends and measures nothing until it is released. */
  readonly quarantined: boolean;
  /** What the agent says of itself. */
  readonly status: string;
  /** Dollars since the current state began; null when the agent reports no cost. */
  readonly costUsd: number | null;
}

/** What a person can do about a cause. */
export interface CauseAction {
  readonly kind:
    | "pause"
    | "resume"
    | "restart"
    | "open"
    | "release"
    | "acknowledge"
    | "open_service";
  readonly agentIds: readonly string[];
  /** The service that `open_service` opens. */
  readonly serviceId?: string;
}

/** One row of "Needs you": one per cause, not per agent. */
export interface Cause {
  /** Stable while the cause lasts. */
  readonly id: string;
  readonly kind:
    | "deadlock"
    | "stuck"
    | "down"
    | "dead_letters"
    | "operator_mail"
    | "error_status"
    | "paused"
    | "quarantined"
    | "service_failing"
    | "service_slow"
    | "inbox_backlog"
    | "alert";
  /** `info` needs nobody: it reminds of what a person did, and costs no health. */
  readonly level: "info" | "warning" | "error" | "critical";
  /** Subject, verb, number: "planner and reviewer wait on each other". */
  readonly text: string;
  readonly agentIds: readonly string[];
  readonly sinceMs: number;
  readonly costUsd: number | null;
  readonly actions: readonly CauseAction[];
  /** The alert that fires for it; null while it has not held long enough, and for reminders. */
  readonly alertId: string | null;
  /** Who has taken it on; null when nobody has. */
  readonly acknowledged: Acknowledgement | null;
}

/** A named deduction from the health score. */
export interface LostPoints {
  readonly points: number;
  readonly reason: string;
  readonly causeId: string | null;
}

/** 0 to 100, and where the missing points went. */
export interface HealthScore {
  readonly score: number;
  readonly lost: readonly LostPoints[];
}

/** Alerts that fire now. */
export interface AlertCounts {
  readonly firing: Readonly<Record<AlertLevel, number>>;
  /** Of those that fire, of any level. */
  readonly unacknowledged: number;
}

/** The gateway's services by status; all 0 where there is no gateway. */
export interface ServiceCounts {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
  readonly unhealthy: number;
  readonly unknown: number;
}

/** The top of the Overview. */
export interface OverviewSummary {
  readonly namespace: string;
  readonly atMs: number;
  /** "2 agents need you", "All 60 agents are fine", "No agent yet". */
  readonly headline: string;
  /** Each agent once, by state; those that ended well count as left, not as down. */
  readonly counts: Readonly<Record<AgentState | "left", number>> & {
    readonly total: number;
    readonly paused: number;
  };
  readonly costPerHourUsd: number | null;
  /** Failed of all settled tasks and deliveries in the last 5 minutes; null when there were none. */
  readonly errorRatio: number | null;
  readonly health: HealthScore;
  readonly causes: readonly Cause[];
  readonly alerts: AlertCounts;
  readonly services: ServiceCounts;
  readonly deadLetters: number;
  /** When the oldest message that nobody has claimed yet was accepted; null when none waits. */
  readonly oldestMailAtMs: number | null;
}

/** Which agents look different, and which are gone. */
export interface DashboardChange {
  readonly agentIds: ReadonlySet<string>;
  readonly removed: readonly string[];
}

/** One line of the events feed. */
export interface FeedEvent {
  /** Strictly increasing; the stream resumes after it. */
  readonly id: number;
  readonly atMs: number;
  readonly kind:
    | "joined"
    | "left"
    | "state"
    | "paused"
    | "resumed"
    | "restarted"
    | "dead_letter"
    | "message"
    | "cause"
    | "cause_resolved"
    | "server"
    | "alert"
    | "alert_resolved"
    | "alert_acknowledged"
    | "quarantined"
    | "released"
    | "service";
  readonly level: "info" | "warning" | "error" | "critical";
  readonly agentId: string | null;
  readonly text: string;
}
