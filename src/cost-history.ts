// The cost meter answers from memory; after a start its last day comes from the series, hour by
// hour and in the background: a fleet's day is a long read, and no reason to start late or not at
// all. Until an hour has been read, what is recorded late for it is left to that read.

import { systemClock } from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import { COST_METRIC } from "./dashboard/index.ts";
import type { CostMeter } from "./dashboard/index.ts";
import type { PerformanceTracker, Sample } from "./tracker/index.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HISTORY_MS = 24 * HOUR_MS;

/** What a history is read from, and into. */
export interface CostHistoryParts {
  readonly namespace: string;
  readonly tracker: PerformanceTracker;
  readonly costs: CostMeter;
  readonly log: ComponentLog;
}

/** Fills one namespace's cost meter. */
export class CostHistory {
  readonly #parts: CostHistoryParts;
  readonly #stopping = new AbortController();
  /** Costs from the one until before the other are still to be read. */
  #beginMs = 0;
  #unreadUntilMs = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(parts: CostHistoryParts) {
    this.#parts = parts;
  }

  /** Reads the minute that runs, from memory; the day before it follows by itself. */
  async start(): Promise<void> {
    const nowMs = systemClock.now();
    const minuteMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    this.#beginMs = minuteMs - HISTORY_MS;
    this.#unreadUntilMs = minuteMs;
    await this.#attempt(() => this.#read(minuteMs, nowMs));
    this.#reading = this.#attempt(() => this.#readDay());
  }

  /** Ends the read; resolves when nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reading;
  }

  /** Resolves when the day is there, or could not be read. */
  done(): Promise<void> {
    return this.#reading;
  }

  /** Counts a cost that was recorded just now. */
  note({ metric, agentId, atMs, value }: Sample): void {
    if (metric !== COST_METRIC || agentId === null) return;
    if (atMs >= this.#beginMs && atMs < this.#unreadUntilMs) return;
    this.#parts.costs.add(agentId, atMs, value);
  }

  async #readDay(): Promise<void> {
    // The newest first: what a fleet spends now is asked for most.
    while (this.#unreadUntilMs > this.#beginMs && !this.#stopping.signal.aborted) {
      const toMs = this.#unreadUntilMs;
      this.#unreadUntilMs = Math.max(this.#beginMs, toMs - HOUR_MS);
      await this.#read(this.#unreadUntilMs, toMs);
    }
  }

  async #read(fromMs: number, toMs: number): Promise<void> {
    const { tracker, costs } = this.#parts;
    const series = await tracker.getSeries({
      metric: COST_METRIC,
      fromMs,
      toMs,
      stepMs: MINUTE_MS,
      aggregation: "sum",
      groupBy: "agent",
    });
    for (const { agentId, points } of series) {
      if (agentId === null) continue;
      for (const [atMs, usd] of points) costs.add(agentId, atMs, usd);
    }
  }

  /** A day of costs less is no reason to stop a namespace, or not to start it. */
  async #attempt(read: () => Promise<void>): Promise<void> {
    const { log, namespace } = this.#parts;
    try {
      await read();
    } catch (error) {
      this.#unreadUntilMs = this.#beginMs;
      if (!this.#stopping.signal.aborted) log.warn("exchange.costs_unread", { namespace, error });
    }
  }
}
