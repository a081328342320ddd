// Minutes of a metric over all agents, kept once they have been merged: a chart that is drawn
// again every few seconds reads each minute of a large fleet once. A minute is kept only when it
// is over and wholly in the store, and forgotten whenever the store gets a row of it.

import { trackerLimits } from "./limits.ts";
import { DistributionSketch } from "./sketch.ts";
import type { MinuteRow } from "./series.ts";
import type { MergedRow } from "./store.ts";

/** Merged minutes in memory. */
export class MergedMinutes {
  /** By metric and minute; null where a minute has no samples. */
  readonly #metrics = new Map<string, Map<number, MinuteRow | null>>();
  #size = 0;
  /** Changes whenever something is forgotten: what was read before may be old. */
  version = 0;

  get size(): number {
    return this.#size;
  }

  /** The merged minute; null when it is known to be empty, undefined when nothing is known. */
  get(metric: string, minuteMs: number): MinuteRow | null | undefined {
    return this.#metrics.get(metric)?.get(minuteMs);
  }

  set(metric: string, minuteMs: number, row: MinuteRow | null): void {
    if (this.#size >= trackerLimits.mergedMinutes.value) this.clear();
    let minutes = this.#metrics.get(metric);
    if (minutes === undefined) this.#metrics.set(metric, (minutes = new Map()));
    if (!minutes.has(minuteMs)) this.#size += 1;
    minutes.set(minuteMs, row);
  }

  /** Forgets these minutes of all metrics. */
  forget(minutesMs: Iterable<number>): void {
    this.version += 1;
    for (const minuteMs of new Set(minutesMs)) {
      for (const minutes of this.#metrics.values()) {
        if (minutes.delete(minuteMs)) this.#size -= 1;
      }
    }
  }

  clear(): void {
    this.#metrics.clear();
    this.#size = 0;
  }
}

/** A merged row in the form that charts and summaries take; it belongs to no agent. */
export function rowOf({ metric, startMs, last, lastAtMs, sketch }: MergedRow): MinuteRow {
  const identity = { metric, agentId: null, labels: {}, context: {}, labelsKey: "" };
  const merged = DistributionSketch.deserialize(sketch);
  return { identity, minuteMs: startMs, sketch: merged, last, lastAtMs };
}
