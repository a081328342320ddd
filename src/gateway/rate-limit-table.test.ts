import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

import fc from "fast-check";

import type { RateLimit } from "./model.ts";
import { RateLimitTable } from "./rate-limit-table.ts";
import type { RateLimitWork } from "./test-support/rate-limit-worker.ts";

const START_MS = 1_700_000_000_000;

/** The same promise, kept the slow way: a bucket of `burst` tokens that fills up steadily. */
class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #atMs = 0;

  constructor(limit: RateLimit) {
    this.#limit = limit;
    this.#tokens = limit.burst;
  }

  /** Tokens there would be, before one is taken. */
  tokensAt(nowMs: number): number {
    const earned = ((nowMs - this.#atMs) * this.#limit.requestsPerMinute) / 60_000;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + earned);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  take(): void {
    this.#tokens -= 1;
  }
}

/** Runs the work in threads and sums up what they were let through, by key. */
async function inThreads(work: Omit<RateLimitWork, "barrier">): Promise<Map<string, number>> {
  const barrier = new SharedArrayBuffer(4);
  const url = new URL("./test-support/rate-limit-worker.ts", import.meta.url);
  const workers = Array.from(
    { length: work.threads },
    () => new Worker(url, { workerData: { ...work, barrier } satisfies RateLimitWork }),
  );
  const sums = new Map<string, number>();
  const results = await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const [allowed] of results) {
    for (const [key, count] of Object.entries<number>(allowed)) {
      sums.set(key, (sums.get(key) ?? 0) + count);
    }
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return sums;
}

test("RateLimitTable.take() lets a burst pass from rest, then the sustained rate", () => {
  const table = RateLimitTable.create();
  const limit = { requestsPerMinute: 100, burst: 20 };
  const atOnce = Array.from({ length: 50 }, () => table.take("key", limit, START_MS).allowed);
  assert.equal(atOnce.filter(Boolean).length, 20);
  assert.deepEqual(
    atOnce.slice(0, 20),
    Array.from({ length: 20 }, () => true),
  );
  let sustained = 0;
  for (let ms = 0; ms <= 60_000; ms += 10) {
    if (table.take("key", limit, START_MS + ms).allowed) sustained += 1;
  }
  assert.equal(sustained, 100);
});

test("RateLimitTable.take() says what is left, when all is back and when to come again", () => {
  const table = RateLimitTable.create();
  const limit = { requestsPerMinute: 60, burst: 3 };
  const first = table.take("key", limit, START_MS);
  assert.deepEqual(first, {
    allowed: true,
    limit: 3,
    remaining: 2,
    resetSeconds: 1,
    retryAfterSeconds: 0,
  });
  table.take("key", limit, START_MS);
  assert.equal(table.take("key", limit, START_MS).remaining, 0);
  const refused = table.take("key", limit, START_MS + 250);
  assert.deepEqual(refused, {
    allowed: false,
    limit: 3,
    remaining: 0,
    resetSeconds: 2.75,
    retryAfterSeconds: 0.75,
  });
  assert.equal(table.take("key", limit, START_MS + 999).allowed, false);
  assert.equal(table.take("key", limit, START_MS + 1000).allowed, true);
});

test("RateLimitTable.take() agrees with a token bucket, whatever the rate and the times", () => {
  const limits = fc.record({
    requestsPerMinute: fc.oneof(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0.5, max: 9999, noNaN: true }),
    ),
    burst: fc.integer({ min: 1, max: 50 }),
  });
  const steps = fc.array(
    fc.record({
      key: fc.constantFrom("a", "b", "c"),
      waitMs: fc.oneof(fc.constant(0), fc.nat(3000)),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(limits, steps, (limit, takes) => {
      const table = RateLimitTable.create(32);
      const buckets = new Map<string, TokenBucket>();
      let nowMs = START_MS;
      for (const { key, waitMs } of takes) {
        nowMs += waitMs;
        const bucket = buckets.get(key) ?? new TokenBucket(limit);
        buckets.set(key, bucket);
        const tokens = bucket.tokensAt(nowMs);
        const { allowed, remaining } = table.take(key, limit, nowMs);
        // Within rounding of a whole token either answer is right; the next ones then differ by
        // it, too, so the model follows.
        if (Math.abs(tokens - 1) > 1e-3) assert.equal(allowed, tokens >= 1, `${tokens} tokens`);
        if (!allowed) continue;
        bucket.take();
        assert.ok(Math.abs(remaining - (tokens - 1)) < 1.001, `${remaining} of ${tokens - 1}`);
      }
    }),
  );
});

test("RateLimitTable.take() never lets more pass than the burst and the rate allow", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat(500), { minLength: 1, maxLength: 300 }),
      (requestsPerMinute, burst, waits) => {
        const table = RateLimitTable.create(32);
        let nowMs = START_MS;
        let passed = 0;
        for (const waitMs of waits) {
          nowMs += waitMs;
          if (table.take("key", { requestsPerMinute, burst }, nowMs).allowed) passed += 1;
        }
        const most = burst + ((nowMs - START_MS) * requestsPerMinute) / 60_000;
        assert.ok(passed <= most + 1e-6, `${passed} passed, ${most} were allowed`);
      },
    ),
  );
});

test("RateLimitTable.take() with a rate of zero, below or no number lets nothing pass", () => {
  const table = RateLimitTable.create();
  for (const requestsPerMinute of [0, -5, Number.NaN]) {
    const decision = table.take("key", { requestsPerMinute, burst: 10 }, START_MS);
    assert.equal(decision.allowed, false);
    assert.equal(decision.limit, 0);
    assert.equal(decision.retryAfterSeconds, 60);
  }
  for (const burst of [0, -1, Number.NaN]) {
    assert.equal(table.take("key", { requestsPerMinute: 10, burst }, START_MS).allowed, false);
  }
});

test("RateLimitTable.take() is not blocked for long by a clock that goes back", () => {
  const table = RateLimitTable.create();
  const limit = { requestsPerMinute: 60, burst: 2 };
  table.take("key", limit, START_MS + 3_600_000);
  assert.equal(table.take("key", limit, START_MS).allowed, false);
  assert.equal(table.take("key", limit, START_MS + 1000).allowed, true);
});

test("RateLimitTable.take() follows a limit that is lowered or raised at once", () => {
  const table = RateLimitTable.create();
  const take = (requestsPerMinute: number, burst: number, ms: number): boolean =>
    table.take("key", { requestsPerMinute, burst }, START_MS + ms).allowed;
  for (let index = 0; index < 100; index++) take(60, 100, 0);
  assert.equal(take(60, 100, 0), false);
  assert.equal(take(60, 200, 0), true);
  assert.equal(take(60, 2, 10), false);
  assert.equal(take(60, 2, 1011), true);
});

test("RateLimitTable gives slots of keys at rest to others, and loses no budget in use", () => {
  const table = RateLimitTable.create(32);
  const limit = { requestsPerMinute: 60, burst: 2 };
  const busy = Array.from({ length: 8 }, (_, index) => `busy-${index}`);
  for (let round = 0; round < 200; round++) {
    const nowMs = START_MS + round * 10_000;
    for (const key of busy) {
      assert.equal(table.take(key, limit, nowMs).allowed, true);
      assert.equal(table.take(key, limit, nowMs).allowed, true);
      // Keys that nobody asks for again fill up whatever is free.
      table.take(`passing-${round}-${key}`, limit, nowMs);
      assert.equal(table.take(key, limit, nowMs).allowed, false, `${key} in round ${round}`);
    }
  }
  assert.equal(table.forgotten, 0);
});

test("RateLimitTable forgets the key nearest to rest when it is full, and counts that", () => {
  const table = RateLimitTable.create(32);
  const hungry = { requestsPerMinute: 1, burst: 5 };
  const modest = { requestsPerMinute: 60, burst: 5 };
  for (let index = 0; index < 31; index++) {
    for (let take = 0; take < 5; take++) table.take(`hungry-${index}`, hungry, START_MS);
  }
  table.take("modest", modest, START_MS);
  assert.equal(table.forgotten, 0);
  assert.equal(table.take("newcomer", hungry, START_MS).allowed, true);
  assert.equal(table.forgotten, 1);
  for (let index = 0; index < 31; index++) {
    assert.equal(table.take(`hungry-${index}`, hungry, START_MS).allowed, false);
  }
  assert.equal(table.forgotten, 1);
});

test("RateLimitTable.attach() sees the same budgets, and refuses what is no table", () => {
  const table = RateLimitTable.create(100);
  const limit = { requestsPerMinute: 60, burst: 2 };
  const other = RateLimitTable.attach(table.buffer);
  assert.equal(table.take("key", limit, START_MS).allowed, true);
  assert.equal(other.take("key", limit, START_MS).allowed, true);
  assert.equal(table.take("key", limit, START_MS).allowed, false);
  assert.throws(() => RateLimitTable.attach(new SharedArrayBuffer(8)), RangeError);
  assert.throws(() => RateLimitTable.attach(new SharedArrayBuffer(4096)), RangeError);
  assert.throws(() => RateLimitTable.create(0), RangeError);
});

test("RateLimitTable.take() lets exactly the burst pass when threads hammer one key", async () => {
  const table = RateLimitTable.create();
  const sums = await inThreads({
    table: table.buffer,
    threads: 4,
    limit: { requestsPerMinute: 60, burst: 5000 },
    steps: [{ keys: ["key"], nowMs: START_MS }],
    takesPerKey: 10_000,
  });
  assert.equal(sums.get("key"), 5000);
});

test("RateLimitTable.take() stays exact while threads give slots to new keys", async () => {
  const table = RateLimitTable.create(32);
  const burst = 50;
  // Of every step's keys all budgets are full again when the next one begins.
  const steps = Array.from({ length: 300 }, (_, step) => ({
    keys: Array.from({ length: 24 }, (_key, index) => `step-${step}-${index}`),
    nowMs: START_MS + step * 60_000,
  }));
  const limit = { requestsPerMinute: 6000, burst };
  const sums = await inThreads({ table: table.buffer, threads: 4, limit, steps, takesPerKey: 20 });
  assert.equal(sums.size, 300 * 24);
  for (const [key, count] of sums) assert.equal(count, burst, key);
  assert.equal(table.forgotten, 0);
});
