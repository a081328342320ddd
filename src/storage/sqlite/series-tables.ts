// Synchronous access to series.db: the half that writes and the half that reads, as the series
// thread and its reader use them.

import type {
  MinuteAggregate,
  MinuteQuery,
  PerformanceSnapshot,
  Retention,
  Sample,
  SampleQuery,
} from "../../tracker/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { Deadline, pageSize } from "./deadline.ts";
import { parsedColumn, parsedColumnOrNull, trusted } from "./trusted.ts";

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

  *prune(namespace: string, retention: Retention): Steps<{ readonly samples: number }> {
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
    return { samples };
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

/** Series up to this many are read one by one; more by walking all samples by time. */
const FEW_SERIES = 50;

interface SeriesRow {
  readonly row_id: number;
  readonly metric: string;
  readonly agent_id: string;
  readonly labels: string;
}

/** Reads series; read-only connections do. */
export class SeriesReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  samples(namespace: string, query: SampleQuery): readonly Sample[] {
    return this.#database.snapshot(() => {
      const limit = pageSize(query.limit, 10_000, storageLimits.listedSamples.value);
      const series = new Map(
        this.#seriesOf(namespace, query)
          .filter((row) => row.labels === "{}")
          .map((row) => [row.row_id, row]),
      );
      if (series.size === 0 || limit === 0) return [];
      const range = [query.fromMs ?? -Number.MAX_VALUE, query.toMs ?? Number.MAX_VALUE] as const;
      const deadline = new Deadline();
      const found: Record<string, unknown>[] = [];
      if (series.size <= FEW_SERIES) {
        const newest = this.#database.prepare(
          `SELECT * FROM samples INDEXED BY samples_by_series
           WHERE series_row = ? AND at >= ? AND at < ? ORDER BY at DESC, row_id DESC LIMIT ?`,
        );
        for (const row of series.keys()) {
          for (const sample of newest.iterate(row, ...range, limit)) {
            deadline.row();
            found.push(sample);
          }
        }
        found.sort(newestFirst);
      } else {
        const all = this.#database.prepare(
          `SELECT * FROM samples INDEXED BY samples_by_time
           WHERE at >= ? AND at < ? ORDER BY at DESC, row_id DESC`,
        );
        for (const sample of all.iterate(...range)) {
          deadline.row();
          if (!series.has(Number(sample["series_row"]))) continue;
          found.push(sample);
          if (found.length >= limit) break;
        }
      }
      return found.slice(0, limit).map((sample) => sampleOf(sample, series));
    });
  }

  minutes(namespace: string, query: MinuteQuery): readonly MinuteAggregate[] {
    return this.#database.snapshot(() => {
      const deadline = new Deadline();
      const found: MinuteAggregate[] = [];
      const range = this.#database.prepare(
        "SELECT * FROM minutes WHERE series_row = ? AND minute >= ? AND minute < ?",
      );
      for (const series of this.#seriesOf(namespace, query)) {
        for (const row of range.iterate(series.row_id, query.fromMs, query.toMs)) {
          deadline.row();
          found.push(minuteOf(row, series));
        }
      }
      return found.toSorted((a, b) => a.minuteMs - b.minuteMs);
    });
  }

  snapshots(namespace: string, count: number): readonly PerformanceSnapshot[] {
    return this.#database
      .prepare(
        `SELECT snapshot FROM snapshots WHERE namespace = ?
           ORDER BY at DESC, row_id DESC LIMIT ?`,
      )
      .all(namespace, pageSize(count, 0, storageLimits.listedRows.value))
      .map((row) => parsedColumn<PerformanceSnapshot>(row["snapshot"]));
  }

  #seriesOf(
    namespace: string,
    query: { readonly metric?: string; readonly agentId?: string },
  ): SeriesRow[] {
    const conditions = ["namespace = ?"];
    const values = [namespace];
    for (const [column, value] of [
      ["metric", query.metric],
      ["agent_id", query.agentId],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(`${column} = ?`);
      values.push(value);
    }
    const sql = `SELECT * FROM series WHERE ${conditions.join(" AND ")}`;
    return trusted<SeriesRow[]>(this.#database.prepare(sql).all(...values));
  }
}

function newestFirst(a: Record<string, unknown>, b: Record<string, unknown>): number {
  return Number(b["at"]) - Number(a["at"]) || Number(b["row_id"]) - Number(a["row_id"]);
}

function sampleOf(row: Record<string, unknown>, series: ReadonlyMap<number, SeriesRow>): Sample {
  const { metric = "", agent_id: agentId = "" } = series.get(Number(row["series_row"])) ?? {};
  return {
    metric,
    value: Number(row["value"]),
    atMs: Number(row["at"]),
    agentId: agentId === "" ? null : agentId,
    context: objectOf(row["context"]),
    metadata: objectOf(row["metadata"]),
  };
}

function minuteOf(row: Record<string, unknown>, series: SeriesRow): MinuteAggregate {
  return {
    metric: series.metric,
    agentId: series.agent_id === "" ? null : series.agent_id,
    labels: parsedColumn(series.labels),
    minuteMs: Number(row["minute"]),
    count: Number(row["count"]),
    sum: Number(row["sum"]),
    min: Number(row["min"]),
    max: Number(row["max"]),
    last: Number(row["last"]),
    lastAtMs: Number(row["last_at"]),
    sketch: trusted(row["sketch"]),
  };
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

function objectOf(text: unknown): Sample["context"] {
  return parsedColumnOrNull<Sample["context"]>(text) ?? {};
}
