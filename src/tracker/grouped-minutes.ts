// Minutes of one metric by agent or by a label's value. What is over comes merged from the thread
// that reads it: a fleet's rows of a week never travel, nor hold up the thread that asks.

import { unavailable } from "./flusher.ts";
import { hasLabels } from "./labels.ts";
import { rowOf } from "./merged-minutes.ts";
import type { ReadQuery } from "./read-query.ts";
import type { SeriesReader, SeriesReaderParts } from "./series-reader.ts";
import type { MinuteRow, SeriesIdentity } from "./series.ts";
import { minuteOf } from "./series.ts";
import type { MinuteGrouping } from "./store.ts";

/** Reads minutes in groups. */
export class GroupedMinutes {
  readonly #parts: SeriesReaderParts;
  readonly #reader: SeriesReader;

  constructor(parts: SeriesReaderParts, reader: SeriesReader) {
    this.#parts = parts;
    this.#reader = reader;
  }

  /**
   * Calls `visit` with each group's rows of the minutes that begin in the range; one row may stand
   * for all minutes of a bucket of `stepMs`. The group is null for what has no agent or label.
   */
  async visit(
    query: ReadQuery & { readonly metric: string },
    stepMs: number,
    groupBy: MinuteGrouping,
    visit: (group: string | null, row: MinuteRow) => void,
  ): Promise<void> {
    const { clock, minutes, namespace, store, table } = this.#parts;
    await this.#reader.ready();
    const fromMs = minuteOf(query.fromMs);
    const see = (row: MinuteRow): void => visit(groupOf(row.identity, groupBy), row);
    if (!(await this.#reader.writeMinutesThatAreOver())) return this.#reader.minutes(query, see);
    const runningMs = minutes.latestMinute(clock.now());
    // From here to the first read nothing may wait: both halves are cut at the same instant.
    const running = { ...query, fromMs: Math.max(fromMs, runningMs) };
    for (const series of table.select(query.metric, query.agentId)) {
      if (isIn(series.identity, series.minuteMs, running)) see(series.openRow());
    }
    for (const row of minutes.bases(running.fromMs)) {
      if (isIn(row.identity, row.minuteMs, running)) see(row);
    }
    const untilMs = Math.min(query.toMs, runningMs);
    const { metric, agentId, labels } = query;
    const about = {
      metric,
      ...(agentId === undefined ? {} : { agentId }),
      ...(labels === undefined ? {} : { labels }),
    };
    try {
      const sliceMs = agentId === undefined ? this.#reader.sliceMs(metric) : DAY_MS;
      for (let startMs = fromMs; startMs < untilMs; startMs += sliceMs) {
        const range = { fromMs: startMs, toMs: Math.min(untilMs, startMs + sliceMs) };
        const rows = await store.groupedMinutes(namespace, { ...about, ...range, stepMs, groupBy });
        for (const row of rows) visit(row.metric === "" ? null : row.metric, rowOf(row));
      }
    } catch (error) {
      throw unavailable("read", error);
    }
  }
}

const DAY_MS = 86_400_000;

/** The group a series belongs to; null when it has no agent, or not the label. */
export function groupOf(
  { agentId, labels }: Pick<SeriesIdentity, "agentId" | "labels">,
  groupBy: MinuteGrouping,
): string | null {
  if (groupBy === "agent") return agentId;
  if (groupBy === "none") return null;
  return labels[groupBy.slice("label:".length)] ?? null;
}

function isIn(identity: SeriesIdentity, minuteMs: number, query: ReadQuery): boolean {
  return (
    minuteMs >= query.fromMs &&
    minuteMs < query.toMs &&
    identity.metric === query.metric &&
    (query.agentId === undefined || identity.agentId === query.agentId) &&
    hasLabels(identity.labels, query.labels)
  );
}
