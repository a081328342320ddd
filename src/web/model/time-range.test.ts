import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRange, rangeQuery, resolveRange, stepFor } from "./time-range.ts";
import type { TimeRange } from "./time-range.ts";

function roundTrip(range: TimeRange): TimeRange {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rangeQuery(range))) {
    if (value !== null) query.set(name, value);
  }
  return parseRange(query);
}

test("parseRange() reads what rangeQuery() wrote", () => {
  const presets: readonly TimeRange[] = [
    { kind: "preset", preset: "15m" },
    { kind: "preset", preset: "7d" },
    { kind: "fixed", fromMs: 1_000_000, toMs: 1_600_000 },
  ];
  for (const range of presets) assert.deepEqual(roundTrip(range), range);
});

test("parseRange() falls back to 15 minutes on nonsense", () => {
  const fallback = { kind: "preset", preset: "15m" };
  assert.deepEqual(parseRange(new URLSearchParams("range=3y")), fallback);
  assert.deepEqual(parseRange(new URLSearchParams("from=9&to=3")), fallback);
  assert.deepEqual(parseRange(new URLSearchParams("from=x&to=3")), fallback);
  assert.deepEqual(parseRange(new URLSearchParams("to=3")), fallback);
});

test("resolveRange() covers now, on whole buckets, in 30 to 130 of them", () => {
  const presets = ["15m", "1h", "6h", "24h", "7d"] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...presets),
      fc.integer({ min: 1.7e12, max: 1.9e12 }),
      (preset, nowMs) => {
        const { fromMs, toMs, stepMs } = resolveRange({ kind: "preset", preset }, nowMs);
        assert.ok(toMs >= nowMs && toMs - nowMs < stepMs);
        assert.equal(fromMs % stepMs, 0);
        assert.equal(toMs % stepMs, 0);
        const buckets = (toMs - fromMs) / stepMs;
        assert.ok(buckets >= 30 && buckets <= 130, String(buckets));
      },
    ),
  );
});

test("stepFor() gives steps that divide a minute, an hour or a day", () => {
  assert.equal(stepFor(900_000), 15_000);
  assert.equal(stepFor(3_600_000), 60_000);
  assert.equal(stepFor(86_400_000), 1_800_000);
});
