// Answers queries from memory and store together, each sample and each minute once.
//
// Raw samples: everything later than a boundary is in the ring, so the ring answers for what is
// after it and the store for what is not (after a flush, because the ring may hold unwritten
// older ones). Minutes: memory's rows are visited first and at once; a stored row of the same
// series and minute is older, or holds what was recorded since, and is passed over.

import type { Flusher } from "./flusher.ts";
import { unavailable } from "./flusher.ts";
import { identityOf, toRow } from "./minute-buffer.ts";
import type { MinuteBuffer } from "./minute-buffer.ts";
import type { Sample } from "./model.ts";
import type { SampleRing } from "./sample-ring.ts";
import { MINUTE_MS, minuteKey, minuteOf } from "./series.ts";
import type { MinuteRow } from "./series.ts";
import type { SeriesTable } from "./series-table.ts";
import type { SeriesStore } from "./store.ts";

const DAY_MS = 86_400_000;

/** What to read; absent fields do not restrict. Ranges: from inclusive, to exclusive. */
export interface ReadQuery {
  readonly metric?: string | undefined;
  readonly agentId?: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a {@link SeriesReader} reads from. */
export interface SeriesReaderParts {
  readonly namespace: string;
  readonly store: SeriesStore;
  /** False when raw samples live in the ring only. */
  readonly storeHasSamples: boolean;
  readonly ring: SampleRing;
  readonly minutes: MinuteBuffer;
  readonly table: SeriesTable;
  readonly flusher: Flusher;
}

/** Reads samples and minutes. */
export class SeriesReader {
  readonly #parts: SeriesReaderParts;

  constructor(parts: SeriesReaderParts) {
    this.#parts = parts;
  }

  /** Waits until what a restart needs has been read; {@link ringCovers} may be asked from then on. */
  async ready(): Promise<void> {
    await this.#parts.flusher.load();
  }

  /** True when the ring alone knows every sample since `fromMs`. */
  ringCovers(fromMs: number): boolean {
    const { ring, flusher } = this.#parts;
    return fromMs > ring.evictedMaxAtMs && fromMs > flusher.storedMaxAtMs;
  }

  /** The newest `limit` samples, newest first. */
  async samples(query: ReadQuery, limit: number): Promise<Sample[]> {
    const { namespace, store, storeHasSamples, flusher } = this.#parts;
    await this.ready();
    if (!storeHasSamples || this.ringCovers(query.fromMs)) return this.#fromRing(query, limit);
    const newest = this.#afterBoundary(query, limit);
    if (newest.samples.length >= limit) return newest.samples;
    await flusher.flush();
    // Both halves are cut at the same instant, chosen at the same moment.
    const { samples, cutMs } = this.#afterBoundary(query, limit);
    const toMs = Math.min(query.toMs, cutMs);
    if (samples.length >= limit || query.fromMs >= toMs) return samples;
    const { metric, agentId, fromMs } = query;
    try {
      const older = await store.samples(namespace, {
        ...(metric === undefined ? {} : { metric }),
        ...(agentId === undefined ? {} : { agentId }),
        fromMs,
        toMs,
        limit: limit - samples.length,
      });
      return [...samples, ...older];
    } catch (error) {
      throw unavailable("read", error);
    }
  }

  /** Calls `visit` for each sample the ring holds in the range. */
  scanRing(
    query: ReadQuery,
    visit: (metric: string, agentId: string | null, value: number, atMs: number) => void,
  ): void {
    this.#parts.ring.scan((series, value, atMs) => {
      const { metric, agentId } = series.identity;
      if (matches(query, metric, agentId, atMs)) visit(metric, agentId, value, atMs);
    });
  }

  /**
   * Calls `visit` for each minute that begins in the range; `fromMs` is rounded down to a minute.
   * A row's sketch is only lent: it changes after `visit` returns.
   */
  async minutes(query: ReadQuery, visit: (row: MinuteRow) => void): Promise<void> {
    const { flusher, minutes } = this.#parts;
    await this.ready();
    if (minutes.hasLate) await flusher.flush();
    const aligned = { ...query, fromMs: minuteOf(query.fromMs) };
    const seen = this.#visitMemory(aligned, visit);
    try {
      await this.#visitStored(aligned, seen, visit);
    } catch (error) {
      throw unavailable("read", error);
    }
  }

  async #visitStored(
    query: ReadQuery,
    seen: ReadonlySet<string>,
    visit: (row: MinuteRow) => void,
  ): Promise<void> {
    const { namespace, store } = this.#parts;
    const { metric, agentId } = query;
    // By day, so that a month of rows is never in memory at once.
    for (let fromMs = query.fromMs; fromMs < query.toMs; fromMs += DAY_MS) {
      const rows = await store.minutes(namespace, {
        ...(metric === undefined ? {} : { metric }),
        ...(agentId === undefined ? {} : { agentId }),
        fromMs,
        toMs: Math.min(query.toMs, fromMs + DAY_MS),
      });
      for (const aggregate of rows) {
        const identity = identityOf(aggregate);
        if (!seen.has(minuteKey(identity, aggregate.minuteMs))) visit(toRow(aggregate, identity));
      }
    }
  }

  /** Visits each minute that memory holds, once; the keys of those visited. */
  #visitMemory(query: ReadQuery, visit: (row: MinuteRow) => void): Set<string> {
    const { table, minutes } = this.#parts;
    const waiting = new Map<string, MinuteRow>();
    for (const row of minutes.unwritten()) {
      const { metric, agentId } = row.identity;
      if (!matches(query, metric, agentId, row.minuteMs)) continue;
      const key = minuteKey(row.identity, row.minuteMs);
      const other = waiting.get(key);
      // Rows only grow: of two of the same minute the larger is the newer.
      if (other === undefined || other.sketch.count < row.sketch.count) waiting.set(key, row);
    }
    const seen = new Set<string>();
    for (const series of table.select(query.metric, query.agentId)) {
      const { identity, minuteMs } = series;
      if (minuteMs < query.fromMs || minuteMs >= query.toMs) continue;
      seen.add(minuteKey(identity, minuteMs));
      visit(series.openRow());
    }
    for (const [key, row] of waiting) {
      if (seen.has(key)) continue;
      seen.add(key);
      visit(row);
    }
    return seen;
  }

  #afterBoundary(query: ReadQuery, limit: number): { samples: Sample[]; cutMs: number } {
    const { ring, flusher } = this.#parts;
    const cutMs = Math.max(ring.evictedMaxAtMs, flusher.storedMaxAtMs) + 1;
    const fromMs = Math.max(query.fromMs, cutMs);
    return { samples: this.#fromRing({ ...query, fromMs }, limit), cutMs };
  }

  #fromRing(query: ReadQuery, limit: number): Sample[] {
    const found: Sample[] = [];
    for (const sample of this.#parts.ring.history()) {
      if (matches(query, sample.metric, sample.agentId, sample.atMs)) found.push(sample);
    }
    // Reversed first: the sort is stable, so the later recorded of two equal instants is first.
    return found
      .toReversed()
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, limit);
  }
}

function matches(query: ReadQuery, metric: string, agentId: string | null, atMs: number): boolean {
  return (
    atMs >= query.fromMs &&
    atMs < query.toMs &&
    (query.metric === undefined || query.metric === metric) &&
    (query.agentId === undefined || query.agentId === agentId)
  );
}

/** The minutes a range touches. */
export function alignToMinutes(fromMs: number, toMs: number): { fromMs: number; toMs: number } {
  return { fromMs: minuteOf(fromMs), toMs: minuteOf(toMs - 1) + MINUTE_MS };
}
