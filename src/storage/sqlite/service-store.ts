// ServiceStore over ledger.db: the synchronous half, which the ledger thread uses, and the store
// for the calling thread.

import type { ServiceRecord, ServiceStore } from "../../gateway/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { runSteps } from "./transactions.ts";
import { parsedColumn } from "./trusted.ts";

/** Synchronous access to the gateway's services. */
export class ServiceTables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(record: ServiceRecord): void {
    this.#database
      .prepare(
        "INSERT OR REPLACE INTO services (namespace, id, position, service) VALUES (?, ?, ?, ?)",
      )
      .run(record.namespace, record.id, record.position, JSON.stringify(record));
  }

  deleteOne(namespace: string, serviceId: string): void {
    this.#database
      .prepare("DELETE FROM services WHERE namespace = ? AND id = ?")
      .run(namespace, serviceId);
  }

  services(namespace: string): readonly ServiceRecord[] {
    return this.#database
      .prepare("SELECT id, service FROM services WHERE namespace = ? ORDER BY position, id")
      .all(namespace)
      .map((row) => parsedColumn<ServiceRecord>(row["service"], `service "${String(row["id"])}"`));
  }

  *delete(namespace: string): Steps<undefined> {
    yield* deleteSteps(
      this.#database,
      `DELETE FROM services WHERE namespace = ?1 AND id IN (
         SELECT id FROM services WHERE namespace = ?1 LIMIT ${storageLimits.stepRows.value})`,
      namespace,
    );
    return undefined;
  }
}

/**
 * Keeps the gateway's services in a ledger database, on the calling thread.
 *
 * @example
 * import { openLedger } from "agent-cellphone";
 *
 * using database = openLedger(":memory:");
 * const store = new SqliteServiceStore(database);
 * console.assert((await store.services("default")).length === 0);
 */
export class SqliteServiceStore implements ServiceStore {
  readonly #database: Database;
  readonly #tables: ServiceTables;

  /** @param database from {@link openLedger}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#tables = new ServiceTables(database);
  }

  async services(namespace: string): Promise<readonly ServiceRecord[]> {
    return this.#tables.services(namespace);
  }

  async putService(record: ServiceRecord): Promise<void> {
    this.#database.transaction(() => this.#tables.put(record));
  }

  async deleteService(namespace: string, serviceId: string): Promise<void> {
    this.#database.transaction(() => this.#tables.deleteOne(namespace, serviceId));
  }

  /** Forgets the namespace's services. */
  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#tables.delete(namespace));
  }
}
