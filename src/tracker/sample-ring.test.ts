import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { SampleRing } from "./sample-ring.ts";
import { Series } from "./series.ts";

const series = new Series(
  { metric: "cpu_usage", agentId: "a", labels: {}, context: {}, labelsKey: "" },
  0,
);

function valuesOf(samples: Iterable<{ readonly value: number }>): number[] {
  return [...samples].map((sample) => sample.value);
}

test("SampleRing keeps exactly the newest maxHistory and loses no waiting sample", () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 500 }), acknowledge: fc.boolean() }),
  );
  const sizes = fc.record({
    maxHistory: fc.integer({ min: 1, max: 3000 }),
    maxPending: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(
      sizes,
      fc.array(step, { maxLength: 40, size: "max" }),
      ({ maxHistory, maxPending }, steps) => {
        const ring = new SampleRing({ maxHistory, maxPending });
        let next = 0;
        let flushed = 0;
        for (const step of steps) {
          if ("push" in step) {
            for (let count = 0; count < step.push; count++) {
              ring.push(series, next, next, undefined);
              next++;
            }
            if (maxPending > 0) flushed = Math.max(flushed, next - maxPending);
          } else {
            const { samples, end } = ring.pending(step.take);
            const until = Math.min(next, flushed + step.take);
            const expected = [];
            if (maxPending > 0) for (let one = flushed; one < until; one++) expected.push(one);
            assert.deepEqual(valuesOf(samples), expected);
            if (step.acknowledge) {
              ring.acknowledge(end);
              if (maxPending > 0) flushed = end;
            }
          }
          const first = Math.max(0, next - maxHistory);
          assert.equal(ring.historyCount, next - first);
          assert.equal(ring.evictedMaxAtMs, first === 0 ? -Infinity : first - 1);
          assert.equal(ring.pendingCount, maxPending === 0 ? 0 : next - flushed);
        }
        const first = Math.max(0, next - maxHistory);
        const history = Array.from({ length: next - first }, (_, index) => first + index);
        assert.deepEqual(valuesOf(ring.history()), history);
        const scanned: number[] = [];
        ring.scan((_, value, atMs) => scanned.push(value === atMs ? value : Number.NaN));
        assert.deepEqual(scanned, history);
      },
    ),
  );
});

test("SampleRing.shed counts what was pushed out before the store took it", () => {
  const ring = new SampleRing({ maxHistory: 5, maxPending: 10 });
  for (let value = 0; value < 25; value++) ring.push(series, value, value, undefined);
  assert.equal(ring.shed, 15);
  assert.deepEqual(valuesOf(ring.pending(100).samples), [15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
});

test("SampleRing.acknowledge() of a batch that was shed meanwhile does not go back", () => {
  const ring = new SampleRing({ maxHistory: 5, maxPending: 10 });
  for (let value = 0; value < 10; value++) ring.push(series, value, value, undefined);
  const { end } = ring.pending(4);
  for (let value = 10; value < 30; value++) ring.push(series, value, value, undefined);
  ring.acknowledge(end);
  assert.equal(ring.pendingCount, 10);
  assert.equal(ring.pending(1).samples[0]?.value, 20);
});

test("SampleRing.evictedMaxAtMs is the latest time that left, whatever the order", () => {
  const ring = new SampleRing({ maxHistory: 2, maxPending: 0 });
  for (const atMs of [50, 10, 20, 30]) ring.push(series, 0, atMs, undefined);
  assert.equal(ring.evictedMaxAtMs, 50);
});
