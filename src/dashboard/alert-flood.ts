// When more is wrong than anybody can read, one alert says how much more there is. What does not
// find room waits here, worst first, and fires when there is room again.

import type { AlertLevel } from "./alert.ts";
import { LEVEL_RANK } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";

/** Key and rule of the alert that counts the others. */
export const FLOOD_RULE = "alert_flood";

/** An alert that found no room, and how often it was said. */
export interface WaitingAlert {
  readonly finding: Finding;
  count: number;
}

/** Alerts that wait for room. */
export class AlertFlood {
  /** Said by somebody, so they would be gone if they were not kept; in order of arrival. */
  readonly #waiting = new Map<string, WaitingAlert>();
  readonly #byLevel: Record<AlertLevel, number> = { info: 0, warning: 0, error: 0, critical: 0 };
  /** Found by rules, which find them again at every refresh. */
  #found: readonly Finding[] = [];
  /** Said when even this was full, since the flood began. */
  #uncounted = 0;

  /** Alerts that do not fire for lack of room, and sayings that were only counted. */
  get size(): number {
    return this.#waiting.size + this.#found.length + this.#uncounted;
  }

  /** How often something was said that no alert counts yet. */
  get sayings(): number {
    let sayings = this.#uncounted;
    for (const { count } of this.#waiting.values()) sayings += count;
    return sayings;
  }

  /** @returns false when it could only be counted. */
  hold(finding: Finding): boolean {
    const waiting = this.#waiting.get(finding.key);
    if (waiting !== undefined) {
      waiting.count += 1;
      return true;
    }
    if (this.#waiting.size >= dashboardLimits.alertsWaiting.value) {
      this.#uncounted += 1;
      return false;
    }
    this.#waiting.set(finding.key, { finding, count: 1 });
    this.#byLevel[finding.level] += 1;
    return true;
  }

  /** Replaces what rules found and had no room for. */
  setFound(findings: readonly Finding[]): void {
    this.#found = findings;
  }

  /** Takes out the worst that wait, at most `room` of them. */
  take(room: number): readonly WaitingAlert[] {
    if (this.#waiting.size === 0 || room <= 0) return [];
    const worstFirst = [...this.#waiting.values()].sort(
      (a, b) => LEVEL_RANK[b.finding.level] - LEVEL_RANK[a.finding.level],
    );
    const taken = worstFirst.slice(0, room);
    for (const { finding } of taken) {
      this.#waiting.delete(finding.key);
      this.#byLevel[finding.level] -= 1;
    }
    return taken;
  }

  /** The alert about the rest; undefined, and counting from none again, when nothing waits. */
  finding(): Finding | undefined {
    if (this.#waiting.size + this.#found.length === 0) {
      this.#uncounted = 0;
      return undefined;
    }
    const more = this.size;
    const byLevel = { ...this.#byLevel };
    for (const { level } of this.#found) byLevel[level] += 1;
    return {
      key: FLOOD_RULE,
      rule: FLOOD_RULE,
      level: worstOf(byLevel),
      message: `alert flood: ${more} more ${more === 1 ? "alert" : "alerts"}`,
      source: "dashboard",
      labels: {},
      context: { waiting: byLevel, uncounted: this.#uncounted },
      agentIds: [],
      traceId: null,
      value: more,
      threshold: null,
      forMs: 0,
      keepFiringForMs: 0,
    };
  }
}

/** Something always waits when this is asked, and a flood is a warning at least. */
function worstOf(byLevel: Readonly<Record<AlertLevel, number>>): AlertLevel {
  if (byLevel.critical > 0) return "critical";
  return byLevel.error > 0 ? "error" : "warning";
}
