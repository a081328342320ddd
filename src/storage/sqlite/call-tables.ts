// Synchronous access to the gateway's call history in series.db. A search walks the one index
// that fits it best, newest first and window by window: SQLite cannot be stopped while it looks
// for a rare row, so each window is small enough to look at the time in between.

import type { CallQuery, CallRecord, CallRetention } from "../../gateway/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import { readCounter } from "./counters.ts";
import type { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { Deadline, pageSize } from "./deadline.ts";
import { trusted } from "./trusted.ts";

/** A call stands in eight indexes, which makes forgetting it dear. */
const STEP_ROWS = Math.floor(storageLimits.stepRows.value / 4);
const FIRST_WINDOW = 512;
const LARGEST_WINDOW = 16_384;
/** The mark of the highest number used; it outlives the rows. */
const SEQUENCE = "call";

/** A call as {@link CallStore.appendCalls} takes it. */
export interface NumberedCall {
  readonly call: CallRecord;
  readonly notable: boolean;
}

/** All calls, or the notable ones, through the index in the order of their numbers. */
const ALL = "INDEXED BY calls_by_sequence WHERE true";
const NOTABLE = "INDEXED BY calls_notable WHERE notable = 1";

const COLUMNS = `id, sequence, namespace, at AS atMs, duration AS durationMs,
  upstream AS upstreamMs, agent_id AS agentId, service_id AS serviceId, route, endpoint, method,
  path, query, status, code, reason, request_bytes AS requestBytes,
  response_bytes AS responseBytes, attempts, client_address AS clientAddress,
  user_agent AS userAgent, trace_id AS traceId, parent_span_id AS parentSpanId`;

/** The table `calls`. */
export class CallTables {
  readonly #database: Database;
  readonly #counters: Counters;

  constructor(database: Database, counters: Counters) {
    this.#database = database;
    this.#counters = counters;
  }

  append(namespace: string, calls: readonly NumberedCall[]): void {
    const insert = this.#database.prepare(
      `INSERT OR REPLACE INTO calls (namespace, sequence, id, at, duration, upstream, agent_id, service_id,
         route, endpoint, method, path, query, status, code, reason, request_bytes,
         response_bytes, attempts, client_address, user_agent, trace_id, parent_span_id, failed,
         notable)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const { call, notable } of calls) {
      insert.run(
        namespace,
        call.sequence,
        call.id,
        call.atMs,
        call.durationMs,
        call.upstreamMs,
        call.agentId,
        call.serviceId,
        call.route,
        call.endpoint,
        call.method,
        call.path,
        call.query,
        call.status,
        call.code,
        call.reason,
        call.requestBytes,
        call.responseBytes,
        call.attempts,
        call.clientAddress,
        call.userAgent,
        call.traceId,
        call.parentSpanId,
        hasFailed(call) ? 1 : 0,
        notable ? 1 : 0,
      );
    }
    const last = calls.at(-1);
    if (last !== undefined) this.#counters.raise(namespace, SEQUENCE, last.call.sequence);
  }

  call(namespace: string, id: string): CallRecord | undefined {
    const row = this.#database
      .prepare(
        `SELECT ${COLUMNS} FROM calls INDEXED BY calls_by_id
         WHERE namespace = ? AND id = ? ORDER BY row_id DESC LIMIT 1`,
      )
      .get(namespace, id);
    return row === undefined ? undefined : callOf(row);
  }

  lastSequence(namespace: string): number {
    return readCounter(this.#database, namespace, SEQUENCE);
  }

  /** Newest first. @throws StorageError storage.query_too_slow. */
  calls(namespace: string, query: CallQuery): readonly CallRecord[] {
    const limit = pageSize(query.limit, 100, storageLimits.listedRows.value);
    return this.#database.snapshot(() => {
      const range = this.#sequences(namespace, query);
      return range === undefined ? [] : this.#walk(namespace, query, range, limit);
    });
  }

  *prune(namespace: string, retention: CallRetention): Steps<{ readonly calls: number }> {
    const forgetOld = this.#database.prepare(
      `DELETE FROM calls WHERE row_id IN (
         SELECT row_id FROM calls INDEXED BY calls_by_time
         WHERE namespace = ? AND at < ? LIMIT ${STEP_ROWS})`,
    );
    let calls = 0;
    for (;;) {
      const removed = Number(forgetOld.run(namespace, retention.beforeMs).changes);
      calls += removed;
      if (removed < STEP_ROWS) break;
      yield;
    }
    calls += yield* this.#forgetExcess(namespace, retention);
    return { calls };
  }

  *delete(namespace: string): Steps<undefined> {
    yield* deleteSteps(
      this.#database,
      `DELETE FROM calls WHERE row_id IN (
         SELECT row_id FROM calls WHERE namespace = ? LIMIT ${STEP_ROWS})`,
      namespace,
    );
    this.#database.prepare("DELETE FROM counters WHERE namespace = ?").run(namespace);
    return undefined;
  }

  /** Walks once from the oldest call to the first that is kept, past the notable ones. */
  *#forgetExcess(namespace: string, { keep, keepNotable }: CallRetention): Steps<number> {
    const keepAll = this.#oldestKept(namespace, ALL, Infinity, keep);
    const keepNotables = this.#oldestKept(namespace, NOTABLE, keepAll, keepNotable);
    const next = this.#database.prepare(
      `SELECT sequence, row_id, notable FROM calls INDEXED BY calls_by_sequence
       WHERE namespace = ? AND sequence > ? AND sequence < ? ORDER BY sequence LIMIT ${STEP_ROWS}`,
    );
    const remove = this.#database.prepare("DELETE FROM calls WHERE row_id = ?");
    let calls = 0;
    for (let after = -1; ;) {
      const rows = next.all(namespace, after, keepAll);
      for (const row of rows) {
        after = Number(row["sequence"]);
        if (row["notable"] === 1 && after >= keepNotables) continue;
        remove.run(row["row_id"] ?? null);
        calls += 1;
      }
      if (rows.length < STEP_ROWS) return calls;
      yield;
    }
  }

  /** Number of the oldest of the newest `keep` below a number; 0 when there are no more. */
  #oldestKept(namespace: string, which: string, below: number, keep: number): number {
    const cut = this.#database
      .prepare(
        `SELECT sequence FROM calls ${which} AND namespace = ? AND sequence < ?
         ORDER BY sequence DESC LIMIT 1 OFFSET ?`,
      )
      .get(namespace, below, keep);
    return cut === undefined ? 0 : Number(cut["sequence"]) + 1;
  }

  /** Between which numbers to look: from exclusive, to exclusive. */
  #sequences(
    namespace: string,
    query: CallQuery,
  ): { readonly above: number; readonly below: number } | undefined {
    const { fromMs, toMs, afterSequence = -1, beforeSequence = Number.MAX_SAFE_INTEGER } = query;
    if (fromMs === undefined && toMs === undefined) {
      return { above: afterSequence, below: beforeSequence };
    }
    // Numbers are given when a call ends, instants are of its beginning: nearly the same order.
    const found = this.#database
      .prepare(
        `SELECT min(sequence) AS first, max(sequence) AS last
         FROM calls INDEXED BY calls_by_time WHERE namespace = ? AND at >= ? AND at < ?`,
      )
      .get(namespace, fromMs ?? -Number.MAX_VALUE, toMs ?? Number.MAX_VALUE);
    if (typeof found?.["first"] !== "number") return undefined;
    return {
      above: Math.max(afterSequence, found["first"] - 1),
      below: Math.min(beforeSequence, Number(found["last"]) + 1),
    };
  }

  #walk(
    namespace: string,
    query: CallQuery,
    range: { readonly above: number; readonly below: number },
    limit: number,
  ): CallRecord[] {
    const lead = leadingIndex(namespace, query);
    const filters = filtersOf(query);
    const inWindow = `FROM calls INDEXED BY ${lead.index} WHERE ${lead.condition}
      AND sequence > ? AND sequence < ?`;
    const windowEnd = this.#database.prepare(
      `SELECT sequence ${inWindow} ORDER BY sequence DESC LIMIT 1 OFFSET ?`,
    );
    const matching = this.#database.prepare(
      `SELECT ${COLUMNS} ${inWindow}${filters.conditions} ORDER BY sequence DESC LIMIT ?`,
    );
    const deadline = new Deadline();
    const found: CallRecord[] = [];
    let { below } = range;
    for (let window = FIRST_WINDOW; found.length < limit; window = larger(window)) {
      const end = windowEnd.get(...lead.values, range.above, below, window);
      const above = end === undefined ? range.above : Number(end["sequence"]);
      const left = limit - found.length;
      const rows = matching.all(...lead.values, above, below, ...filters.values, left);
      for (const row of rows) found.push(callOf(row));
      if (end === undefined) break;
      below = above + 1;
      deadline.rows(window);
    }
    return found;
  }
}

function larger(window: number): number {
  return Math.min(window * 4, LARGEST_WINDOW);
}

/**
 * 5xx, 429, gone before the answer, or refused by the gateway: as the gateway's own isFailedCall(),
 * the import of which would load the whole gateway into every storage thread.
 */
function hasFailed({ status, code }: CallRecord): boolean {
  return status >= 499 || status === 429 || code !== null;
}

type Values = readonly (string | number)[];

function leadingIndex(
  namespace: string,
  query: CallQuery,
): { readonly index: string; readonly condition: string; readonly values: Values } {
  // Rarest first: one trace is a handful of calls, and few of an agent's or a service's fail.
  for (const [index, condition, value] of [
    ["calls_by_trace", "trace_id = ?", query.traceId],
    // Partial indexes are used only when their condition stands in the text, not as a parameter.
    ["calls_failed", "failed = 1 AND ?", query.failed === true ? 1 : undefined],
    ["calls_by_agent", "agent_id = ?", query.agentId],
    ["calls_by_service", "service_id = ?", query.serviceId],
  ] as const) {
    if (value === undefined) continue;
    return { index, condition: `namespace = ? AND ${condition}`, values: [namespace, value] };
  }
  return { index: "calls_by_sequence", condition: "namespace = ?", values: [namespace] };
}

function filtersOf(query: CallQuery): { readonly conditions: string; readonly values: Values } {
  const [lowest, highest] = statusRange(query.status);
  let conditions = "";
  const values: (string | number)[] = [];
  for (const [condition, value] of [
    ["service_id = ?", query.serviceId],
    ["agent_id = ?", query.agentId],
    ["trace_id = ?", query.traceId],
    ["method = ?", query.method?.toUpperCase()],
    ["failed = ?", query.failed === undefined ? undefined : Number(query.failed)],
    ["status >= ?", lowest],
    ["status <= ?", highest],
    ["duration >= ?", query.minDurationMs],
    ["at >= ?", query.fromMs],
    ["at < ?", query.toMs],
    ["instr(lower(path), ?)", query.text?.toLowerCase()],
  ] as const) {
    if (value === undefined) continue;
    conditions += ` AND ${condition}`;
    values.push(value);
  }
  return { conditions, values };
}

/** `404` or a class, `4xx`; nothing has a status of other text. */
function statusRange(status: string | undefined): [number | undefined, number | undefined] {
  if (status === undefined) return [undefined, undefined];
  const digit = /^([1-9])xx$/i.exec(status)?.[1];
  if (digit !== undefined) return [Number(digit) * 100, Number(digit) * 100 + 99];
  const exact = /^[1-9]\d\d$/.test(status) ? Number(status) : -1;
  return [exact, exact];
}

function callOf(row: object): CallRecord {
  return trusted<CallRecord>({ ...row });
}
