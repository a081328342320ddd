import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";

import { ManualClock } from "../core/index.ts";
import type { ComponentLog } from "../core/index.ts";
import { PerformanceProfiler } from "./performance-profiler.ts";
import { VolatileProfileStore } from "./volatile-profile-store.ts";

/** Takes a batch when it is told to. */
class SlowStore extends VolatileProfileStore {
  readonly waiting: { readonly take: () => void; readonly fail: () => void }[] = [];

  override async appendSpans(...given: Parameters<VolatileProfileStore["appendSpans"]>) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting.push({ take: resolve, fail: () => reject(new Error("disk full")) });
    await promise;
    await super.appendSpans(...given);
  }
}

let isBroken: boolean;
let attempts: number;

class MoodyStore extends VolatileProfileStore {
  override async appendSpans(...given: Parameters<VolatileProfileStore["appendSpans"]>) {
    attempts += 1;
    if (isBroken) throw new Error("disk full");
    await super.appendSpans(...given);
  }
}

let clock: ManualClock;
let lines: string[];
let log: ComponentLog;
beforeEach(() => {
  clock = new ManualClock();
  isBroken = true;
  attempts = 0;
  lines = [];
  const write = (event: string): void => void lines.push(event);
  log = { debug: write, info: write, warn: write, error: write };
});

/** Moves the clock on, second by second, and lets what it started come to its end. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await setImmediate();
  }
}

describe("SpanOutbox.flush()", () => {
  test("ends when what waited is written, however much comes meanwhile", async () => {
    const store = new SlowStore();
    const profiler = new PerformanceProfiler({}, { clock, store });
    const work = profiler.profileFunction("work")(() => 1);
    for (let call = 0; call < 2500; call++) work();
    const flushed = profiler.flush();
    for (let batch = 0; batch < 2; batch++) {
      for (let call = 0; call < 3000; call++) work();
      await setImmediate();
      store.waiting.shift()?.take();
      await setImmediate();
    }
    await flushed;
    assert.equal(store.waiting.length, 0);
    assert.equal((await store.spans("default", { limit: 5000 })).length, 2500);
  });

  test("waits for a batch that is on its way, and fails with it", async () => {
    const store = new SlowStore();
    const profiler = new PerformanceProfiler({}, { clock, store });
    profiler.profile("a", undefined, () => 1);
    const both = [profiler.flush(), profiler.flush()];
    await setImmediate();
    assert.equal(store.waiting.length, 1);
    store.waiting.shift()?.fail();
    const results = await Promise.allSettled(both);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.equal(profiler.statistics().storeFailures, 1);
    assert.equal(profiler.statistics().waitingSpans, 1);
  });
});

describe("SpanOutbox while the store fails", () => {
  test("asks again later each time, half a minute at most, and says so once", async () => {
    const store = new MoodyStore();
    const profiler = new PerformanceProfiler({}, { clock, store, log });
    profiler.profile("a", undefined, () => 1);
    const seen: number[] = [];
    for (let second = 1; second <= 130; second++) {
      const before = attempts;
      await pass(1);
      profiler.profile("more", undefined, () => 1);
      if (attempts > before) seen.push(second);
    }
    assert.deepEqual(seen, [1, 2, 4, 8, 16, 32, 62, 92, 122]);
    assert.deepEqual(lines, ["profiler.spans_not_stored"]);
    isBroken = false;
    await pass(30);
    assert.deepEqual(lines, ["profiler.spans_not_stored", "profiler.spans_stored_again"]);
    assert.ok((await store.spans("default", { limit: 5000 })).length > 130);
    isBroken = true;
    profiler.profile("b", undefined, () => 1);
    const before = attempts;
    await pass(2);
    assert.equal(attempts, before + 2);
  });
});

describe("SpanOutbox.close()", () => {
  test("tries once more, sheds what is left, and is silent from then on", async () => {
    const store = new MoodyStore();
    const profiler = new PerformanceProfiler({}, { clock, store, log });
    for (let call = 0; call < 5000; call++) profiler.profile("a", undefined, () => 1);
    await assert.rejects(profiler.stop(), { code: "profiler.store_unavailable" });
    assert.equal(attempts, 1);
    profiler.profile("late", undefined, () => 1);
    await pass(120);
    assert.equal(attempts, 1);
    const { waitingSpans, shedSpans } = profiler.statistics();
    assert.deepEqual([waitingSpans, shedSpans], [0, 5001]);
    await profiler.stop();
  });

  test("writes everything that waits to a store that takes it", async () => {
    isBroken = false;
    const store = new MoodyStore();
    const profiler = new PerformanceProfiler({}, { clock, store });
    for (let call = 0; call < 5000; call++) profiler.profile("a", undefined, () => 1);
    await profiler.stop();
    assert.equal((await store.spans("default", { limit: 5000 })).length, 5000);
    assert.deepEqual(profiler.statistics().shedSpans, 0);
  });

  test("sheds what a batch on its way brings back", async () => {
    const store = new SlowStore();
    const profiler = new PerformanceProfiler({}, { clock, store });
    profiler.profile("a", undefined, () => 1);
    clock.advance(1000);
    await setImmediate();
    profiler.profile("b", undefined, () => 1);
    const stopped = assert.rejects(profiler.stop(), { code: "profiler.store_unavailable" });
    store.waiting.shift()?.fail();
    await stopped;
    clock.advance(120_000);
    assert.equal(store.waiting.length, 0);
    assert.equal(profiler.statistics().shedSpans, 2);
  });
});
