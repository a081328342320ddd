// Synchronous read access to series.db, as its reader threads use it.

import { groupOf, RowMerger } from "../../tracker/index.ts";
import type {
  GroupedMinuteQuery,
  MergedRow,
  MergedSampleQuery,
  MinuteAggregate,
  MinuteQuery,
  PerformanceSnapshot,
  Sample,
  SamplePage,
  SamplePlace,
  SampleQuery,
  StoredMetric,
  TimeRange,
} from "../../tracker/index.ts";
import { storageLimits } from "../limits.ts";
import type { Database } from "./database.ts";
import { Deadline, pageSize } from "./deadline.ts";
import { parsedColumn, parsedColumnOrNull, trusted } from "./trusted.ts";

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

  metrics(namespace: string): readonly StoredMetric[] {
    const found = new Map<string, { agents: string[]; series: number }>();
    const all = this.#database.prepare(
      `SELECT metric, agent_id AS agentId, count(*) AS series FROM series
       WHERE namespace = ? GROUP BY metric, agent_id`,
    );
    for (const row of all.iterate(namespace)) {
      const metric = String(row["metric"]);
      const known = found.get(metric) ?? { agents: [], series: 0 };
      found.set(metric, known);
      if (row["agentId"] !== "") known.agents.push(String(row["agentId"]));
      known.series += Number(row["series"]);
    }
    return Array.from(found, ([metric, known]) => ({ metric, ...known }));
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

  samplePage(
    namespace: string,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    limit: number,
    place: SamplePlace | null,
  ): SamplePage {
    return this.#database.snapshot(() => {
      const rows = this.#seriesOf(namespace, {}).filter((row) => row.labels === "{}");
      const series = new Map(rows.map((row) => [row.row_id, row]));
      const walk = this.#database.prepare(
        `SELECT * FROM samples INDEXED BY samples_by_time
         WHERE at >= ? AND (at, row_id) < (?, ?) ORDER BY at DESC, row_id DESC`,
      );
      const samples: Sample[] = [];
      let walked = 0;
      // Rows are numbered from 1: none of the instant `toMs` comes before row 0 of it.
      for (const row of walk.iterate(fromMs, place?.atMs ?? toMs, place?.row ?? 0)) {
        if (series.has(Number(row["series_row"]))) samples.push(sampleOf(row, series));
        walked += 1;
        // A page may end early, where many of other namespaces lie between.
        if (samples.length < limit && walked < storageLimits.listedSamples.value) continue;
        return { samples, next: { atMs: Number(row["at"]), row: Number(row["row_id"]) } };
      }
      return { samples, next: null };
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

  mergedMinutes(
    namespace: string,
    query: Omit<MinuteQuery, "agentId">,
  ): { readonly rows: readonly MergedRow[]; readonly agents: readonly string[] } {
    return this.#database.snapshot(() => {
      const deadline = new Deadline();
      const merger = new RowMerger();
      const agents = new Set<string>();
      const range = this.#database.prepare(
        `SELECT minute, sketch, last, last_at FROM minutes
         WHERE series_row = ? AND minute >= ? AND minute < ?`,
      );
      for (const { row_id: row, metric, agent_id: agentId } of this.#seriesOf(namespace, query)) {
        for (const minute of range.iterate(row, query.fromMs, query.toMs)) {
          deadline.row();
          const startMs = Number(minute["minute"]);
          const sketch = trusted<Uint8Array>(minute["sketch"]);
          const [last, lastAtMs] = [Number(minute["last"]), Number(minute["last_at"])];
          merger.addRow(metric, startMs, sketch, last, lastAtMs);
          if (agentId !== "") agents.add(agentId);
        }
      }
      return { rows: merger.rows(), agents: [...agents] };
    });
  }

  groupedMinutes(namespace: string, query: GroupedMinuteQuery): readonly MergedRow[] {
    return this.#database.snapshot(() => {
      const deadline = new Deadline();
      const merger = new RowMerger();
      const { groupBy, stepMs } = query;
      const range = this.#database.prepare(
        `SELECT minute, sketch, last, last_at FROM minutes
         WHERE series_row = ? AND minute >= ? AND minute < ?`,
      );
      for (const series of this.#seriesOf(namespace, query)) {
        const group = groupOf(identityOf(series), groupBy) ?? "";
        for (const minute of range.iterate(series.row_id, query.fromMs, query.toMs)) {
          deadline.row();
          const startMs = Math.floor(Number(minute["minute"]) / stepMs) * stepMs;
          const sketch = trusted<Uint8Array>(minute["sketch"]);
          merger.addRow(group, startMs, sketch, Number(minute["last"]), Number(minute["last_at"]));
        }
      }
      return merger.rows();
    });
  }

  mergedSamples(namespace: string, query: MergedSampleQuery): readonly MergedRow[] | null {
    return this.#database.snapshot(() => {
      const deadline = new Deadline();
      const merger = new RowMerger();
      const { metric, fromMs, toMs, stepMs, most } = query;
      let left = most;
      const range = this.#database.prepare(
        `SELECT at, value FROM samples INDEXED BY samples_by_series
         WHERE series_row = ? AND at >= ? AND at < ? ORDER BY at, row_id`,
      );
      for (const series of this.#seriesOf(namespace, query)) {
        if (series.labels !== "{}") continue;
        for (const sample of range.iterate(series.row_id, fromMs, toMs)) {
          deadline.row();
          if (left-- === 0) return null;
          const atMs = Number(sample["at"]);
          const startMs = Math.floor(atMs / stepMs) * stepMs;
          merger.addSample(metric, startMs, Number(sample["value"]), atMs);
        }
      }
      return merger.rows();
    });
  }

  snapshots(
    namespace: string,
    count: number,
    { fromMs, toMs }: TimeRange = {},
  ): readonly PerformanceSnapshot[] {
    const limit = pageSize(count, 0, storageLimits.listedRows.value);
    return this.#database
      .prepare(
        `SELECT snapshot FROM snapshots WHERE namespace = ? AND at >= ? AND at < ?
           ORDER BY at DESC, row_id DESC LIMIT ?`,
      )
      .all(namespace, fromMs ?? -Number.MAX_VALUE, toMs ?? Number.MAX_VALUE, limit)
      .map((row) => parsedColumn<PerformanceSnapshot>(row["snapshot"]));
  }

  #seriesOf(
    namespace: string,
    query: Pick<MinuteQuery, "metric" | "agentId" | "labels">,
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
    for (const [name, value] of Object.entries(query.labels ?? {})) {
      conditions.push("EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)");
      values.push(name, value);
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

function identityOf(series: SeriesRow): Pick<MinuteAggregate, "agentId" | "labels"> {
  const agentId = series.agent_id === "" ? null : series.agent_id;
  return { agentId, labels: parsedColumn(series.labels) };
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

function objectOf(text: unknown): Sample["context"] {
  return parsedColumnOrNull<Sample["context"]>(text) ?? {};
}
