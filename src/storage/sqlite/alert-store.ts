// AlertStore over ledger.db: the synchronous half, which the ledger thread uses, and the store
// for the calling thread. What is searched for stands in columns, the whole alert in one of JSON.

import type { Alert, AlertQuery, AlertRetention, AlertStore } from "../../dashboard/index.ts";
import { storageLimits } from "../limits.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { Deadline, pageSize } from "./deadline.ts";
import { runSteps } from "./transactions.ts";
import { parsedColumn } from "./trusted.ts";

const STEP_ROWS = storageLimits.stepRows.value;

const UPSERT_ALERT = `INSERT INTO alerts
    (namespace, id, state, level, rule, source, trace_id, starts_at, ends_at, acknowledged, alert)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (namespace, id) DO UPDATE SET state = excluded.state, level = excluded.level,
    rule = excluded.rule, source = excluded.source, trace_id = excluded.trace_id,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    acknowledged = excluded.acknowledged, alert = excluded.alert
  RETURNING row_id`;

/** Synchronous access to alerts. */
export class AlertTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(namespace: string, alerts: readonly Alert[]): void {
    const upsert = this.#database.prepare(UPSERT_ALERT);
    for (const alert of alerts) {
      const { state, endsAtMs, updatedAtMs } = alert;
      const row = upsert.get(
        namespace,
        alert.id,
        state,
        alert.level,
        alert.rule,
        alert.source,
        alert.traceId,
        alert.startsAtMs,
        endsAtMs ?? (state === "resolved" ? updatedAtMs : null),
        alert.acknowledged === null ? 0 : 1,
        JSON.stringify(alert),
      );
      this.#putAgents(namespace, Number(row?.["row_id"]), alert.agentIds);
    }
  }

  alert(namespace: string, id: string): Alert | undefined {
    const row = this.#database
      .prepare("SELECT id, alert FROM alerts WHERE namespace = ? AND id = ?")
      .get(namespace, id);
    return row === undefined ? undefined : alertOf(row);
  }

  alerts(namespace: string, query: AlertQuery): readonly Alert[] {
    const limit = pageSize(query.limit, 100, storageLimits.listedRows.value);
    const found: Alert[] = [];
    if (limit === 0) return found;
    const { sql, values } = selection(namespace, query);
    const text = query.text?.toLowerCase();
    const deadline = new Deadline();
    this.#database.snapshot(() => {
      for (const row of this.#database.prepare(sql).iterate(...values)) {
        deadline.row();
        const alert = alertOf(row);
        if (text !== undefined && !alert.message.toLowerCase().includes(text)) continue;
        found.push(alert);
        if (found.length >= limit) break;
      }
    });
    return found;
  }

  *prune(namespace: string, retention: AlertRetention): Steps<{ readonly alerts: number }> {
    let alerts = yield* this.#forget(
      `SELECT row_id FROM alerts INDEXED BY alerts_resolved
       WHERE namespace = ? AND state = 'resolved' AND ends_at < ? LIMIT ${STEP_ROWS}`,
      namespace,
      retention.beforeMs,
    );
    alerts += yield* this.#forget(
      `SELECT row_id FROM alerts INDEXED BY alerts_resolved
       WHERE namespace = ? AND state = 'resolved'
       ORDER BY ends_at DESC, id DESC LIMIT ${STEP_ROWS} OFFSET ?`,
      namespace,
      retention.keep,
    );
    return { alerts };
  }

  *delete(namespace: string): Steps<undefined> {
    yield* this.#forget(
      `SELECT row_id FROM alerts WHERE namespace = ? LIMIT ${STEP_ROWS}`,
      namespace,
    );
    return undefined;
  }

  /** Repeats a search for alerts to forget until it finds none; the number of those forgotten. */
  *#forget(search: string, ...values: readonly (string | number)[]): Steps<number> {
    const removeAgents = this.#database.prepare("DELETE FROM alert_agents WHERE alert_row = ?");
    const remove = this.#database.prepare("DELETE FROM alerts WHERE row_id = ?");
    for (let alerts = 0; ;) {
      const rows = this.#database.prepare(search).all(...values);
      for (const { row_id: row = null } of rows) {
        removeAgents.run(row);
        remove.run(row);
      }
      alerts += rows.length;
      if (rows.length < STEP_ROWS) return alerts;
      yield;
    }
  }

  #putAgents(namespace: string, alertRow: number, agentIds: readonly string[]): void {
    this.#database
      .prepare(
        `DELETE FROM alert_agents WHERE alert_row = ?
           AND agent_id NOT IN (SELECT value FROM json_each(?))`,
      )
      .run(alertRow, JSON.stringify(agentIds));
    const insert = this.#database.prepare(
      "INSERT OR IGNORE INTO alert_agents (namespace, agent_id, alert_row) VALUES (?, ?, ?)",
    );
    for (const agentId of agentIds) insert.run(namespace, agentId, alertRow);
  }
}

/** Firing first, then the newest; an agent's or a trace's are few and are sorted. */
function selection(
  namespace: string,
  query: AlertQuery,
): { readonly sql: string; readonly values: readonly (string | number)[] } {
  const conditions = ["a.namespace = ?"];
  const values: (string | number)[] = [namespace];
  const hold = (condition: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  let from = "alerts a INDEXED BY alerts_by_time";
  if (query.agentId !== undefined) {
    from = "alert_agents g CROSS JOIN alerts a ON a.row_id = g.alert_row";
    hold("g.namespace = ?", namespace);
    hold("g.agent_id = ?", query.agentId);
  } else if (query.traceId !== undefined) from = "alerts a INDEXED BY alerts_by_trace";
  hold("a.trace_id = ?", query.traceId);
  hold("a.state = ?", query.state);
  hold("a.level = ?", query.level);
  hold("a.rule = ?", query.rule);
  hold("a.source = ?", query.source);
  const { acknowledged } = query;
  hold("a.acknowledged = ?", acknowledged === undefined ? undefined : Number(acknowledged));
  hold("ifnull(a.ends_at, 9e999) >= ?", query.fromMs);
  hold("a.starts_at < ?", query.toMs);
  if (query.after !== undefined) {
    const { state, startsAtMs, id } = query.after;
    conditions.push("a.state >= ?", "(a.state > ? OR (a.starts_at, a.id) < (?, ?))");
    values.push(state, state, startsAtMs, id);
    // Said once more without the OR, so that the index leads to the place.
    if (query.state === state) hold("a.starts_at <= ?", startsAtMs);
  }
  const sql = `SELECT a.id, a.alert FROM ${from} WHERE ${conditions.join(" AND ")}
    ORDER BY a.state, a.starts_at DESC, a.id DESC`;
  return { sql, values };
}

function alertOf(row: Record<string, unknown>): Alert {
  return parsedColumn<Alert>(row["alert"], `alert "${String(row["id"])}"`);
}

/**
 * Keeps alerts in a ledger database, on the calling thread.
 *
 * @example
 * import { openLedger } from "agent-cellphone";
 *
 * using database = openLedger(":memory:");
 * const store = new SqliteAlertStore(database);
 * console.assert((await store.alerts("default", { state: "firing" })).length === 0);
 */
export class SqliteAlertStore implements AlertStore {
  readonly #database: Database;
  readonly #tables: AlertTables;

  /** @param database from {@link openLedger}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#tables = new AlertTables(database);
  }

  async putAlerts(namespace: string, alerts: readonly Alert[]): Promise<void> {
    this.#database.transaction(() => this.#tables.put(namespace, alerts));
  }

  async alerts(namespace: string, query: AlertQuery): Promise<readonly Alert[]> {
    return this.#tables.alerts(namespace, query);
  }

  async alert(namespace: string, id: string): Promise<Alert | undefined> {
    return this.#tables.alert(namespace, id);
  }

  async pruneAlerts(
    namespace: string,
    retention: AlertRetention,
  ): Promise<{ readonly alerts: number }> {
    return runSteps(this.#database, this.#tables.prune(namespace, retention));
  }

  /** Forgets the namespace's alerts. */
  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#tables.delete(namespace));
  }
}
