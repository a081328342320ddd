// The minutes that are in memory: open ones (in their series), closed ones that wait for the
// store, and additions to minutes that were over when their samples came.
//
// A row in the store is replaced as a whole, so an open minute must begin with what the store
// already has of it: after a restart within the minute, or when a forgotten agent comes back
// (`bases`). Additions to older minutes are read, merged and written at the flush (`late`).

import { trackerLimits } from "./limits.ts";
import { MINUTE_MS, minuteKey, minuteOf, toAggregate } from "./series.ts";
import type { MinuteRow, Series, SeriesIdentity } from "./series.ts";
import { labelsKey } from "./labels.ts";
import { DistributionSketch } from "./sketch.ts";
import type { MinuteAggregate } from "./store.ts";

/** Rows to write, and how many of which list they took. */
export interface TakenRows {
  readonly rows: readonly MinuteAggregate[];
  readonly closedCount: number;
  readonly openCount: number;
}

/** Minutes on their way to the store. */
export class MinuteBuffer {
  #closed: MinuteRow[] = [];
  #dirty: Series[] = [];
  #late = new Map<string, MinuteRow>();
  #bases = new Map<string, MinuteRow>();
  /** Late rows are at the caller's, between takeLate() and lateDone(). */
  #lateTaken = false;
  /** Rows handed to the store and not acknowledged. */
  #inFlight: readonly MinuteAggregate[] = [];
  /** The latest minute the wall clock has shown; the clock may be set back, this is not. */
  #latestMinuteMs: number;
  /** Samples whose minute was given up because too many waited. */
  shedSamples = 0;

  /** @param nowMs the time from which {@link addBase} will be told what is stored. */
  constructor(nowMs: number) {
    this.#latestMinuteMs = minuteOf(nowMs);
  }

  /** The latest minute the wall clock has shown, `nowMs` included. */
  latestMinute(nowMs: number): number {
    const minuteMs = minuteOf(nowMs);
    if (minuteMs > this.#latestMinuteMs) this.#latestMinuteMs = minuteMs;
    return this.#latestMinuteMs;
  }

  /** Says that the open minute of `series` has something new. */
  markDirty(series: Series): void {
    series.dirty = true;
    this.#dirty.push(series);
  }

  /**
   * Makes the minute of `atMs` the open one; false when it is over and its row may already be in
   * the store, so that the sample must go to {@link addLate}.
   */
  openMinute(series: Series, atMs: number, nowMs: number): boolean {
    const minuteMs = minuteOf(atMs);
    if (minuteMs < series.minuteMs) return false;
    if (minuteMs < this.latestMinute(nowMs) && minuteMs <= series.floorMs) return false;
    if (series.minuteMs >= 0) this.#leaveMinute(series);
    series.minuteMs = minuteMs;
    series.minuteEndMs = minuteMs + MINUTE_MS;
    if (this.#bases.size > 0) this.#beginWithBase(series);
    return true;
  }

  /** Adds a sample to a minute that is over. */
  addLate(series: Series, value: number, atMs: number): void {
    const minuteMs = minuteOf(atMs);
    const key = minuteKey(series.identity, minuteMs);
    let row = this.#late.get(key);
    if (row === undefined) {
      if (this.#late.size >= trackerLimits.lateMinutes.value) {
        this.shedSamples++;
        return;
      }
      const { identity } = series;
      row = { identity, minuteMs, sketch: new DistributionSketch(), last: value, lastAtMs: atMs };
      this.#late.set(key, row);
    }
    row.sketch.accept(value);
    if (atMs >= row.lastAtMs) {
      row.last = value;
      row.lastAtMs = atMs;
    }
  }

  /** Gives what a released series holds to the store and to the series that may follow it. */
  release(series: Series): void {
    if (series.minuteMs < 0) return;
    const row = { ...series.openRow(), sketch: series.sketch.clone() };
    if (series.dirty) this.#pushClosed(series.openRow());
    this.#bases.set(minuteKey(row.identity, row.minuteMs), row);
    series.dirty = false;
    series.minuteMs = -1;
    series.minuteEndMs = -1;
  }

  /** Takes a row found in the store at the start; `series` is the one that exists already. */
  addBase(aggregate: MinuteAggregate, series: Series | undefined): void {
    const row = toRow(aggregate);
    const key = minuteKey(row.identity, row.minuteMs);
    // Whatever was recorded of this minute before the store was read began without it.
    for (const waiting of this.#closed) {
      if (minuteKey(waiting.identity, waiting.minuteMs) === key) mergeRow(waiting, row);
    }
    const base = this.#bases.get(key);
    if (base !== undefined) mergeRow(base, row);
    else if (series?.minuteMs === row.minuteMs) mergeInto(series, row);
    else this.#bases.set(key, row);
  }

  /** Forgets bases of minutes that are over. */
  dropBases(nowMs: number): void {
    const latestMs = this.latestMinute(nowMs);
    for (const [key, row] of this.#bases) if (row.minuteMs < latestMs) this.#bases.delete(key);
  }

  get closedCount(): number {
    return this.#closed.length;
  }

  /** Some additions to minutes that are over have not reached the store. */
  get hasLate(): boolean {
    return this.#late.size > 0 || this.#lateTaken;
  }

  /** The next rows to write: closed minutes first, then up to `openMost` open ones. */
  take(most: number, openMost: number): TakenRows {
    const closed = this.#closed.splice(0, most);
    const rows = closed.map(toAggregate);
    const open = this.#dirty.splice(0, Math.min(most - rows.length, openMost));
    for (const series of open) {
      // Released since: its row went with the closed ones.
      if (!series.dirty) continue;
      series.dirty = false;
      rows.push(toAggregate(series.openRow()));
    }
    this.#inFlight = rows;
    return { rows, closedCount: closed.length, openCount: open.length };
  }

  get dirtyCount(): number {
    return this.#dirty.length;
  }

  /** The rows taken were written. */
  acknowledge(): void {
    this.#inFlight = [];
  }

  /** The rows taken were not written: they go again, unless the series has more by now. */
  giveBack(find: (row: MinuteRow) => Series | undefined): void {
    const rows = this.#inFlight.map((row) => toRow(row));
    this.#inFlight = [];
    const closed: MinuteRow[] = [];
    for (const row of rows) {
      const series = find(row);
      if (series === undefined || series.minuteMs !== row.minuteMs) closed.push(row);
      else if (!series.dirty) this.markDirty(series);
    }
    this.#closed = [...closed, ...this.#closed];
    this.#shedClosed();
  }

  /** The late additions so far; they are the caller's to write or to give back. */
  takeLate(): MinuteRow[] {
    const rows = [...this.#late.values()];
    this.#late = new Map();
    this.#lateTaken = rows.length > 0;
    return rows;
  }

  /** Ends what {@link takeLate} began. @param unwritten the rows that must be tried again. */
  lateDone(unwritten: readonly MinuteRow[]): void {
    this.#lateTaken = false;
    for (const row of unwritten) {
      const key = minuteKey(row.identity, row.minuteMs);
      const newer = this.#late.get(key);
      if (newer !== undefined) mergeRow(row, newer);
      this.#late.set(key, row);
    }
  }

  /** Copies of the rows that memory holds and the store may not, except open minutes. */
  *unwritten(): Generator<MinuteRow> {
    for (const aggregate of this.#inFlight) yield toRow(aggregate);
    yield* this.#closed;
  }

  /** True while the store may lack something of the minutes before `untilMs`. */
  hasUnwrittenBefore(untilMs: number): boolean {
    if (this.hasLate || this.#closed.some((row) => row.minuteMs < untilMs)) return true;
    if (this.#inFlight.some((row) => row.minuteMs < untilMs)) return true;
    return this.#dirty.some(({ dirty, minuteMs }) => dirty && minuteMs < untilMs);
  }

  /** What released series, or an earlier process, left of minutes from `fromMs` on. */
  *bases(fromMs: number): Generator<MinuteRow> {
    for (const row of this.#bases.values()) if (row.minuteMs >= fromMs) yield row;
  }

  #leaveMinute(series: Series): void {
    series.rememberMinute();
    if (!series.dirty) {
      series.sketch.clear();
      return;
    }
    this.#pushClosed(series.openRow());
    series.sketch = new DistributionSketch();
  }

  #pushClosed(row: MinuteRow): void {
    this.#closed.push(row);
    this.#shedClosed();
  }

  #shedClosed(): void {
    const excess = this.#closed.length - trackerLimits.pendingMinutes.value;
    if (excess <= 0) return;
    for (const row of this.#closed.splice(0, excess)) this.shedSamples += row.sketch.count;
  }

  #beginWithBase(series: Series): void {
    const key = minuteKey(series.identity, series.minuteMs);
    const base = this.#bases.get(key);
    if (base === undefined) return;
    this.#bases.delete(key);
    mergeInto(series, base);
  }
}

function mergeInto(series: Series, row: MinuteRow): void {
  series.sketch.merge(row.sketch);
  if (row.lastAtMs > series.lastAtMs) {
    series.last = row.last;
    series.lastAtMs = row.lastAtMs;
  }
}

/** Adds `from` to `into`. */
export function mergeRow(into: MinuteRow, from: MinuteRow): void {
  into.sketch.merge(from.sketch);
  if (from.lastAtMs >= into.lastAtMs) {
    into.last = from.last;
    into.lastAtMs = from.lastAtMs;
  }
}

/** What names the series of a stored row. */
export function identityOf({ metric, agentId, labels }: MinuteAggregate): SeriesIdentity {
  return { metric, agentId, labels, context: labels, labelsKey: labelsKey(labels) };
}

/** A stored row, ready to be merged. */
export function toRow(aggregate: MinuteAggregate, identity = identityOf(aggregate)): MinuteRow {
  const { minuteMs, last, lastAtMs } = aggregate;
  const sketch = DistributionSketch.deserialize(aggregate.sketch);
  return { identity, minuteMs, sketch, last, lastAtMs };
}
