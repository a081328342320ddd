// Raw samples from memory and store together, each once: everything later than a boundary is in the
// ring, so the ring answers for what is after it and the store for what is not (after a flush,
// because the ring may hold unwritten older ones).

import { unavailable } from "./flusher.ts";
import { trackerLimits } from "./limits.ts";
import { rowOf } from "./merged-minutes.ts";
import type { Sample } from "./model.ts";
import { matches } from "./read-query.ts";
import type { ReadQuery } from "./read-query.ts";
import type { SeriesReaderParts } from "./series-reader.ts";
import type { MinuteRow } from "./series.ts";

/** Reads samples. */
export class SampleReader {
  readonly #parts: SeriesReaderParts;

  constructor(parts: SeriesReaderParts) {
    this.#parts = parts;
  }

  /** Waits until what a restart needs has been read; {@link ringCovers} may be asked from then on. */
  async ready(): Promise<void> {
    await this.#parts.flusher.load();
  }

  /** True when the ring alone knows every value of a metric, or of all, since `fromMs`. */
  ringCovers(fromMs: number, metric?: string): boolean {
    return fromMs > this.#parts.batchedAtMs(metric) && this.#ringHolds(fromMs);
  }

  /** True when a metric has had values without raw samples since `fromMs`. */
  isBatched(fromMs: number, metric: string): boolean {
    return fromMs <= this.#parts.batchedAtMs(metric);
  }

  /** True when every raw sample since `fromMs` is in the ring. */
  #ringHolds(fromMs: number): boolean {
    const { ring, flusher } = this.#parts;
    return fromMs > ring.evictedMaxAtMs && fromMs > flusher.storedMaxAtMs;
  }

  /** The newest `limit` samples, newest first. */
  async samples(query: ReadQuery, limit: number): Promise<Sample[]> {
    const { namespace, store, storeHasSamples, flusher } = this.#parts;
    await this.ready();
    if (!storeHasSamples || this.#ringHolds(query.fromMs)) return this.#fromRing(query, limit);
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

  /** Every sample of the range, newest first, page by page. */
  async *allSamples(query: ReadQuery): AsyncGenerator<readonly Sample[]> {
    const { namespace, store, storeHasSamples, flusher } = this.#parts;
    await this.ready();
    if (!storeHasSamples || this.#ringHolds(query.fromMs)) {
      yield this.#fromRing(query, Infinity);
      return;
    }
    await flusher.flush();
    // Both halves are cut at the same instant, chosen at the same moment.
    const { samples, cutMs } = this.#afterBoundary(query, Infinity);
    yield samples;
    const range = { fromMs: query.fromMs, toMs: Math.min(query.toMs, cutMs) };
    const limit = trackerLimits.exportPage.value;
    try {
      let page = await store.samplePage(namespace, range, limit, null);
      yield page.samples;
      while (page.next !== null) {
        page = await store.samplePage(namespace, range, limit, page.next);
        yield page.samples;
      }
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
   * Samples merged into buckets of `stepMs`, for a chart of one line; null when there are too many.
   */
  async mergedSamples(
    query: ReadQuery & { readonly metric: string },
    stepMs: number,
    visitRow: (row: MinuteRow) => void,
    visitSample: (value: number, atMs: number) => void,
  ): Promise<boolean> {
    const { namespace, store, flusher, ring } = this.#parts;
    await flusher.flush();
    // From here to the read nothing may wait: both halves are cut at the same instant.
    const cutMs = Math.max(ring.evictedMaxAtMs, flusher.storedMaxAtMs) + 1;
    const newer: [number, number][] = [];
    const late = { ...query, fromMs: Math.max(query.fromMs, cutMs) };
    this.scanRing(late, (_metric, _agentId, value, atMs) => newer.push([value, atMs]));
    const { metric, agentId, fromMs } = query;
    const toMs = Math.min(query.toMs, cutMs);
    const most = trackerLimits.queryLimit.value - newer.length;
    const whose = agentId === undefined ? {} : { agentId };
    try {
      const older = { metric, ...whose, fromMs, toMs, stepMs, most };
      const rows = fromMs < toMs ? await store.mergedSamples(namespace, older) : [];
      if (rows === null) return false;
      for (const row of rows) visitRow(rowOf(row));
    } catch (error) {
      throw unavailable("read", error);
    }
    for (const [value, atMs] of newer) visitSample(value, atMs);
    return true;
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
