// What every ServiceStore must do, as one reusable suite. An adapter's test calls
// serviceStoreContract() and nothing about the port is tested anywhere else.
// Imported by its own path, never through index.ts: it pulls in node:test.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import type { ServiceRecord } from "./model.ts";
import type { ServiceStore } from "./store.ts";

/** A store under test. */
export interface ServiceStoreFixture {
  readonly store: ServiceStore;
  /** Closes the store and opens it again over the same data; durable stores must have it. */
  readonly reopen?: () => Promise<ServiceStore>;
  /** Closes the store and removes its data. */
  readonly close?: () => Promise<void> | void;
}

/** A service record for tests. */
export function serviceOf(fields: Partial<ServiceRecord> = {}): ServiceRecord {
  return {
    namespace: "default",
    id: "user_service",
    name: "User Management",
    version: "v1",
    endpoints: [{ baseUrl: "http://localhost:8001", weight: 1 }],
    paths: [],
    rewrite: "prefix",
    healthCheckUrl: null,
    rateLimit: null,
    agentRateLimit: null,
    requestTimeoutMs: null,
    retries: 1,
    credential: null,
    metadata: {},
    registeredAtMs: 1_700_000_000_000,
    position: 1,
    ...fields,
  };
}

const FULL: Partial<ServiceRecord> = {
  name: "Über \"quoted\" 'name'; \n",
  version: "2026-07-28",
  endpoints: [
    { baseUrl: "http://127.0.0.1:8001/api", weight: 3 },
    { baseUrl: "https://[::1]:8443", weight: 0.5 },
  ],
  paths: ["/users/:id", "/files/**"],
  rewrite: "version",
  healthCheckUrl: "/health?deep=1",
  rateLimit: { requestsPerMinute: 0.5, burst: 1 },
  agentRateLimit: { requestsPerMinute: 600, burst: 20 },
  requestTimeoutMs: 1500,
  retries: 3,
  credential: { header: "authorization", value: "Bearer ${USERS_KEY}" },
  metadata: { team: "blue", nested: { list: [1, null, "x"], deep: { ok: false } } },
};

/**
 * Registers the contract tests of a {@link ServiceStore} under `name`.
 * @param open makes a fresh, empty store; called before each test.
 * @param options.durable true when the data must outlive the store's object; the fixture then
 * needs `reopen`. @default false
 */
export function serviceStoreContract(
  name: string,
  open: () => Promise<ServiceStoreFixture> | ServiceStoreFixture,
  options: { readonly durable?: boolean } = {},
): void {
  describe(`${name} keeps the ServiceStore contract`, () => {
    let fixture: ServiceStoreFixture;
    let store: ServiceStore;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(async () => {
      await fixture.close?.();
    });

    const ids = async (namespace = "default"): Promise<string[]> =>
      (await store.services(namespace)).map((record) => record.id);

    test("services() returns what putService() took, unchanged, after its promise", async () => {
      const records = [serviceOf(), serviceOf({ ...FULL, id: "full", position: 2 })];
      for (const record of records) await store.putService(record);
      assert.deepEqual(JSON.parse(JSON.stringify(await store.services("default"))), records);
    });

    test("services() is in order of registration, whatever order they were stored in", async () => {
      await store.putService(serviceOf({ id: "b", position: 7 }));
      await store.putService(serviceOf({ id: "c", position: 11 }));
      await store.putService(serviceOf({ id: "a", position: 2 }));
      assert.deepEqual(await ids(), ["a", "b", "c"]);
    });

    test("putService() replaces the service of the same id, wholly", async () => {
      await store.putService(serviceOf({ ...FULL, position: 1 }));
      await store.putService(serviceOf({ id: "other", position: 2 }));
      const replacement = serviceOf({ name: "Users", position: 1 });
      await store.putService(replacement);
      const found = await store.services("default");
      assert.equal(found.length, 2);
      assert.deepEqual(JSON.parse(JSON.stringify(found[0])), replacement);
    });

    test("what is stored does not change when the caller's object does", async () => {
      const metadata = { team: "blue" };
      await store.putService(serviceOf({ metadata }));
      metadata.team = "red";
      assert.deepEqual((await store.services("default"))[0]?.metadata, { team: "blue" });
    });

    test("deleteService() removes one; an unknown one is no error", async () => {
      await store.putService(serviceOf({ id: "a", position: 1 }));
      await store.putService(serviceOf({ id: "b", position: 2 }));
      await store.deleteService("default", "a");
      await store.deleteService("default", "a");
      await store.deleteService("nobody", "b");
      assert.deepEqual(await ids(), ["b"]);
    });

    test("namespaces do not see each other", async () => {
      await store.putService(serviceOf({ name: "default's" }));
      await store.putService(serviceOf({ name: "demo's", namespace: "demo" }));
      await store.deleteService("default", "user_service");
      assert.deepEqual(await ids(), []);
      assert.equal((await store.services("demo"))[0]?.name, "demo's");
      assert.deepEqual(await store.services("nobody"), []);
    });

    test("putService() of many at once loses none", async () => {
      const records = Array.from({ length: 200 }, (_, index) =>
        serviceOf({ id: `service-${index}`, position: index + 1 }),
      );
      await Promise.all(records.map((record) => store.putService(record)));
      assert.deepEqual(
        await ids(),
        records.map((record) => record.id),
      );
    });

    if (options.durable !== true) return;
    test("a store that was closed and opened again finds everything", async () => {
      assert.ok(fixture.reopen, "a durable fixture needs reopen()");
      const kept = serviceOf({ ...FULL, id: "kept" });
      await store.putService(kept);
      await store.putService(serviceOf({ id: "gone", position: 2 }));
      await store.deleteService("default", "gone");
      store = await fixture.reopen();
      assert.deepEqual(JSON.parse(JSON.stringify(await store.services("default"))), [kept]);
    });
  });
}
