// What every CallStore must do, as one reusable suite. An adapter's test calls
// callStoreContract() and nothing about the port is tested anywhere else.
// Imported by its own path, never through index.ts: it pulls in node:test.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import type { CallQuery, CallRecord } from "./model.ts";
import type { CallRetention, CallStore } from "./store.ts";

/** A store under test, with room for 10,000 calls at least. */
export interface CallStoreFixture {
  readonly store: CallStore;
  /** Closes the store and opens it again over the same data; durable stores must have it. */
  readonly reopen?: () => Promise<CallStore>;
  /** Closes the store and removes its data. */
  readonly close?: () => Promise<void> | void;
}

const START_MS = 1_700_000_000_000;
const KEEP_ALL: CallRetention = { beforeMs: 0, keep: 1_000_000, keepNotable: 1_000_000 };

/** A call record for tests; its id follows from its number. */
export function callOf(sequence: number, fields: Partial<CallRecord> = {}): CallRecord {
  return {
    id: sequence.toString(16).padStart(16, "0"),
    sequence,
    namespace: "default",
    atMs: START_MS + sequence,
    durationMs: 12.5,
    upstreamMs: 11.25,
    agentId: "worker-1",
    serviceId: "user_service",
    route: "/v1/user_service/**",
    endpoint: "http://localhost:8001",
    method: "GET",
    path: "/v1/user_service/users",
    query: "",
    status: 200,
    code: null,
    reason: null,
    requestBytes: 0,
    responseBytes: 512,
    attempts: 1,
    clientAddress: "127.0.0.1",
    userAgent: "test",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    parentSpanId: null,
    ...fields,
  };
}

/** Calls numbered from `first` on, made notable or not. */
function batch(
  first: number,
  count: number,
  fieldsOf: (index: number) => Partial<CallRecord> = () => ({}),
): { call: CallRecord; notable: boolean }[] {
  return Array.from({ length: count }, (_, index) => {
    const call = callOf(first + index, fieldsOf(index));
    return { call, notable: call.status >= 500 };
  });
}

const BARE: Partial<CallRecord> = {
  upstreamMs: null,
  agentId: null,
  serviceId: null,
  route: null,
  endpoint: null,
  status: 404,
  code: "gateway.route_unknown",
  reason: 'No service takes "/v1/Ünknown"; \n',
  attempts: 0,
  query: "page=1&token=***",
  parentSpanId: "00f067aa0ba902b7",
};

/**
 * Registers the contract tests of a {@link CallStore} under `name`.
 * @param open makes a fresh, empty store; called before each test.
 * @param options.durable true when the data must outlive the store's object; the fixture then
 * needs `reopen`. @default false
 */
export function callStoreContract(
  name: string,
  open: () => Promise<CallStoreFixture> | CallStoreFixture,
  options: { readonly durable?: boolean } = {},
): void {
  describe(`${name} keeps the CallStore contract`, () => {
    let fixture: CallStoreFixture;
    let store: CallStore;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(async () => {
      await fixture.close?.();
    });

    const found = async (query: CallQuery = {}): Promise<number[]> =>
      (await store.calls("default", query)).map((call) => call.sequence);

    test("calls() and call() return what appendCalls() took, unchanged", async () => {
      const calls = [callOf(1), callOf(2, BARE), callOf(3, { durationMs: 0.1 + 0.2 })];
      await store.appendCalls(
        "default",
        calls.map((call) => ({ call, notable: false })),
      );
      const read = await store.calls("default", {});
      assert.deepEqual(JSON.parse(JSON.stringify(read)), calls.toReversed());
      const one = await store.call("default", callOf(2).id);
      assert.deepEqual(JSON.parse(JSON.stringify(one)), calls[1]);
    });

    test("calls() are newest first, 100 unless told, never more than 1000", async () => {
      await store.appendCalls("default", batch(1, 1200));
      assert.deepEqual(await found({ limit: 3 }), [1200, 1199, 1198]);
      assert.equal((await found()).length, 100);
      assert.equal((await found({ limit: 100_000 })).length, 1000);
      assert.deepEqual(await found({ limit: 0 }), []);
    });

    test("calls() pages by beforeSequence and follows by afterSequence", async () => {
      await store.appendCalls("default", batch(1, 50));
      const first = await found({ limit: 20 });
      const second = await found({ limit: 20, beforeSequence: first.at(-1) ?? 0 });
      assert.equal(second[0], 30);
      assert.equal(second.length, 20);
      assert.deepEqual(await found({ afterSequence: 47 }), [50, 49, 48]);
      assert.deepEqual(await found({ afterSequence: 50 }), []);
    });

    test("calls() filters by service, agent, method and trace", async () => {
      await store.appendCalls("default", [
        { call: callOf(1), notable: false },
        { call: callOf(2, { serviceId: "orders" }), notable: false },
        { call: callOf(3, { agentId: null, method: "POST" }), notable: false },
        { call: callOf(4, { traceId: "f".repeat(32), agentId: "worker-2" }), notable: false },
      ]);
      assert.deepEqual(await found({ serviceId: "orders" }), [2]);
      assert.deepEqual(await found({ agentId: "worker-1" }), [2, 1]);
      assert.deepEqual(await found({ method: "post" }), [3]);
      assert.deepEqual(await found({ traceId: "f".repeat(32) }), [4]);
      assert.deepEqual(await found({ serviceId: "orders", agentId: "worker-2" }), []);
    });

    test("calls() filters by exact status, class of status, and failure", async () => {
      const statuses = [200, 204, 404, 429, 499, 500, 503];
      await store.appendCalls(
        "default",
        batch(1, statuses.length, (index) => ({
          status: statuses[index] ?? 0,
        })),
      );
      assert.deepEqual(await found({ status: "404" }), [3]);
      assert.deepEqual(await found({ status: "2xx" }), [2, 1]);
      assert.deepEqual(await found({ status: "4xx" }), [5, 4, 3]);
      assert.deepEqual(await found({ status: "nonsense" }), []);
      assert.deepEqual(await found({ failed: true }), [7, 6, 5, 4]);
      assert.deepEqual(await found({ failed: false }), [3, 2, 1]);
    });

    test("calls() filters by part of the path, taken literally, upper or lower case", async () => {
      await store.appendCalls("default", [
        { call: callOf(1, { path: "/v1/Users/7" }), notable: false },
        { call: callOf(2, { path: "/v1/100%25_done" }), notable: false },
        { call: callOf(3, { path: "/v1/files/a*b'c" }), notable: false },
      ]);
      assert.deepEqual(await found({ text: "users" }), [1]);
      assert.deepEqual(await found({ text: "%25_d" }), [2]);
      assert.deepEqual(await found({ text: "%" }), [2]);
      assert.deepEqual(await found({ text: "_" }), [2]);
      assert.deepEqual(await found({ text: "a*B'" }), [3]);
      assert.deepEqual(await found({ text: "nowhere" }), []);
    });

    test("calls() filters by time, from inclusive and to exclusive, and by duration", async () => {
      await store.appendCalls(
        "default",
        batch(1, 5, (index) => ({ durationMs: index * 100 })),
      );
      assert.deepEqual(await found({ fromMs: START_MS + 2, toMs: START_MS + 4 }), [3, 2]);
      assert.deepEqual(await found({ minDurationMs: 300 }), [5, 4]);
      assert.deepEqual(await found({ fromMs: START_MS + 100 }), []);
    });

    test("appendCalls() of calls it has already replaces them: a batch may be repeated", async () => {
      await store.appendCalls("default", batch(1, 3));
      await store.appendCalls(
        "default",
        batch(2, 3, () => ({ status: 204 })),
      );
      assert.deepEqual(await found(), [4, 3, 2, 1]);
      assert.deepEqual(await found({ status: "204" }), [4, 3, 2]);
      assert.equal((await store.call("default", callOf(2).id))?.status, 204);
    });

    test("lastCallSequence() is the highest number ever used", async () => {
      assert.equal(await store.lastCallSequence("default"), 0);
      await store.appendCalls("default", batch(5, 10));
      assert.equal(await store.lastCallSequence("default"), 14);
      await store.pruneCalls("default", { beforeMs: Infinity, keep: 0, keepNotable: 0 });
      assert.deepEqual(await found(), []);
      assert.equal(await store.lastCallSequence("default"), 14);
    });

    test("pruneCalls() keeps the newest, and notable ones beside them", async () => {
      const failing = batch(1, 100, (index) => ({ status: index % 10 === 0 ? 503 : 200 }));
      await store.appendCalls("default", failing);
      const pruned = await store.pruneCalls("default", { ...KEEP_ALL, keep: 20, keepNotable: 3 });
      // 1, 11, ... 91 failed; 91 is among the newest 20 (81 to 100) anyway, as is 81.
      assert.deepEqual(await found({ limit: 1000 }), [...newest(100, 20), 71, 61, 51]);
      assert.equal(pruned.calls, 77);
      assert.equal(await store.call("default", callOf(41).id), undefined);
      const again = await store.pruneCalls("default", { ...KEEP_ALL, keep: 20, keepNotable: 3 });
      assert.equal(again.calls, 0);
    });

    test("pruneCalls() removes what is older than the retention, notable or not", async () => {
      await store.appendCalls(
        "default",
        batch(1, 10, (index) => ({ status: index === 0 ? 503 : 200 })),
      );
      const pruned = await store.pruneCalls("default", { ...KEEP_ALL, beforeMs: START_MS + 8 });
      assert.equal(pruned.calls, 7);
      assert.deepEqual(await found(), [10, 9, 8]);
    });

    test("namespaces do not see each other; an unknown one and no calls are no errors", async () => {
      await store.appendCalls("default", batch(1, 2));
      await store.appendCalls(
        "demo",
        batch(1, 1, () => ({ namespace: "demo", id: "d".repeat(16) })),
      );
      await store.appendCalls("demo", []);
      assert.equal((await store.calls("demo", {})).length, 1);
      assert.equal(await store.call("demo", callOf(1).id), undefined);
      assert.equal(await store.lastCallSequence("demo"), 1);
      await store.pruneCalls("demo", { beforeMs: Infinity, keep: 0, keepNotable: 0 });
      assert.deepEqual(await found(), [2, 1]);
      assert.deepEqual(await store.calls("nobody", {}), []);
      assert.equal(await store.lastCallSequence("nobody"), 0);
      assert.equal((await store.pruneCalls("nobody", KEEP_ALL)).calls, 0);
    });

    test("appendCalls() takes thousands at once and loses none", async () => {
      const batches = [0, 1, 2, 3].map((index) => batch(index * 2000 + 1, 2000));
      await Promise.all(batches.map((calls) => store.appendCalls("default", calls)));
      let read = 0;
      let beforeSequence = Infinity;
      for (;;) {
        const page = await found({ limit: 1000, ...(read === 0 ? {} : { beforeSequence }) });
        if (page.length === 0) break;
        assert.equal(page[0], 8000 - read);
        read += page.length;
        beforeSequence = page.at(-1) ?? 0;
      }
      assert.equal(read, 8000);
    });

    if (options.durable !== true) return;
    test("a store that was closed and opened again finds everything", async () => {
      assert.ok(fixture.reopen, "a durable fixture needs reopen()");
      await store.appendCalls("default", batch(1, 3));
      store = await fixture.reopen();
      assert.deepEqual(await found(), [3, 2, 1]);
      assert.equal(await store.lastCallSequence("default"), 3);
      assert.deepEqual(
        JSON.parse(JSON.stringify(await store.call("default", callOf(3).id))),
        callOf(3),
      );
    });
  });
}

function newest(last: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => last - index);
}
