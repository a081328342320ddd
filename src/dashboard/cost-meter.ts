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

  /** Adds `usd` dollars that `agentId` spent at `atMs`. */
  add(agentId: string, atMs: number, usd: number): void {
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    let minutes = this.#agents.get(agentId);
    if (minutes === undefined) this.#agents.set(agentId, (minutes = []));
    let index = minutes.length;
    while (index > 0 && (minutes[index - 1]?.minuteMs ?? 0) > minuteMs) index--;
    const existing = minutes[index - 1];
    if (existing?.minuteMs === minuteMs) existing.usd += usd;
    else minutes.splice(index, 0, { minuteMs, usd });
    if (minutes.length > dashboardLimits.costMinutesPerAgent.value) minutes.shift();
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

  /** Dollars per hour over all agents, from the last `windowMs`; null when nothing was reported. */
  perHour(nowMs: number, windowMs = 15 * MINUTE_MS): number | null {
    if (this.#agents.size === 0) return null;
    let usd = 0;
    for (const agentId of this.#agents.keys()) usd += this.since(agentId, nowMs - windowMs) ?? 0;
    return (usd * 3_600_000) / windowMs;
  }

  /** Forgets one agent. */
  forget(agentId: string): void {
    this.#agents.delete(agentId);
  }
}
