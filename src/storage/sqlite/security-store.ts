// SecurityStore over ledger.db: the synchronous halves, which the ledger thread uses, and the
// store for the calling thread.

import type {
  AuditEntry,
  AuditQuery,
  Credential,
  NamespaceRecord,
  SecurityStore,
} from "../../security/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { pageSize } from "./deadline.ts";
import { runSteps } from "./transactions.ts";
import { parsedColumn, trusted } from "./trusted.ts";

const STEP_ROWS = storageLimits.stepRows.value;

/** Synchronous access to identities, namespaces and the audit log. */
export class SecurityTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  putCredential(credential: Credential): void {
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO credentials (id, kind, secret_hash, namespace, agent_id,
           enrolment_id, created_at, expires_at, revoked_at, revoked_reason, note)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        credential.id,
        credential.kind,
        credential.secretHash,
        credential.namespace,
        credential.agentId,
        credential.enrolmentId,
        credential.createdAtMs,
        credential.expiresAtMs,
        credential.revokedAtMs,
        credential.revokedReason,
        credential.note,
      );
  }

  credentials(): readonly Credential[] {
    const rows = this.#database
      .prepare(
        `SELECT id, kind, secret_hash AS secretHash, namespace, agent_id AS agentId,
           enrolment_id AS enrolmentId, created_at AS createdAtMs, expires_at AS expiresAtMs,
           revoked_at AS revokedAtMs, revoked_reason AS revokedReason, note
         FROM credentials ORDER BY created_at, id`,
      )
      .all();
    return rows.map((row) => trusted<Credential>({ ...row }));
  }

  appendAudit(entries: readonly AuditEntry[]): void {
    const insert = this.#database.prepare(
      `INSERT INTO audit (id, at, namespace, actor, via, action, resource, outcome, reason,
         details, traceparent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const entry of entries) {
      insert.run(
        entry.id,
        entry.atMs,
        entry.namespace,
        entry.actor,
        entry.via,
        entry.action,
        entry.resource,
        entry.outcome,
        entry.reason,
        JSON.stringify(entry.details),
        entry.traceparent,
      );
    }
  }

  audit(query: AuditQuery): readonly AuditEntry[] {
    const conditions = ["1"];
    const values: (string | number)[] = [];
    for (const column of ["namespace", "action", "actor", "outcome"] as const) {
      const value = query[column];
      if (value === undefined) continue;
      conditions.push(`${column} = ?`);
      values.push(value);
    }
    if (query.traceId !== undefined) {
      conditions.push("trace_id = ?");
      values.push(query.traceId);
    }
    if (query.beforeId !== undefined) {
      conditions.push("row_id < (SELECT row_id FROM audit WHERE id = ?)");
      values.push(query.beforeId);
    }
    const rows = this.#database
      .prepare(
        `SELECT id, at AS atMs, namespace, actor, via, action, resource, outcome, reason, details,
           traceparent FROM audit ${query.traceId === undefined ? "" : "INDEXED BY audit_by_trace"}
         WHERE ${conditions.join(" AND ")}
         ORDER BY row_id DESC LIMIT ?`,
      )
      .all(...values, pageSize(query.limit, 100, storageLimits.listedRows.value));
    return rows.map((row) => {
      return trusted<AuditEntry>({ ...row, details: parsedColumn(row["details"]) });
    });
  }

  putNamespace(record: NamespaceRecord): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO namespaces (name, created_at, config) VALUES (?, ?, ?)")
      .run(record.name, record.createdAtMs, JSON.stringify(record.config));
  }

  namespaces(): readonly NamespaceRecord[] {
    const rows = this.#database.prepare("SELECT * FROM namespaces ORDER BY created_at, name").all();
    return rows.map((row) => ({
      name: String(row["name"]),
      createdAtMs: Number(row["created_at"]),
      config: parsedColumn(row["config"]),
    }));
  }

  *delete(namespace: string): Steps<undefined> {
    yield* deleteSteps(
      this.#database,
      `DELETE FROM credentials WHERE id IN (
         SELECT id FROM credentials WHERE namespace = ? LIMIT ${STEP_ROWS})`,
      namespace,
    );
    this.#database.prepare("DELETE FROM namespaces WHERE name = ?").run(namespace);
    return undefined;
  }

  *prune(beforeMs: number): Steps<undefined> {
    yield* deleteSteps(
      this.#database,
      `DELETE FROM credentials WHERE id IN (
         SELECT id FROM credentials WHERE expires_at < ?1 OR revoked_at < ?1 LIMIT ${STEP_ROWS})`,
      beforeMs,
    );
    yield* deleteSteps(
      this.#database,
      `DELETE FROM audit WHERE row_id IN (
         SELECT row_id FROM audit INDEXED BY audit_by_time WHERE at < ? LIMIT ${STEP_ROWS})`,
      beforeMs,
    );
    return undefined;
  }
}

/** Keeps identities and the audit log in a ledger database, on the calling thread. */
export class SqliteSecurityStore implements SecurityStore {
  readonly #database: Database;
  readonly #tables: SecurityTables;

  /** @param database from {@link openLedger}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#tables = new SecurityTables(database);
  }

  async putCredential(credential: Credential): Promise<void> {
    this.#database.transaction(() => this.#tables.putCredential(credential));
  }

  async credentials(): Promise<readonly Credential[]> {
    return this.#tables.credentials();
  }

  async appendAudit(entries: readonly AuditEntry[]): Promise<void> {
    this.#database.transaction(() => this.#tables.appendAudit(entries));
  }

  async audit(query: AuditQuery): Promise<readonly AuditEntry[]> {
    return this.#tables.audit(query);
  }

  async putNamespace(record: NamespaceRecord): Promise<void> {
    this.#database.transaction(() => this.#tables.putNamespace(record));
  }

  async namespaces(): Promise<readonly NamespaceRecord[]> {
    return this.#tables.namespaces();
  }

  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#tables.delete(namespace));
  }

  async prune(beforeMs: number): Promise<void> {
    runSteps(this.#database, this.#tables.prune(beforeMs));
  }
}
