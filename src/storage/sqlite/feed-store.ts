// FeedStore over ledger.db: the synchronous half, which the ledger thread uses, and the store for
// the calling thread.

import type { FeedEvent, FeedStore } from "../../dashboard/index.ts";
import { storageLimits } from "../limits.ts";
import { deleteSteps } from "./communication-maintenance.ts";
import type { Steps } from "./communication-maintenance.ts";
import { Counters, readCounter } from "./counters.ts";
import type { Database } from "./database.ts";
import { pageSize } from "./deadline.ts";
import { runSteps, writeWith } from "./transactions.ts";
import { trusted } from "./trusted.ts";

/** Trimming costs a walk over the tail, so it is done once per this many events. */
const EVENTS_BETWEEN_TRIMS = 256;

/** What a reader of the feed asks for. */
export type FeedQuery = Parameters<FeedStore["events"]>[1];

/** Synchronous access to the feed. */
export class FeedTables {
  readonly #database: Database;
  readonly #counters: Counters;
  readonly #sinceTrim = new Map<string, number>();

  constructor(database: Database, counters: Counters) {
    this.#database = database;
    this.#counters = counters;
  }

  append(namespace: string, events: readonly FeedEvent[]): void {
    const insert = this.#database.prepare(
      `INSERT INTO events (namespace, id, at, kind, level, agent_id, text)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const event of events) {
      insert.run(
        namespace,
        event.id,
        event.atMs,
        event.kind,
        event.level,
        event.agentId,
        event.text,
      );
      this.#counters.raise("", "event", event.id);
    }
    // Starts as if due, so that a restart cannot postpone the trim for ever.
    const since = (this.#sinceTrim.get(namespace) ?? EVENTS_BETWEEN_TRIMS) + events.length;
    this.#sinceTrim.set(namespace, since);
    if (since < EVENTS_BETWEEN_TRIMS) return;
    this.#sinceTrim.set(namespace, 0);
    this.#database
      .prepare(
        `DELETE FROM events WHERE namespace = ?1 AND id <= (
           SELECT id FROM events WHERE namespace = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
      )
      .run(namespace, storageLimits.storedEvents.value);
  }

  events(namespace: string, query: FeedQuery): readonly FeedEvent[] {
    const { afterId, agentId } = query;
    const conditions = ["namespace = ?"];
    const values: (string | number)[] = [namespace];
    if (agentId !== undefined) {
      conditions.push("agent_id = ?");
      values.push(agentId);
    }
    if (afterId !== undefined) {
      conditions.push("id > ?");
      values.push(afterId);
    }
    const rows = this.#database
      .prepare(
        `SELECT id, at AS atMs, kind, level, agent_id AS agentId, text FROM events
         WHERE ${conditions.join(" AND ")}
         ORDER BY id ${afterId === undefined ? "DESC" : "ASC"} LIMIT ?`,
      )
      .all(...values, pageSize(query.limit, 100, storageLimits.listedRows.value));
    const events = rows.map((row) => trusted<FeedEvent>({ ...row }));
    return afterId === undefined ? events.toReversed() : events;
  }

  lastEventId(): number {
    return readCounter(this.#database, "", "event");
  }

  *delete(namespace: string): Steps<undefined> {
    this.#sinceTrim.delete(namespace);
    yield* deleteSteps(
      this.#database,
      `DELETE FROM events WHERE namespace = ?1 AND id IN (
         SELECT id FROM events WHERE namespace = ?1 LIMIT ${storageLimits.stepRows.value})`,
      namespace,
    );
    return undefined;
  }
}

/** Keeps the events feed in a ledger database, on the calling thread. */
export class SqliteFeedStore implements FeedStore {
  readonly #database: Database;
  readonly #counters: Counters;
  readonly #tables: FeedTables;

  /** @param database from {@link openLedger}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#counters = new Counters(database);
    this.#tables = new FeedTables(database, this.#counters);
  }

  async appendEvents(namespace: string, events: readonly FeedEvent[]): Promise<void> {
    writeWith(this.#database, this.#counters, () => this.#tables.append(namespace, events));
  }

  async events(namespace: string, query: FeedQuery): Promise<readonly FeedEvent[]> {
    return this.#tables.events(namespace, query);
  }

  async lastEventId(): Promise<number> {
    return this.#tables.lastEventId();
  }

  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#tables.delete(namespace));
  }
}
