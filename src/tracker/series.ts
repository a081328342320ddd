// One series in memory: its newest value and the minute it is in. The fields are written by the
// recorder on every sample, so they are plain and this class is not exported from the component.

import type { JsonObject, SeriesLabels } from "../core/index.ts";
import { trackerLimits } from "./limits.ts";
import { DistributionSketch } from "./sketch.ts";
import type { MinuteAggregate } from "./store.ts";

export const MINUTE_MS = 60_000;
const RECENT_MINUTES = trackerLimits.recentWindowMs.value / MINUTE_MS;

/** Start of the minute that `atMs` lies in. */
export function minuteOf(atMs: number): number {
  return atMs - (((atMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
}

/** What names a series inside one namespace. */
export interface SeriesIdentity {
  readonly metric: string;
  readonly agentId: string | null;
  readonly labels: SeriesLabels;
  /** The labels with numbers and booleans as given; shown as a sample's context. */
  readonly context: JsonObject;
  readonly labelsKey: string;
}

/** One minute of one series before it is written. */
export interface MinuteRow {
  readonly identity: SeriesIdentity;
  readonly minuteMs: number;
  readonly sketch: DistributionSketch;
  last: number;
  lastAtMs: number;
}

/** Count, sum, min and max of a minute that ended. */
export interface MinuteStatistics {
  readonly minuteMs: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** A series and its open minute. */
export class Series {
  readonly identity: SeriesIdentity;
  /** Start and end of the open minute; both -1 while there is none. */
  minuteMs = -1;
  minuteEndMs = -1;
  /** Everything recorded in the open minute. */
  sketch = new DistributionSketch();
  /** The newest value by time, and its time. */
  last = Number.NaN;
  lastAtMs = Number.NEGATIVE_INFINITY;
  /** The open minute holds something the store has not been given. */
  dirty = false;
  /** No longer in the table; handles must look their series up again. */
  released = false;
  /** Minutes up to this one may have a row in the store that this object did not write. */
  readonly floorMs: number;
  readonly recent: MinuteStatistics[] = [];

  constructor(identity: SeriesIdentity, floorMs: number) {
    this.identity = identity;
    this.floorMs = floorMs;
  }

  /** Remembers the open minute among the recent ones, before it is left. */
  rememberMinute(): void {
    const { count, sum, min, max } = this.sketch;
    this.recent.push({ minuteMs: this.minuteMs, count, sum, min, max });
    if (this.recent.length > RECENT_MINUTES) this.recent.shift();
  }

  /** The open minute as a row; its sketch is the live one. */
  openRow(): MinuteRow {
    const { identity, minuteMs, sketch, last, lastAtMs } = this;
    return { identity, minuteMs, sketch, last, lastAtMs };
  }
}

/** Text that is equal for the same series and minute, in one namespace. */
export function minuteKey(identity: SeriesIdentity, minuteMs: number): string {
  // Names hold no spaces, so the parts cannot run into each other.
  return `${minuteMs} ${identity.metric} ${identity.agentId ?? ""} ${identity.labelsKey}`;
}

/** A row in the form the store takes. */
export function toAggregate(row: MinuteRow): MinuteAggregate {
  const { identity, sketch } = row;
  return {
    metric: identity.metric,
    agentId: identity.agentId,
    labels: identity.labels,
    minuteMs: row.minuteMs,
    count: sketch.count,
    sum: sketch.sum,
    min: sketch.min,
    max: sketch.max,
    last: row.last,
    lastAtMs: row.lastAtMs,
    sketch: sketch.serialize(),
  };
}
