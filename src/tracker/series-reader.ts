// Answers queries for minutes from memory and store together, each minute once: memory's rows are
// visited first and at once; a stored row of the same series and minute is older, or holds what was
// recorded since, and is passed over.

import type { Clock } from "../core/index.ts";
import type { Flusher } from "./flusher.ts";
import { unavailable } from "./flusher.ts";
import { hasLabels } from "./labels.ts";
import { trackerLimits } from "./limits.ts";
import { rowOf } from "./merged-minutes.ts";
import type { MergedMinutes } from "./merged-minutes.ts";
import { identityOf, toRow } from "./minute-buffer.ts";
import type { MinuteBuffer } from "./minute-buffer.ts";
import { matches } from "./read-query.ts";
import type { ReadQuery } from "./read-query.ts";
import type { SampleRing } from "./sample-ring.ts";
import { MINUTE_MS, minuteKey, minuteOf } from "./series.ts";
import type { MinuteRow } from "./series.ts";
import type { SeriesTable } from "./series-table.ts";
import type { SeriesStore } from "./store.ts";

const DAY_MS = 86_400_000;
const MINUTES_A_DAY = 1440;
/** Flushes to wait for until the minutes that are over are in the store. */
const MOST_FLUSHES = 100;

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
  readonly merged: MergedMinutes;
  /** When values without raw samples were last recorded. */
  readonly batchedAtMs: (metric?: string) => number;
  readonly clock: Clock;
}

/** Reads minutes. */
export class SeriesReader {
  readonly #parts: SeriesReaderParts;

  constructor(parts: SeriesReaderParts) {
    this.#parts = parts;
  }

  /** Waits until what a restart needs has been read. */
  async ready(): Promise<void> {
    await this.#parts.flusher.load();
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

  /**
   * As {@link minutes}, of all agents together: what the store has of minutes that are over comes
   * merged from the thread that reads it, and only the running minute is put together here.
   * @param agents takes the ids of those whose minutes they are; without it merged minutes are
   * remembered, so that the next chart reads only what is new.
   */
  async mergedMinutes(
    query: Omit<ReadQuery, "agentId">,
    visit: (row: MinuteRow) => void,
    agents?: Set<string>,
  ): Promise<void> {
    const { clock, minutes, table } = this.#parts;
    await this.ready();
    const fromMs = minuteOf(query.fromMs);
    const isWritten = await this.writeMinutesThatAreOver();
    if (!isWritten) return this.minutes(query, (row) => see(row, visit, agents));
    const runningMs = minutes.latestMinute(clock.now());
    // From here to the first read nothing may wait: both halves are cut at the same instant.
    const running = { ...query, fromMs: Math.max(fromMs, runningMs) };
    for (const series of table.select(query.metric)) {
      const { identity, minuteMs } = series;
      if (!matches(running, identity.metric, identity.agentId, minuteMs)) continue;
      see(series.openRow(), visit, agents);
    }
    for (const row of minutes.bases(running.fromMs)) {
      if (matches(running, row.identity.metric, null, row.minuteMs)) see(row, visit, agents);
    }
    try {
      await this.#visitMerged(
        { ...query, fromMs, toMs: Math.min(query.toMs, runningMs) },
        visit,
        agents,
      );
    } catch (error) {
      throw unavailable("read", error);
    }
  }

  /** Brings minutes that are over to the store; false when it does not take them. */
  async writeMinutesThatAreOver(): Promise<boolean> {
    const { clock, flusher, minutes } = this.#parts;
    for (let flushes = 0; flushes < MOST_FLUSHES; flushes++) {
      if (!minutes.hasUnwrittenBefore(minutes.latestMinute(clock.now()))) return true;
      try {
        await flusher.flush();
      } catch {
        return false; // the flusher says so; memory still has what was not written
      }
    }
    return false;
  }

  /** How much time of a metric, or of all, one read may merge: the more series, the less. */
  sliceMs(metric: string | undefined): number {
    const { flusher, table } = this.#parts;
    // After a start the store knows series that nobody has recorded in this process yet.
    const stored =
      metric === undefined ? flusher.knownMetrics.values() : [flusher.knownMetrics.get(metric)];
    let series = 0;
    for (const known of stored) series += known?.series ?? 0;
    const most = trackerLimits.mergedRows.value / Math.max(1, series, table.countOf(metric));
    return Math.max(1, Math.min(MINUTES_A_DAY, Math.floor(most))) * MINUTE_MS;
  }

  /** Minutes that are over, a part of the range at a time. */
  async #visitMerged(
    query: Omit<ReadQuery, "agentId">,
    visit: (row: MinuteRow) => void,
    agents: Set<string> | undefined,
  ): Promise<void> {
    const { namespace, store, merged } = this.#parts;
    const { metric } = query;
    const lengthMs = this.sliceMs(metric);
    const remembers = metric !== undefined && agents === undefined;
    let fromMs = query.fromMs;
    while (fromMs < query.toMs) {
      const known = remembers ? merged.get(metric, fromMs) : undefined;
      if (known !== undefined) {
        if (known !== null) visit(known);
        fromMs += MINUTE_MS;
        continue;
      }
      let toMs = fromMs + MINUTE_MS;
      while (toMs < Math.min(query.toMs, fromMs + lengthMs)) {
        if (remembers && merged.get(metric, toMs) !== undefined) break;
        toMs += MINUTE_MS;
      }
      const { version } = merged;
      const range = { ...(metric === undefined ? {} : { metric }), fromMs, toMs };
      const { rows, agents: whose } = await store.mergedMinutes(namespace, range);
      for (const agentId of whose) agents?.add(agentId);
      const found = rows.map(rowOf);
      for (const row of found) visit(row);
      if (remembers && merged.version === version) remember(merged, metric, range, found);
      fromMs = toMs;
    }
  }

  async #visitStored(
    query: ReadQuery,
    seen: ReadonlySet<string>,
    visit: (row: MinuteRow) => void,
  ): Promise<void> {
    const { namespace, store } = this.#parts;
    const { metric, agentId, labels } = query;
    // By day, so that a month of rows is never in memory at once.
    for (let fromMs = query.fromMs; fromMs < query.toMs; fromMs += DAY_MS) {
      const rows = await store.minutes(namespace, {
        ...(metric === undefined ? {} : { metric }),
        ...(agentId === undefined ? {} : { agentId }),
        ...(labels === undefined ? {} : { labels }),
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
      const { metric, agentId, labels } = row.identity;
      if (!matches(query, metric, agentId, row.minuteMs)) continue;
      if (!hasLabels(labels, query.labels)) continue;
      const key = minuteKey(row.identity, row.minuteMs);
      const other = waiting.get(key);
      // Rows only grow: of two of the same minute the larger is the newer.
      if (other === undefined || other.sketch.count < row.sketch.count) waiting.set(key, row);
    }
    const seen = new Set<string>();
    for (const series of table.select(query.metric, query.agentId)) {
      const { identity, minuteMs } = series;
      if (minuteMs < query.fromMs || minuteMs >= query.toMs) continue;
      if (!hasLabels(identity.labels, query.labels)) continue;
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
}

/** Remembers the minutes of a range, the empty ones too. */
function remember(
  merged: MergedMinutes,
  metric: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  rows: readonly MinuteRow[],
): void {
  const byMinute = new Map(rows.map((row) => [row.minuteMs, row]));
  for (let minuteMs = fromMs; minuteMs < toMs; minuteMs += MINUTE_MS) {
    merged.set(metric, minuteMs, byMinute.get(minuteMs) ?? null);
  }
}

function see(
  row: MinuteRow,
  visit: (row: MinuteRow) => void,
  agents: Set<string> | undefined,
): void {
  visit(row);
  if (row.identity.agentId !== null) agents?.add(row.identity.agentId);
}

/** The minutes a range touches. */
export function alignToMinutes(fromMs: number, toMs: number): { fromMs: number; toMs: number } {
  return { fromMs: minuteOf(fromMs), toMs: minuteOf(toMs - 1) + MINUTE_MS };
}
