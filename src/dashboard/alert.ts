// What an alert is. One alert is one thing that is wrong, from the moment it was raised until it
// was resolved; what repeats meanwhile is counted, not raised again.

import type { JsonObject } from "../core/index.ts";

/** How bad it is. */
export const AlertLevel = {
  /** Informational messages and status updates. */
  Info: "info",
  /** Performance degradation or resource pressure. */
  Warning: "warning",
  /** System errors or service failures. */
  Error: "error",
  /** System-wide issues that need someone at once. */
  Critical: "critical",
} as const;
export type AlertLevel = (typeof AlertLevel)[keyof typeof AlertLevel];

/** Who has taken an alert on. */
export interface Acknowledgement {
  /** Principal, or the name the person gave. */
  readonly owner: string;
  readonly note: string;
  readonly atMs: number;
}

/** One alert. */
export interface Alert {
  readonly id: string;
  readonly namespace: string;
  /** What makes two alerts the same: rule and subject, such as `service_failing:search`. */
  readonly key: string;
  /** The rule that raised it; `manual` for addAlert(). */
  readonly rule: string;
  readonly level: AlertLevel;
  /** Subject, verb, number: "search answers 62% of calls with errors". */
  readonly message: string;
  /** What it is about or who said so: `agent:worker-1`, `service:search`, `system_monitor`. */
  readonly source: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: JsonObject;
  readonly agentIds: readonly string[];
  /** Trace of a call, message or task that shows it; null when none does. */
  readonly traceId: string | null;
  /** What was measured, and the threshold it crossed; null where there is none. */
  readonly value: number | null;
  readonly threshold: number | null;
  readonly state: "firing" | "resolved";
  readonly startsAtMs: number;
  readonly updatedAtMs: number;
  readonly endsAtMs: number | null;
  /** Times it was seen or said again while it was firing; 1 at first. */
  readonly count: number;
  /** Times it was raised again because it got worse; an acknowledgement ends with each. */
  readonly raised: number;
  readonly acknowledged: Acknowledgement | null;
  /** When the webhook's receiver took the news last; null: not yet, or not since it got worse. */
  readonly notifiedAtMs: number | null;
}

/** Which alerts to find; firing first, then newest. */
export interface AlertQuery {
  /** The last alert of the page before: only what follows it in the order is given. */
  readonly after?: AlertPlace;
  readonly state?: Alert["state"];
  readonly level?: AlertLevel;
  readonly agentId?: string;
  readonly rule?: string;
  readonly source?: string;
  readonly traceId?: string;
  readonly acknowledged?: boolean;
  /** Part of the message. */
  readonly text?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}

/** What of an alert decides its place: firing first, then the newest. */
export type AlertPlace = Pick<Alert, "id" | "state" | "startsAtMs">;

/** How much to keep; alerts that fire are never dropped. */
export interface AlertRetention {
  /** Alerts resolved before may go. */
  readonly beforeMs: number;
  /** Newest resolved alerts kept. */
  readonly keep: number;
}

/** Durable storage of alerts. A promise resolves when the change survives a crash. */
export interface AlertStore {
  /** Writes or replaces rows by id. */
  putAlerts(namespace: string, alerts: readonly Alert[]): Promise<void>;
  alerts(namespace: string, query: AlertQuery): Promise<readonly Alert[]>;
  alert(namespace: string, id: string): Promise<Alert | undefined>;
  pruneAlerts(namespace: string, retention: AlertRetention): Promise<{ readonly alerts: number }>;
}
