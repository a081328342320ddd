import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { DurationBatch } from "./duration-telemetry.ts";
import { SpanRing } from "./span-ring.ts";
import { Span } from "./span.ts";

const batch = new DurationBatch("step", null);

/** A span in which every field tells its number. */
function spanOf(index: number): Span {
  const isForeign = index % 5 === 0;
  const span = new Span(
    isForeign ? `key${index}` : index,
    index % 7 === 0 ? `trace${index}` : 2 * index,
    index % 3 === 0 ? null : index % 4 === 0 ? `parent${index}` : index + 1,
    batch,
    index % 2 === 0 ? "scope" : "function",
    index % 2 === 0 ? { index } : undefined,
    1000 + index,
    0,
  );
  span.durationMs = index / 4;
  span.ok = index % 6 !== 0;
  span.error = span.ok ? null : `error ${index}`;
  return span;
}

test("SpanRing gives back what was pushed, within both of its windows, like two arrays", () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 900 }), fails: fc.boolean() }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2500 }),
      fc.integer({ min: 1, max: 2500 }),
      fc.array(step, { maxLength: 12 }),
      (maxHistory, maxPending, steps) => {
        const ring = new SpanRing({ maxHistory, maxPending });
        let pushed = 0;
        let pending: number[] = [];
        let shed = 0;
        const trim = (): void => {
          const over = Math.max(0, pending.length - maxPending);
          shed += over;
          pending = pending.slice(over);
        };
        for (const one of steps) {
          if ("push" in one) {
            for (let left = one.push; left > 0; left--) {
              ring.push(spanOf(pushed));
              pending.push(pushed++);
              trim();
            }
          } else {
            const taken = ring.takePending(one.take);
            const expected = pending.splice(0, one.take);
            assert.deepEqual(taken, expected.map(asRead));
            if (one.fails) {
              ring.returnPending(taken.length);
              pending = [...expected, ...pending];
            }
          }
          assert.equal(ring.pendingCount, pending.length);
          assert.equal(ring.shed, shed);
        }
        const first = Math.max(0, pushed - maxHistory);
        const kept = Array.from({ length: pushed - first }, (_, back) => pushed - 1 - back);
        assert.deepEqual([...ring.newestFirst()], kept.map(asRead));
        assert.equal(ring.evicted, first);
        assert.equal(ring.evictedStartMs, first === 0 ? Number.NEGATIVE_INFINITY : 999 + first);
      },
    ),
    { numRuns: 60 },
  );
});

/** As the ring gives it back. */
function asRead(index: number): Span {
  return spanOf(index);
}

test("SpanRing without a store lets nothing wait", () => {
  const ring = new SpanRing({ maxHistory: 2, maxPending: 0 });
  for (let index = 0; index < 5; index++) ring.push(spanOf(index));
  assert.deepEqual([ring.pendingCount, ring.shed, ring.historyCount], [0, 0, 2]);
});
