import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  alignPoints,
  bucketStarts,
  firstSampleMs,
  isolatedPoints,
  lastKnown,
  limitLines,
  linesByKind,
  linesByLabel,
  outcomeLines,
  rates,
  spreadLabels,
  summed,
  withoutRunning,
} from "./chart-data.ts";
import type { SeriesPoints } from "./wire.ts";

const range = { fromMs: 1000, toMs: 6000, stepMs: 1000 };

function series(agentId: string | null, points: SeriesPoints["points"]): SeriesPoints {
  return { agentId, labels: {}, stepMs: range.stepMs, points };
}

test("alignPoints() leaves a gap for every bucket without samples", () => {
  const aligned = alignPoints(
    [
      [1000, 1],
      [3000, 3],
      [9000, 9],
    ],
    range,
  );
  assert.deepEqual(aligned, [1, null, 3, null, null]);
  assert.equal(bucketStarts(range).length, aligned.length);
});

test("outcomeLines() counts per minute, with zero only where the server was counting", () => {
  const answers = [
    [series(null, [[3000, 4]])], // ended
    [series(null, [[3000, 3]])], // of which done
  ];
  const [done, failed] = outcomeLines(answers, range, 2000, 5000);
  assert.equal(done?.label, "done");
  assert.deepEqual(done?.values, [null, 0, 180, 0, null]);
  assert.deepEqual(failed?.values, [null, 0, 60, 0, null]);
  assert.deepEqual(outcomeLines([[], []], range, 2000, 5000), []);
});

test("rates() divides the running bucket by the time it has run", () => {
  assert.deepEqual(rates([null, 4, 4, 2, null], range, 4500, 1000), [null, 4, 4, 4, null]);
  assert.deepEqual(
    rates([4, 4, 4, 1, null], range, 4100, 1000),
    [4, 4, 4, null, null],
    "a tenth of a bucket is no rate",
  );
  assert.deepEqual(
    rates([null, null, null, 1, null], range, 4100, 1000),
    [null, null, null, 4, null],
    "but it is all there is",
  );
});

test("linesByKind() adds agents of one kind up and keeps common gaps", () => {
  const kinds: Readonly<Record<string, string>> = { a: "worker", b: "worker", c: "planner" };
  const lines = linesByKind(
    [series("a", [[1000, 1]]), series("b", [[1000, 2]]), series("c", [[2000, 5]])],
    (id) => kinds[id] ?? "gone",
    range,
  );
  assert.deepEqual(lines, [
    { label: "planner", values: [null, 5, null, null, null] },
    { label: "worker", values: [3, null, null, null, null] },
  ]);
});

test("limitLines() keeps the five largest and folds the rest without losing a value", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 }), { maxLength: 12 }),
      (columns) => {
        const lines = columns.map((values, index) => ({ label: `k${index}`, values }));
        const limited = limitLines(lines);
        assert.ok(limited.length <= 6);
        assert.deepEqual(
          summed(limited.map((line) => line.values)),
          summed(lines.map((line) => line.values)),
        );
      },
    ),
  );
});

test("isolatedPoints() finds values that a line cannot show", () => {
  assert.deepEqual(isolatedPoints([1, null, 3, 4, null, 6]), [0, 5]);
  assert.deepEqual(isolatedPoints([null, null]), []);
});

test("lastKnown() skips trailing gaps", () => {
  assert.deepEqual(lastKnown([1, 2, null]), { index: 1, value: 2 });
  assert.equal(lastKnown([null]), undefined);
});

test("spreadLabels() separates labels and keeps their order when there is room", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 6 }), (positions) => {
      const placed = spreadLabels(positions, 13, 0, 100);
      const order = positions.map((_, index) => index);
      order.sort((a, b) => (placed[a] ?? 0) - (placed[b] ?? 0));
      for (let index = 1; index < order.length; index += 1) {
        const before = order[index - 1] ?? 0;
        const after = order[index] ?? 0;
        assert.ok((placed[after] ?? 0) - (placed[before] ?? 0) >= 13);
        assert.ok((positions[after] ?? 0) >= (positions[before] ?? 0));
      }
    }),
  );
});

test("firstSampleMs() is the earliest instant of any series", () => {
  const one = series(null, [
    [20, 1],
    [30, 1],
  ]);
  const other = series("a", [[10, 1]]);
  assert.equal(firstSampleMs([one, other]), 10);
  assert.equal(firstSampleMs([]), null);
});

function labelled(outcome: string, value: number): SeriesPoints {
  const labels = outcome === "" ? {} : { outcome };
  return { agentId: null, labels, stepMs: range.stepMs, points: [[2000, value]] };
}

test("linesByLabel() draws one line per value of a label, in their order", () => {
  const lines = linesByLabel(
    [labelled("5xx", 2), labelled("2xx", 9), labelled("", 1)],
    "outcome",
    range,
  );
  assert.deepEqual(
    lines.map(({ label, values }) => [label, values[1]]),
    [
      ["2xx", 9],
      ["5xx", 2],
      ["none", 1],
    ],
  );
});

test("withoutRunning() leaves the bucket out that has not ended", () => {
  assert.deepEqual(withoutRunning([1, 2, 3, 4, 5], range, 4500), [1, 2, 3, null, null]);
  assert.deepEqual(withoutRunning([1, 2, 3, 4, 5], range, 6000), [1, 2, 3, 4, 5]);
});
