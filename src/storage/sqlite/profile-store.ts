// ProfileStore over series.db: the synchronous half, which the series thread uses, and the store
// for the calling thread. Data stand in a table of their own, so that lists never read them.

import type {
  ProfileQuery,
  ProfileRecord,
  ProfileRetention,
  ProfileStore,
  SpanPage,
  SpanQuery,
  SpanRecord,
} from "../../profiler/index.ts";
import { storageLimits } from "../limits.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";
import { pageSize } from "./deadline.ts";
import { SpanTables } from "./span-tables.ts";
import { runSteps } from "./transactions.ts";
import { trusted } from "./trusted.ts";

const COLUMNS = `id, namespace, agent_id AS agentId, kind, state, by, requested_at AS requestedAtMs,
  started_at AS startedAtMs, ended_at AS endedAtMs, seconds, runtime, reason, samples, bytes`;

const UPSERT_PROFILE = `INSERT INTO profiles
    (namespace, id, agent_id, kind, state, by, requested_at, started_at, ended_at, seconds,
     runtime, reason, samples, bytes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (namespace, id) DO UPDATE SET agent_id = excluded.agent_id, kind = excluded.kind,
    state = excluded.state, by = excluded.by, requested_at = excluded.requested_at,
    started_at = excluded.started_at, ended_at = excluded.ended_at, seconds = excluded.seconds,
    runtime = excluded.runtime, reason = excluded.reason, samples = excluded.samples,
    bytes = excluded.bytes
  RETURNING row_id`;

/** Synchronous access to spans and profiles. */
export class ProfileTables {
  readonly spans: SpanTables;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    this.spans = new SpanTables(database);
  }

  put(record: ProfileRecord, data?: Uint8Array): void {
    const row = this.#database
      .prepare(UPSERT_PROFILE)
      .get(
        record.namespace,
        record.id,
        record.agentId,
        record.kind,
        record.state,
        record.by,
        record.requestedAtMs,
        record.startedAtMs,
        record.endedAtMs,
        record.seconds,
        record.runtime,
        record.reason,
        record.samples,
        record.bytes,
      );
    if (data === undefined) return;
    this.#database
      .prepare("INSERT OR REPLACE INTO profile_data (profile_row, data) VALUES (?, ?)")
      .run(row?.["row_id"] ?? null, data);
  }

  profile(namespace: string, id: string): ProfileRecord | undefined {
    const row = this.#database
      .prepare(`SELECT ${COLUMNS} FROM profiles WHERE namespace = ? AND id = ?`)
      .get(namespace, id);
    return row === undefined ? undefined : trusted<ProfileRecord>({ ...row });
  }

  data(namespace: string, id: string): Uint8Array | undefined {
    const row = this.#database
      .prepare(
        `SELECT data FROM profiles JOIN profile_data ON profile_row = row_id
         WHERE namespace = ? AND id = ?`,
      )
      .get(namespace, id);
    return row === undefined ? undefined : trusted<Uint8Array>(row["data"]);
  }

  profiles(namespace: string, query: ProfileQuery): readonly ProfileRecord[] {
    const conditions = ["namespace = ?"];
    const values: (string | number | null)[] = [namespace];
    for (const [condition, value] of [
      ["agent_id IS ?", query.agentId],
      ["kind = ?", query.kind],
      ["state = ?", query.state],
      ["requested_at >= ?", query.fromMs],
      ["requested_at < ?", query.toMs],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(condition);
      values.push(value);
    }
    if (query.after !== undefined) {
      conditions.push("(requested_at, id) < (?, ?)");
      values.push(query.after.requestedAtMs, query.after.id);
    }
    return this.#database
      .prepare(
        `SELECT ${COLUMNS} FROM profiles INDEXED BY profiles_by_time
         WHERE ${conditions.join(" AND ")} ORDER BY requested_at DESC, id DESC LIMIT ?`,
      )
      .all(...values, pageSize(query.limit, 100, storageLimits.listedRows.value))
      .map((row) => trusted<ProfileRecord>({ ...row }));
  }

  deleteOne(namespace: string, id: string): boolean {
    const removed = this.#database
      .prepare("DELETE FROM profiles WHERE namespace = ? AND id = ?")
      .run(namespace, id);
    return Number(removed.changes) > 0;
  }

  *prune(
    namespace: string,
    retention: ProfileRetention,
  ): Steps<{ readonly spans: number; readonly profiles: number }> {
    const spans = yield* this.spans.prune(namespace, retention);
    let profiles = yield* this.#forgetOldest(
      namespace,
      "TRUE",
      ({ requestedAtMs }) => requestedAtMs < retention.profilesBeforeMs,
    );
    let over = this.#sum(namespace, "count(*)") - retention.keepProfiles;
    profiles += yield* this.#forgetOldest(
      namespace,
      "state IN ('done', 'failed')",
      () => over-- > 0,
    );
    let excess = this.#sum(namespace, "sum(bytes)") - retention.profileBytes;
    // One that has no data (asked for, running, failed) makes no room by going.
    profiles += yield* this.#forgetOldest(namespace, "bytes > 0", ({ bytes }) => {
      const goes = excess > 0;
      excess -= bytes;
      return goes;
    });
    return { spans, profiles };
  }

  *delete(namespace: string): Steps<undefined> {
    yield* this.spans.delete(namespace);
    yield* this.#forgetOldest(namespace, "TRUE", () => true);
    return undefined;
  }

  #sum(namespace: string, what: "count(*)" | "sum(bytes)"): number {
    const row = this.#database
      .prepare(`SELECT ${what} AS total FROM profiles WHERE namespace = ?`)
      .get(namespace);
    return Number(row?.["total"] ?? 0);
  }

  /**
   * Walks profiles, oldest first, each in a step of its own: its data may be large.
   * @param condition which are looked at.
   * @param goes false ends the walk.
   */
  *#forgetOldest(
    namespace: string,
    condition: string,
    goes: (profile: { requestedAtMs: number; bytes: number }) => boolean,
  ): Steps<number> {
    const oldest = this.#database.prepare(
      `SELECT row_id AS rowId, requested_at AS requestedAtMs, bytes
       FROM profiles INDEXED BY profiles_by_time
       WHERE namespace = ? AND (requested_at, row_id) > (?, ?) AND ${condition}
       ORDER BY requested_at, row_id LIMIT 1`,
    );
    const remove = this.#database.prepare("DELETE FROM profiles WHERE row_id = ?");
    let profiles = 0;
    // What was passed is not looked at again.
    let last = { requestedAtMs: -Number.MAX_VALUE, rowId: 0 };
    for (;;) {
      const found = oldest.get(namespace, last.requestedAtMs, last.rowId);
      if (found === undefined) return profiles;
      const row = trusted<typeof last & { bytes: number }>(found);
      if (!goes(row)) return profiles;
      profiles += Number(remove.run(row.rowId).changes);
      last = row;
      yield;
    }
  }
}

/**
 * Keeps spans and profiles in a series database, on the calling thread.
 *
 * @example
 * import { openSeries } from "agent-cellphone";
 *
 * using database = openSeries(":memory:");
 * const store = new SqliteProfileStore(database);
 * console.assert((await store.spans("default", { name: "sort" })).length === 0);
 */
export class SqliteProfileStore implements ProfileStore {
  readonly #database: Database;
  readonly #tables: ProfileTables;

  /** @param database from {@link openSeries}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#tables = new ProfileTables(database);
  }

  async appendSpans(namespace: string, spans: readonly SpanRecord[]): Promise<void> {
    this.#database.transaction(() => this.#tables.spans.append(namespace, spans));
  }

  async spans(namespace: string, query: SpanQuery): Promise<readonly SpanRecord[]> {
    return this.#tables.spans.spans(namespace, query);
  }

  async spanPage(namespace: string, query: SpanQuery, after?: string): Promise<SpanPage> {
    return this.#tables.spans.page(namespace, query, after);
  }

  async putProfile(record: ProfileRecord, data?: Uint8Array): Promise<void> {
    this.#database.transaction(() => this.#tables.put(record, data));
  }

  async profile(namespace: string, id: string): Promise<ProfileRecord | undefined> {
    return this.#tables.profile(namespace, id);
  }

  async profileData(namespace: string, id: string): Promise<Uint8Array | undefined> {
    return this.#tables.data(namespace, id);
  }

  async profiles(namespace: string, query: ProfileQuery): Promise<readonly ProfileRecord[]> {
    return this.#tables.profiles(namespace, query);
  }

  async deleteProfile(namespace: string, id: string): Promise<boolean> {
    return this.#database.transaction(() => this.#tables.deleteOne(namespace, id));
  }

  async pruneProfiles(
    namespace: string,
    retention: ProfileRetention,
  ): Promise<{ readonly spans: number; readonly profiles: number }> {
    return runSteps(this.#database, this.#tables.prune(namespace, retention));
  }

  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#tables.delete(namespace));
  }
}
