import assert from "node:assert/strict";
import { test } from "node:test";

import { callOf, callStoreContract } from "../../gateway/call-store-contract.ts";
import type { CallQuery } from "../../gateway/index.ts";
import { temporaryDatabase } from "../test-support/temporary-database.ts";
import { SqliteCallStore } from "./call-store.ts";
import { openSeries } from "./open.ts";

callStoreContract("SqliteCallStore in memory", () => {
  const database = openSeries(":memory:");
  return { store: new SqliteCallStore(database), close: () => database.close() };
});

callStoreContract(
  "SqliteCallStore in a file",
  () => temporaryDatabase(openSeries, (database) => new SqliteCallStore(database)),
  { durable: true },
);

test("SqliteCallStore.calls() finds rare calls past windows of others, newest first", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteCallStore(database);
  const rare = new Set([1, 2, 700, 5000, 20_000, 39_999]);
  const all = Array.from({ length: 40_000 }, (_, index) => {
    const path = rare.has(index + 1) ? "/v1/rare" : "/v1/usual";
    return { call: callOf(index + 1, { path }), notable: false };
  });
  for (let start = 0; start < all.length; start += 8000) {
    await store.appendCalls("default", all.slice(start, start + 8000));
  }
  const found = async (query: CallQuery): Promise<number[]> =>
    (await store.calls("default", { text: "RARE", ...query })).map((call) => call.sequence);
  assert.deepEqual(await found({}), [39_999, 20_000, 5000, 700, 2, 1]);
  assert.deepEqual(await found({ limit: 2 }), [39_999, 20_000]);
  assert.deepEqual(await found({ beforeSequence: 5000, limit: 2 }), [700, 2]);
  assert.deepEqual(
    await found({ agentId: "worker-1", afterSequence: 700 }),
    [39_999, 20_000, 5000],
  );
});

test("SqliteCallStore.pruneCalls() changes at most a step's rows at once", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteCallStore(database);
  const calls = Array.from({ length: 5000 }, (_, index) => ({
    call: callOf(index + 1),
    notable: index % 2 === 0,
  }));
  await store.appendCalls("default", calls);
  const retention = { beforeMs: 0, keep: 10, keepNotable: 100 };
  let most = 0;
  const transaction = database.transaction.bind(database);
  const changes = (): number =>
    Number(database.prepare("SELECT total_changes() AS n").get()?.["n"] ?? 0);
  database.transaction = (body) => {
    const before = changes();
    const result = transaction(body);
    most = Math.max(most, changes() - before);
    return result;
  };
  assert.deepEqual(await store.pruneCalls("default", retention), { calls: 4890 });
  assert.ok(most <= 1000, `${most} rows in one transaction`);
});

test("SqliteCallStore.calls() walks an index, without sorting", async () => {
  using database = openSeries(":memory:");
  const plans: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    if (/FROM calls INDEXED/.test(sql)) {
      const unbound = Array.from({ length: sql.split("?").length - 1 }, () => null);
      const rows = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...unbound);
      plans.push(...rows.map((row) => String(row["detail"])));
    }
    return prepare(sql);
  };
  const store = new SqliteCallStore(database);
  const queries: CallQuery[] = [
    {},
    { serviceId: "s", status: "4xx" },
    { agentId: "a", text: "x" },
    { traceId: "t" },
    { failed: true, fromMs: 1, toMs: 2 },
    { failed: false, minDurationMs: 1 },
  ];
  for (const query of queries) await store.calls("default", query);
  await store.call("default", "x");
  assert.ok(plans.length >= 11, plans.join("\n"));
  for (const plan of plans) assert.doesNotMatch(plan, /^SCAN|TEMP B-TREE/, plan);
});
