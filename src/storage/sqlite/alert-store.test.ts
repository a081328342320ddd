import assert from "node:assert/strict";
import { test } from "node:test";

import type { Alert } from "../../dashboard/index.ts";
import { alertStoreContract } from "../../dashboard/alert-store-contract.ts";
import { temporaryDatabase } from "../test-support/temporary-database.ts";
import { SqliteAlertStore } from "./alert-store.ts";
import { openLedger } from "./open.ts";

alertStoreContract("SqliteAlertStore in memory", () => {
  const database = openLedger(":memory:");
  return { store: new SqliteAlertStore(database), close: () => database.close() };
});

const ALERT: Alert = {
  id: "alert_1",
  namespace: "default",
  key: "rule:1",
  rule: "manual",
  level: "warning",
  message: "says something",
  source: "system_monitor",
  labels: {},
  context: {},
  agentIds: ["planner", "reviewer"],
  traceId: null,
  value: null,
  threshold: null,
  state: "firing",
  startsAtMs: 1000,
  updatedAtMs: 1000,
  endsAtMs: null,
  count: 1,
  raised: 1,
  acknowledged: null,
  notifiedAtMs: null,
};

test("SqliteAlertStore.putAlerts() forgets agents the alert is no longer about", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteAlertStore(database);
  await store.putAlerts("default", [ALERT]);
  const changed = { ...ALERT, agentIds: ["reviewer", "writer"] };
  await store.putAlerts("default", [changed]);
  assert.deepEqual(await store.alerts("default", { agentId: "planner" }), []);
  assert.deepEqual(await store.alerts("default", { agentId: "reviewer" }), [changed]);
  assert.deepEqual(await store.alerts("default", { agentId: "writer" }), [changed]);
});

test("SqliteAlertStore.alerts() names the alert whose row is damaged", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteAlertStore(database);
  await store.putAlerts("default", [ALERT]);
  database.prepare("UPDATE alerts SET alert = '{\"id\":'").run();
  const damaged = { code: "storage.corrupt", message: /alert "alert_1" is damaged/ };
  await assert.rejects(store.alerts("default", {}), damaged);
  await assert.rejects(store.alert("default", "alert_1"), damaged);
});

test("SqliteAlertStore keeps alerts when the file is opened again, and forgets namespaces", async (t) => {
  const file = temporaryDatabase(openLedger, (database) => new SqliteAlertStore(database));
  t.after(file.close);
  await file.store.putAlerts("default", [ALERT]);
  await file.store.putAlerts("demo", [{ ...ALERT, namespace: "demo" }]);
  const store = await file.reopen();
  assert.deepEqual(await store.alert("default", "alert_1"), ALERT);
  await store.deleteNamespace("demo");
  assert.deepEqual(await store.alerts("demo", { agentId: "planner" }), []);
  assert.deepEqual(await store.alerts("default", { agentId: "planner" }), [ALERT]);
});

test("SqliteAlertStore.alerts() without an agent or a trace walks an index, without sorting", async () => {
  using database = openLedger(":memory:");
  const plans: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    if (sql.startsWith("SELECT a.id")) {
      const unbound = Array.from({ length: sql.split("?").length - 1 }, () => null);
      const rows = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...unbound);
      plans.push(...rows.map((row) => String(row["detail"])));
    }
    return prepare(sql);
  };
  const store = new SqliteAlertStore(database);
  for (const query of [{}, { state: "firing" }, { level: "error", fromMs: 1 }] as const) {
    await store.alerts("default", query);
  }
  assert.equal(plans.length, 3);
  for (const plan of plans) assert.doesNotMatch(plan, /^SCAN|TEMP B-TREE/, plan);
});
