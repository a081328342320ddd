import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock, noComponentLog } from "../core/index.ts";
import { CallHistory } from "./call-history.ts";
import { callOf } from "./call-store-contract.ts";
import type { CallRecord } from "./model.ts";
import { VolatileCallStore } from "./volatile-call-store.ts";

/** A store that refuses or delays writes while it is told to. */
class SlowStore extends VolatileCallStore {
  fails = false;
  gate: Promise<void> | undefined;
  batches = 0;

  override async appendCalls(
    namespace: string,
    calls: readonly { readonly call: CallRecord; readonly notable: boolean }[],
  ): Promise<void> {
    this.batches += 1;
    await this.gate;
    if (this.fails) throw new Error("disk full");
    await super.appendCalls(namespace, calls);
  }
}

function open(
  store = new SlowStore(),
  fields: Partial<{ maxHistory: number; maxNotableHistory: number }> = {},
) {
  const clock = new ManualClock();
  const history = new CallHistory({
    namespace: "default",
    store,
    clock,
    log: noComponentLog,
    maxHistory: 10_000,
    maxNotableHistory: 1000,
    callRetentionMs: 86_400_000,
    slowCallMs: 5000,
    ...fields,
  });
  return { history, store, clock };
}

/** Unnumbered calls, as a data plane tells them. */
function calls(count: number, fields: Partial<CallRecord> = {}, first = 1): CallRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    ...callOf(first + index, fields),
    sequence: 0,
  }));
}

test("CallHistory.add() numbers calls, tells followers, and getting them sees them", async () => {
  const { history } = open();
  const followed: number[] = [];
  using _following = history.follow((call) => followed.push(call.sequence));
  history.add(calls(3));
  assert.deepEqual(followed, [1, 2, 3]);
  assert.deepEqual(
    (await history.calls({})).map((call) => call.sequence),
    [3, 2, 1],
  );
  assert.equal((await history.call(callOf(2).id))?.sequence, 2);
  assert.equal(history.pending, 0);
});

test("CallHistory.load() goes on numbering where the store left off", async () => {
  const store = new SlowStore();
  const first = open(store).history;
  first.add(calls(5));
  await first.flush();
  const { history } = open(store);
  await history.load();
  history.add(calls(1, {}, 100));
  assert.equal((await history.calls({ limit: 1 }))[0]?.sequence, 6);
});

test("CallHistory keeps what the store refused, in order, and tries again", async () => {
  const { history, store } = open();
  store.fails = true;
  history.add(calls(3));
  await history.flush();
  assert.equal(history.pending, 3);
  store.fails = false;
  history.add(calls(1, {}, 4));
  assert.deepEqual(
    (await history.calls({})).map((call) => call.sequence),
    [4, 3, 2, 1],
  );
  assert.equal(history.dropped, 0);
});

test("CallHistory loses nothing that comes while a write is under way", async () => {
  const { history, store } = open();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  history.add(calls(2));
  const writing = history.flush();
  history.add(calls(2, {}, 3));
  const reading = history.calls({});
  resolve();
  await writing;
  assert.deepEqual(
    (await reading).map((call) => call.sequence),
    [4, 3, 2, 1],
  );
});

test("CallHistory hands over at most 2000 calls at once", async () => {
  const { history, store } = open();
  history.add(calls(5000));
  await history.flush();
  assert.equal(store.batches, 3);
  assert.equal(history.pending, 0);
});

test("CallHistory drops the oldest ordinary calls when the store is away too long", async () => {
  const { history, store } = open(new SlowStore({ keep: 100_000 }));
  store.fails = true;
  history.add(calls(100, { status: 503 }));
  history.add(calls(60_000, {}, 101));
  assert.equal(history.pending, 50_000);
  assert.equal(history.dropped, 10_100);
  store.fails = false;
  await history.flush();
  assert.equal((await history.calls({ failed: true, limit: 1000 })).length, 100);
  assert.equal((await history.calls({ limit: 1 }))[0]?.sequence, 60_100);
  assert.equal(await history.call(callOf(101).id), undefined);
});

test("CallHistory drops the oldest of all when all failed, and keeps the newest", async () => {
  const { history, store } = open(new SlowStore({ keep: 100_000 }));
  store.fails = true;
  history.add(calls(50_010, { status: 503 }));
  assert.equal(history.pending, 50_000);
  store.fails = false;
  await history.flush();
  assert.equal(await history.call(callOf(10).id), undefined);
  assert.equal((await history.call(callOf(11).id))?.sequence, 11);
});

test("CallHistory.prune() keeps the newest, failed and slow ones longer, 429 not", async () => {
  const { history } = open(new SlowStore(), { maxHistory: 10, maxNotableHistory: 5 });
  const kinds: readonly Partial<CallRecord>[] = [
    { status: 503 },
    { durationMs: 6000 },
    { status: 429, code: "gateway.rate_limited" },
    { status: 404, code: "gateway.route_unknown" },
    { status: 404 },
  ];
  for (const [index, fields] of kinds.entries()) history.add(calls(1, fields, index + 1));
  history.add(calls(1000, {}, 100));
  await history.flush();
  assert.equal(history.isPruneDue, true);
  await history.prune();
  assert.equal(history.isPruneDue, false);
  const kept = (await history.calls({})).map((call) => call.sequence);
  assert.equal(kept.length, 13);
  assert.deepEqual(kept.slice(10), [4, 2, 1]);
});

test("CallHistory.prune() forgets what is older than the retention", async () => {
  const { history, clock } = open();
  history.add(calls(1, { atMs: clock.now() - 86_400_001 }));
  history.add(calls(1, { atMs: clock.now() - 86_399_000 }, 2));
  await history.flush();
  await history.prune();
  assert.deepEqual(
    (await history.calls({})).map((call) => call.sequence),
    [2],
  );
});
