// Synchronous access to timed spans in series.db.

import type { ProfileRetention, SpanPage, SpanQuery, SpanRecord } from "../../profiler/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { Deadline, pageSize } from "./deadline.ts";
import { parsedColumnOrNull, trusted } from "./trusted.ts";

const STEP_ROWS = storageLimits.stepRows.value;

interface SpanRow {
  readonly span_id: string;
  readonly trace_id: string;
  readonly parent_span_id: string | null;
  readonly namespace: string;
  readonly agent_id: string | null;
  readonly name: string;
  readonly kind: string;
  readonly start: number;
  readonly duration: number;
  readonly ok: number;
  readonly error: string | null;
  readonly context: string | null;
}

/** The table `spans`. */
export class SpanTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  append(namespace: string, spans: readonly SpanRecord[]): void {
    const insert = this.#database.prepare(
      `INSERT INTO spans (namespace, span_id, trace_id, parent_span_id, agent_id, name, kind,
         start, duration, ok, error, context) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const span of spans) {
      const context = JSON.stringify(span.context);
      insert.run(
        namespace,
        span.spanId,
        span.traceId,
        span.parentSpanId,
        span.agentId,
        span.name,
        span.kind,
        span.startMs,
        span.durationMs,
        span.ok ? 1 : 0,
        span.error,
        context === "{}" ? null : context,
      );
    }
  }

  spans(namespace: string, query: SpanQuery): readonly SpanRecord[] {
    return this.page(namespace, query).spans;
  }

  /** @param after `next` of the page before: start and row of its last span. */
  page(namespace: string, query: SpanQuery, after?: string): SpanPage {
    const limit = pageSize(query.limit, 100, storageLimits.listedSpans.value);
    if (limit === 0) return { spans: [], next: null };
    const conditions = ["namespace = ?"];
    const values: (string | number | null)[] = [namespace];
    for (const [condition, value] of [
      ["trace_id = ?", query.traceId],
      ["agent_id IS ?", query.agentId],
      ["name = ?", query.name],
      ["start >= ?", query.fromMs],
      ["start < ?", query.toMs],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(condition);
      values.push(value);
    }
    if (after !== undefined) {
      const [start = 0, row = 0] = after.split(":").map(Number);
      conditions.push("(start, row_id) < (?, ?)");
      values.push(start, row);
    }
    const statement = this.#database.prepare(
      `SELECT * FROM spans INDEXED BY ${leadingIndex(query)} WHERE ${conditions.join(" AND ")}
       ORDER BY start DESC, row_id DESC`,
    );
    const deadline = new Deadline();
    const spans: SpanRecord[] = [];
    for (const row of statement.iterate(...values)) {
      deadline.row();
      spans.push(spanOf(row));
      if (spans.length < limit) continue;
      return { spans, next: `${String(row["start"])}:${String(row["row_id"])}` };
    }
    return { spans, next: null };
  }

  *prune(
    namespace: string,
    { spansBeforeMs, keepSpans }: Pick<ProfileRetention, "spansBeforeMs" | "keepSpans">,
  ): Steps<number> {
    let spans = 0;
    if (spansBeforeMs !== undefined) {
      spans += yield* this.#forget(
        `namespace = ?1 AND start < ?2 AND start + duration < ?2`,
        namespace,
        spansBeforeMs,
      );
    }
    if (keepSpans === undefined) return spans;
    const cut = this.#database
      .prepare(
        `SELECT start, row_id FROM spans INDEXED BY spans_by_time WHERE namespace = ?
         ORDER BY start DESC, row_id DESC LIMIT 1 OFFSET ?`,
      )
      .get(namespace, keepSpans);
    if (cut !== undefined) {
      spans += yield* this.#forget(
        `namespace = ? AND (start, row_id) <= (?, ?)`,
        namespace,
        Number(cut["start"]),
        Number(cut["row_id"]),
      );
    }
    return spans;
  }

  *delete(namespace: string): Steps<undefined> {
    yield* deleteSteps(
      this.#database,
      `DELETE FROM spans WHERE row_id IN (
         SELECT row_id FROM spans WHERE namespace = ? LIMIT ${STEP_ROWS})`,
      namespace,
    );
    return undefined;
  }

  /** Forgets, oldest first, what holds the condition; how many that were. */
  *#forget(condition: string, ...values: readonly (string | number)[]): Steps<number> {
    const remove = this.#database.prepare(
      `DELETE FROM spans WHERE row_id IN (
         SELECT row_id FROM spans INDEXED BY spans_by_time WHERE ${condition}
         ORDER BY start, row_id LIMIT ${STEP_ROWS})`,
    );
    for (let spans = 0; ;) {
      const removed = Number(remove.run(...values).changes);
      spans += removed;
      if (removed < STEP_ROWS) return spans;
      yield;
    }
  }
}

function leadingIndex(query: SpanQuery): string {
  if (query.traceId !== undefined) return "spans_by_trace";
  if (query.name !== undefined) return "spans_by_name";
  return query.agentId === undefined ? "spans_by_time" : "spans_by_agent";
}

function spanOf(source: object): SpanRecord {
  const row = trusted<SpanRow>(source);
  return {
    spanId: row.span_id,
    traceId: row.trace_id,
    parentSpanId: row.parent_span_id,
    namespace: row.namespace,
    agentId: row.agent_id,
    name: row.name,
    kind: row.kind,
    startMs: row.start,
    durationMs: row.duration,
    ok: row.ok === 1,
    error: row.error,
    context: parsedColumnOrNull(row.context, `span "${row.span_id}"`) ?? {},
  };
}
