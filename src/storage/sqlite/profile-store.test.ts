import assert from "node:assert/strict";
import { test } from "node:test";

import type { ProfileRecord } from "../../profiler/index.ts";
import { profileStoreContract } from "../../profiler/store-contract.ts";
import { temporaryDatabase } from "../test-support/temporary-database.ts";
import { openSeries } from "./open.ts";
import { ProfileTables, SqliteProfileStore } from "./profile-store.ts";

profileStoreContract("SqliteProfileStore in memory", () => {
  const database = openSeries(":memory:");
  return { store: new SqliteProfileStore(database), close: () => database.close() };
});

profileStoreContract(
  "SqliteProfileStore in a file",
  () => temporaryDatabase(openSeries, (database) => new SqliteProfileStore(database)),
  { durable: true },
);

const PROFILE: ProfileRecord = {
  id: "prof_1",
  namespace: "default",
  agentId: null,
  kind: "cpu",
  state: "done",
  by: "admin",
  requestedAtMs: 1000,
  startedAtMs: null,
  endedAtMs: null,
  seconds: 1,
  runtime: null,
  reason: null,
  samples: 1,
  bytes: 5000,
};

test("SqliteProfileStore.pruneProfiles() by size leaves profiles that hold no bytes", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteProfileStore(database);
  await store.putProfile({ ...PROFILE, id: "running", state: "running", bytes: 0 });
  await store.putProfile({ ...PROFILE, id: "done", requestedAtMs: 2000 }, new Uint8Array(5000));
  const pruned = await store.pruneProfiles("default", {
    spansBeforeMs: 0,
    keepSpans: 10,
    profilesBeforeMs: 0,
    keepProfiles: 10,
    profileBytes: 100,
  });
  assert.deepEqual(pruned, { spans: 0, profiles: 1 });
  const [left] = await store.profiles("default", {});
  assert.equal(left?.id, "running");
});

test("SqliteProfileStore.deleteProfile() and its pruning leave no data behind", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteProfileStore(database);
  const stored = (): unknown =>
    database.prepare("SELECT count(*) AS n FROM profile_data").get()?.["n"];
  for (const id of ["a", "b", "c"]) await store.putProfile({ ...PROFILE, id }, new Uint8Array(9));
  await store.deleteProfile("default", "a");
  assert.equal(stored(), 2);
  await store.deleteNamespace("default");
  assert.equal(stored(), 0);
});

test("ProfileTables.prune() forgets one profile in each step, and reads no more of them", () => {
  using database = openSeries(":memory:");
  const tables = new ProfileTables(database);
  for (let index = 0; index < 50; index++) {
    tables.put({ ...PROFILE, id: `prof_${index}`, requestedAtMs: index, state: "failed" });
  }
  const left = (): unknown => database.prepare("SELECT count(*) AS n FROM profiles").get()?.["n"];
  const retention = { profilesBeforeMs: 10, keepProfiles: 20, profileBytes: 1e9 };
  const steps = tables.prune("default", retention);
  for (let gone = 1; gone <= 30; gone++) {
    assert.equal(steps.next().done, false);
    assert.equal(left(), 50 - gone);
  }
  assert.deepEqual(steps.next(), { done: true, value: { spans: 0, profiles: 30 } });
});

test("SqliteProfileStore.spans() answers from an index, without sorting", async () => {
  using database = openSeries(":memory:");
  const plans: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    if (sql.startsWith("SELECT * FROM spans")) {
      const unbound = Array.from({ length: sql.split("?").length - 1 }, () => null);
      const rows = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...unbound);
      plans.push(...rows.map((row) => String(row["detail"])));
    }
    return prepare(sql);
  };
  const store = new SqliteProfileStore(database);
  const queries = [{}, { traceId: "t" }, { agentId: "a", name: "n" }, { agentId: null, fromMs: 1 }];
  for (const query of queries) await store.spans("default", query);
  assert.equal(plans.length, queries.length);
  for (const plan of plans) assert.doesNotMatch(plan, /^SCAN|TEMP B-TREE/, plan);
});
