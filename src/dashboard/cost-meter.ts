// Answers "what did this agent cost since 12:04?" at once, from a day of per-minute sums. The
// tracker keeps the samples; this is the small index that a live page can ask every second.

import { dashboardLimits } from "./limits.ts";

const MINUTE_MS = 60_000;

/** The metric agents record their spending under, in US dollars per event. */
export const COST_METRIC = "cost_usd";

interface MinuteCost {
  readonly minuteMs: number;
  usd: number;
}

/** Per-minute cost of each agent over the last day. */
export class CostMeter {
  readonly #agents = new Map<string, MinuteCost[]>();
  #firstAtMs = Number.POSITIVE_INFINITY;
  /** Of all agents, by minute, so that the rate of a large fleet costs nothing to tell. */
  readonly #total = new Map<number, number>();

  /** Adds `usd` dollars that `agentId` spent at `atMs`. */
  add(agentId: string, atMs: number, usd: number): void {
    this.#firstAtMs = Math.min(this.#firstAtMs, atMs);
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    let minutes = this.#agents.get(agentId);
    if (minutes === undefined) this.#agents.set(agentId, (minutes = []));
    let index = minutes.length;
    while (index > 0 && (minutes[index - 1]?.minuteMs ?? 0) > minuteMs) index--;
    const existing = minutes[index - 1];
    if (existing?.minuteMs === minuteMs) existing.usd += usd;
    else minutes.splice(index, 0, { minuteMs, usd });
    if (minutes.length > dashboardLimits.costMinutesPerAgent.value) minutes.shift();
    this.#addTotal(minuteMs, usd);
  }

  /**
   * Dollars spent since the minute that holds `sinceMs`, at most a day back; null when the agent
   * never reported a cost.
   */
  since(agentId: string, sinceMs: number): number | null {
    const minutes = this.#agents.get(agentId);
    if (minutes === undefined) return null;
    const firstMs = Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS;
    let usd = 0;
    for (let index = minutes.length - 1; index >= 0; index--) {
      const minute = minutes[index];
      if (minute === undefined || minute.minuteMs < firstMs) break;
      usd += minute.usd;
    }
    return usd;
  }

  /**
   * Dollars per hour over all agents, from the last `windowMs` or, in its beginning, from the time
   * since the first cost (at least a minute); null when nothing was reported.
   */
  perHour(nowMs: number, windowMs = 15 * MINUTE_MS): number | null {
    if (this.#agents.size === 0) return null;
    const firstMs = Math.floor((nowMs - windowMs) / MINUTE_MS) * MINUTE_MS;
    let usd = 0;
    for (const [minuteMs, minuteUsd] of this.#total) if (minuteMs >= firstMs) usd += minuteUsd;
    const ranMs = Math.min(windowMs, Math.max(MINUTE_MS, nowMs - this.#firstAtMs));
    return (usd * 3_600_000) / ranMs;
  }

  /** Forgets one agent. */
  forget(agentId: string): void {
    for (const { minuteMs, usd } of this.#agents.get(agentId) ?? []) {
      if (this.#total.has(minuteMs)) this.#addTotal(minuteMs, -usd);
    }
    this.#agents.delete(agentId);
  }

  #addTotal(minuteMs: number, usd: number): void {
    const known = this.#total.get(minuteMs);
    this.#total.set(minuteMs, (known ?? 0) + usd);
    if (known !== undefined || this.#total.size <= dashboardLimits.costMinutesPerAgent.value)
      return;
    this.#total.delete(Math.min(...this.#total.keys()));
  }
}
