// High-water marks (the highest sequence of a namespace, the highest event id) that must outlive
// the rows they come from. Written once per commit, however many records moved them.

import type { Database } from "./database.ts";

/** Marks that only rise. */
export class Counters {
  readonly #database: Database;
  readonly #raised = new Map<string, readonly [namespace: string, name: string, value: number]>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Notes a value; {@link flush} stores it if it is the highest so far. */
  raise(namespace: string, name: string, value: number): void {
    const key = `${name} ${namespace}`;
    const known = this.#raised.get(key);
    if (known === undefined || known[2] < value) this.#raised.set(key, [namespace, name, value]);
  }

  /** Stores what was noted; part of the transaction that wrote the records. */
  flush(): void {
    if (this.#raised.size === 0) return;
    const upsert = this.#database.prepare(
      `INSERT INTO counters (namespace, name, value) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`,
    );
    for (const mark of this.#raised.values()) upsert.run(...mark);
    this.#raised.clear();
  }

  /** Drops what was noted, after a rollback. */
  discard(): void {
    this.#raised.clear();
  }
}

/** A stored mark; 0 when there is none. */
export function readCounter(database: Database, namespace: string, name: string): number {
  const row = database
    .prepare("SELECT value FROM counters WHERE namespace = ? AND name = ?")
    .get(namespace, name);
  return Number(row?.["value"] ?? 0);
}
