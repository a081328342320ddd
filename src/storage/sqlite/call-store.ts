// CallStore over series.db on the calling thread; the server goes through threads/SeriesClient.

import type { CallQuery, CallRecord, CallRetention, CallStore } from "../../gateway/index.ts";
import { CallTables } from "./call-tables.ts";
import type { NumberedCall } from "./call-tables.ts";
import { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { runSteps, writeWith } from "./transactions.ts";

/**
 * Keeps the gateway's call history in a series database.
 *
 * @example
 * import { openSeries } from "agent-cellphone";
 *
 * using database = openSeries(":memory:");
 * const store = new SqliteCallStore(database);
 * console.assert((await store.calls("default", { failed: true })).length === 0);
 */
export class SqliteCallStore implements CallStore {
  readonly #database: Database;
  readonly #counters: Counters;
  readonly #tables: CallTables;

  /** @param database from {@link openSeries}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#counters = new Counters(database);
    this.#tables = new CallTables(database, this.#counters);
  }

  async appendCalls(namespace: string, calls: readonly NumberedCall[]): Promise<void> {
    writeWith(this.#database, this.#counters, () => this.#tables.append(namespace, calls));
  }

  async calls(namespace: string, query: CallQuery): Promise<readonly CallRecord[]> {
    return this.#tables.calls(namespace, query);
  }

  async call(namespace: string, id: string): Promise<CallRecord | undefined> {
    return this.#tables.call(namespace, id);
  }

  async lastCallSequence(namespace: string): Promise<number> {
    return this.#tables.lastSequence(namespace);
  }

  async pruneCalls(
    namespace: string,
    retention: CallRetention,
  ): Promise<{ readonly calls: number }> {
    return runSteps(this.#database, this.#tables.prune(namespace, retention));
  }

  /** Forgets the namespace's calls. */
  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#tables.delete(namespace));
  }
}
