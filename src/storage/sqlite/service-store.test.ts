import assert from "node:assert/strict";
import { test } from "node:test";

import { serviceOf, serviceStoreContract } from "../../gateway/service-store-contract.ts";
import { temporaryDatabase } from "../test-support/temporary-database.ts";
import { openLedger } from "./open.ts";
import { SqliteServiceStore } from "./service-store.ts";

serviceStoreContract(
  "SqliteServiceStore",
  () => temporaryDatabase(openLedger, (database) => new SqliteServiceStore(database)),
  { durable: true },
);

test("SqliteServiceStore.services() names the service whose row is damaged", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteServiceStore(database);
  await store.putService(serviceOf({ id: "orders" }));
  database.prepare("UPDATE services SET service = substr(service, 1, 40)").run();
  await assert.rejects(store.services("default"), {
    code: "storage.corrupt",
    message: /service "orders" is damaged/,
  });
});

test("SqliteServiceStore.deleteNamespace() forgets one namespace's services", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteServiceStore(database);
  for (const namespace of ["default", "demo"]) await store.putService(serviceOf({ namespace }));
  await store.deleteNamespace("demo");
  assert.deepEqual(await store.services("demo"), []);
  assert.equal((await store.services("default")).length, 1);
});
