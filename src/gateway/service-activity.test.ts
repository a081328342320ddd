import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ActivityWindow } from "./service-activity.ts";

const START_MS = 1_700_000_000_000;

function calls(outcome: string, ...durations: readonly number[]) {
  return { outcome, durationsSeconds: Float64Array.from(durations) };
}

test("ActivityWindow counts calls, failures and refusals of the last five minutes", () => {
  const window = new ActivityWindow(300_000);
  assert.deepEqual(window.summary(START_MS), {
    calls: 0,
    failed: 0,
    limited: 0,
    p50Seconds: null,
    p95Seconds: null,
  });
  window.add(calls("2xx", 1, 2, 3), START_MS);
  window.add(calls("5xx", 4), START_MS + 60_000);
  window.add(calls("429", 0.001, 0.001), START_MS + 60_000);
  window.add(calls("4xx", 5), START_MS + 120_000);
  assert.deepEqual(window.summary(START_MS + 120_000), {
    calls: 7,
    failed: 1,
    limited: 2,
    p50Seconds: 3,
    p95Seconds: 5,
  });
  const later = window.summary(START_MS + 330_000);
  assert.equal(later.calls, 4);
  assert.equal(later.p50Seconds, 4);
  assert.equal(window.summary(START_MS + 1_000_000).calls, 0);
});

test("ActivityWindow.latest() leaves out what the gateway refused, not what the service did", () => {
  const window = new ActivityWindow(300_000);
  window.add(calls("5xx", 1), START_MS);
  window.add(calls("upstream_429", 1), START_MS);
  window.add(calls("429", 1, 1, 1), START_MS + 30_000);
  window.add(calls("2xx", 1), START_MS + 50_000);
  assert.deepEqual(window.latest(START_MS + 50_000), { calls: 3, failed: 2 });
  assert.deepEqual(window.latest(START_MS + 70_000), { calls: 1, failed: 0 });
});

test("ActivityWindow's percentiles of a sample are near those of all, and bounded in memory", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      let state = seed;
      // A linear congruential generator (Numerical Recipes): the same run for the same seed.
      const random = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const window = new ActivityWindow(300_000, random);
      // A quiet bucket must not weigh as much as a busy one.
      window.add(calls("2xx", ...Array.from({ length: 30 }, () => 100)), START_MS);
      for (let batch = 0; batch < 10; batch++) {
        const durations = Array.from({ length: 1000 }, () => random());
        window.add(calls("2xx", ...durations), START_MS + 10_000 * (batch + 1));
      }
      const { p50Seconds, p95Seconds } = window.summary(START_MS + 100_000);
      assert.ok(p50Seconds !== null && Math.abs(p50Seconds - 0.5) < 0.12, String(p50Seconds));
      assert.ok(p95Seconds !== null && Math.abs(p95Seconds - 0.95) < 0.05, String(p95Seconds));
    }),
    { numRuns: 30 },
  );
});

test("ActivityWindow bears a clock that goes back", () => {
  const window = new ActivityWindow(300_000);
  window.add(calls("2xx", 1), START_MS);
  window.add(calls("2xx", 1), START_MS - 3_600_000);
  assert.equal(window.summary(START_MS).calls, 2);
});

test("ActivityWindow forgets sooner when its window is shorter", () => {
  const window = new ActivityWindow(10_000);
  window.add({ outcome: "5xx", durationsSeconds: Float64Array.of(1) }, START_MS);
  assert.equal(window.summary(START_MS + 9000).failed, 1);
  assert.deepEqual(window.latest(START_MS + 3000), { calls: 0, failed: 0 });
  assert.equal(window.summary(START_MS + 11_000).failed, 0);
});
