// When more is wrong than anybody can read, one alert says how much more there is, and what the
// worst of it is. What is said and does not find room waits here, and fires when there is room.

import type { Alert, AlertLevel } from "./alert.ts";
import { AlertRoom } from "./alert-room.ts";
import type { Finding } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";

/** Key and rule of the alert that counts the others. */
export const FLOOD_RULE = "alert_flood";

const WORST_FIRST = ["critical", "error", "warning", "info"] as const;
/** Characters of the worst one's message that the flood's words repeat. */
const WORDS = 200;

/** Alerts that wait for room; what was said of them is stored like any alert. */
export class AlertFlood {
  /** Said by somebody, so they would be gone if they were not kept; by key, oldest first. */
  readonly #waiting: Readonly<Record<AlertLevel, Map<string, Alert>>> = {
    info: new Map(),
    warning: new Map(),
    error: new Map(),
    critical: new Map(),
  };
  readonly #ids = new Map<string, string>();
  readonly #count = new AlertRoom(dashboardLimits.alertsWaiting.value);
  readonly #bytes = new AlertRoom(dashboardLimits.alertsWaitingBytes.value);
  /** Found by rules, which find them again at every refresh. */
  #found: readonly Finding[] = [];
  /** Times that even this had no room, since the flood began. */
  #refused = 0;

  /** Alerts that do not fire for lack of room. */
  get size(): number {
    return this.#ids.size + this.#found.length;
  }

  hasRoomFor(alert: Alert): boolean {
    return this.#count.hasFor(alert) && this.#bytes.hasFor(alert, bytesOf(alert));
  }

  /** Keeps an alert, in place of the one of its key. */
  hold(alert: Alert): void {
    this.#waiting[alert.level].set(alert.key, alert);
    this.#ids.set(alert.id, alert.key);
    this.#count.set(alert.key, alert);
    this.#bytes.set(alert.key, alert, bytesOf(alert));
  }

  /** Counts one that was turned away. */
  refuse(): void {
    this.#refused += 1;
  }

  delete(alert: Alert): void {
    this.#waiting[alert.level].delete(alert.key);
    this.#ids.delete(alert.id);
    this.#count.delete(alert.key);
    this.#bytes.delete(alert.key);
  }

  byKey(key: string): Alert | undefined {
    for (const level of WORST_FIRST) {
      const alert = this.#waiting[level].get(key);
      if (alert !== undefined) return alert;
    }
    return undefined;
  }

  byId(id: string): Alert | undefined {
    const key = this.#ids.get(id);
    return key === undefined ? undefined : this.byKey(key);
  }

  /** Those that wait, the worst first, then the one that was said first. */
  worstFirst(): readonly Alert[] {
    return WORST_FIRST.flatMap((level) => [...this.#waiting[level].values()]);
  }

  /** Replaces what rules found and had no room for, worst first. */
  setFound(findings: readonly Finding[]): void {
    this.#found = findings;
  }

  /** The alert about the rest; undefined, and counting from none again, when nothing waits. */
  finding(): Finding | undefined {
    const worst = this.#worst();
    if (worst === undefined) {
      this.#refused = 0;
      return undefined;
    }
    const more = this.size;
    const waiting = { info: 0, warning: 0, error: 0, critical: 0 };
    for (const level of WORST_FIRST) waiting[level] = this.#waiting[level].size;
    for (const { level } of this.#found) waiting[level] += 1;
    const refused = this.#refused === 0 ? "" : `, ${this.#refused} refused`;
    const words =
      worst.message.length > WORDS ? `${worst.message.slice(0, WORDS)}…` : worst.message;
    return {
      key: FLOOD_RULE,
      rule: FLOOD_RULE,
      // A flood is a warning at least.
      level: worst.level === "info" ? "warning" : worst.level,
      message: `alert flood: ${more} more ${more === 1 ? "alert" : "alerts"}${refused}, the worst: ${words}`,
      source: "dashboard",
      labels: {},
      context: { waiting, refused: this.#refused },
      agentIds: [],
      traceId: null,
      value: more,
      threshold: null,
      forMs: 0,
      keepFiringForMs: 0,
    };
  }

  #worst(): Pick<Alert, "level" | "message"> | undefined {
    for (const level of WORST_FIRST) {
      const [said] = this.#waiting[level].values();
      const worst = said ?? this.#found.find((finding) => finding.level === level);
      if (worst !== undefined) return worst;
    }
    return undefined;
  }
}

function bytesOf(alert: Alert): number {
  return Buffer.byteLength(JSON.stringify(alert));
}
