// Synchronous write access to series.db, as the series thread uses it.

import type {
  MinuteAggregate,
  PerformanceSnapshot,
  Retention,
  Sample,
  SeriesPruneResult,
} from "../../tracker/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { giveBack, makeRoom } from "./series-room.ts";

const STEP_ROWS = storageLimits.stepRows.value;

/** A batch as {@link SeriesStore.append} takes it. */
export interface SeriesBatch {
  readonly samples: readonly Sample[];
  readonly minutes: readonly MinuteAggregate[];
}

/** Writes series; every method expects an open transaction. */
export class SeriesWriter {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  append(namespace: string, batch: SeriesBatch): void {
    // One lookup per series and batch; batches repeat few series many times.
    const rows = new Map<string, number>();
    const insertSample = this.#database.prepare(
      "INSERT INTO samples (series_row, at, value, context, metadata) VALUES (?, ?, ?, ?, ?)",
    );
    for (const sample of batch.samples) {
      const row = this.#seriesRow(rows, namespace, sample.metric, sample.agentId, "{}");
      const { atMs, value, context, metadata } = sample;
      insertSample.run(row, atMs, value, textUnlessEmpty(context), textUnlessEmpty(metadata));
    }
    const upsertMinute = this.#database.prepare(
      `INSERT INTO minutes (series_row, minute, count, sum, min, max, last, last_at, sketch)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (series_row, minute) DO UPDATE SET count = excluded.count,
         sum = excluded.sum, min = excluded.min, max = excluded.max, last = excluded.last,
         last_at = excluded.last_at, sketch = excluded.sketch`,
    );
    for (const minute of batch.minutes) {
      const labels = canonicalLabels(minute.labels);
      const row = this.#seriesRow(rows, namespace, minute.metric, minute.agentId, labels);
      const { minuteMs, count, sum, min, max, last, lastAtMs, sketch } = minute;
      upsertMinute.run(row, minuteMs, count, sum, min, max, last, lastAtMs, sketch);
    }
  }

  appendSnapshot(namespace: string, snapshot: PerformanceSnapshot): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO snapshots (namespace, id, at, snapshot) VALUES (?, ?, ?, ?)")
      .run(namespace, snapshot.id, snapshot.atMs, JSON.stringify(snapshot));
  }

  *prune(namespace: string, retention: Retention): Steps<SeriesPruneResult> {
    const remove = this.#database.prepare(
      `DELETE FROM samples WHERE row_id IN (
         SELECT row_id FROM samples WHERE series_row = ? AND at < ? LIMIT ${STEP_ROWS})`,
    );
    let samples = 0;
    let visited = 0;
    for (const row of this.#seriesOf(namespace)) {
      for (;;) {
        const removed = Number(remove.run(row, retention.samplesBeforeMs).changes);
        samples += removed;
        if (removed < STEP_ROWS) break;
        yield;
      }
      yield* deleteSteps(
        this.#database,
        `DELETE FROM minutes WHERE row_id IN (
           SELECT row_id FROM minutes WHERE series_row = ? AND minute < ? LIMIT ${STEP_ROWS})`,
        row,
        retention.minutesBeforeMs,
      );
      this.#forgetIfEmpty(row);
      visited += 1;
      if (visited % 100 === 0) yield;
    }
    yield* deleteSteps(
      this.#database,
      `DELETE FROM snapshots WHERE row_id IN (
         SELECT row_id FROM snapshots WHERE namespace = ? AND at < ? LIMIT ${STEP_ROWS})`,
      namespace,
      retention.minutesBeforeMs,
    );
    let restBytes: number | null = null;
    if (retention.bytes !== undefined) {
      const made = yield* makeRoom(this.#database, namespace, retention.bytes);
      samples += made.samples;
      restBytes = made.restBytes;
    }
    yield* giveBack(this.#database);
    return { samples, restBytes };
  }

  *delete(namespace: string): Steps<undefined> {
    const everything = { samplesBeforeMs: Number.MAX_VALUE, minutesBeforeMs: Number.MAX_VALUE };
    yield* this.prune(namespace, everything);
    return undefined;
  }

  #seriesOf(namespace: string): number[] {
    return this.#database
      .prepare("SELECT row_id FROM series WHERE namespace = ?")
      .all(namespace)
      .map((row) => Number(row["row_id"]));
  }

  #forgetIfEmpty(row: number): void {
    this.#database
      .prepare(
        `DELETE FROM series WHERE row_id = ?1
           AND NOT EXISTS (SELECT 1 FROM samples WHERE series_row = ?1)
           AND NOT EXISTS (SELECT 1 FROM minutes WHERE series_row = ?1)`,
      )
      .run(row);
  }

  #seriesRow(
    known: Map<string, number>,
    namespace: string,
    metric: string,
    agentId: string | null,
    labels: string,
  ): number {
    const agent = agentId ?? "";
    const key = JSON.stringify([metric, agent, labels]);
    let row = known.get(key);
    if (row !== undefined) return row;
    const found = this.#database
      .prepare(
        `SELECT row_id FROM series
         WHERE namespace = ? AND metric = ? AND agent_id = ? AND labels = ?`,
      )
      .get(namespace, metric, agent, labels);
    row =
      found === undefined
        ? Number(
            this.#database
              .prepare(
                "INSERT INTO series (namespace, metric, agent_id, labels) VALUES (?, ?, ?, ?)",
              )
              .run(namespace, metric, agent, labels).lastInsertRowid,
          )
        : Number(found["row_id"]);
    known.set(key, row);
    return row;
  }
}

/** Labels as JSON with sorted names, so that one series has one text. */
function canonicalLabels(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
}

function textUnlessEmpty(object: object): string | null {
  const text = JSON.stringify(object);
  return text === "{}" ? null : text;
}
