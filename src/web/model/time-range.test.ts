import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  RANGE_PRESETS,
  parseRange,
  rangeQuery,
  resolveRange,
  resolveYoungRange,
  stepFor,
} from "./time-range.ts";
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

test("resolveYoungRange() begins a preset with its data, in finer buckets", () => {
  const range = { kind: "preset", preset: "15m" } as const;
  const nowMs = Date.UTC(2026, 10, 22, 12, 4, 11);
  const young = resolveYoungRange(range, nowMs, nowMs - 90_000);
  assert.deepEqual(young, {
    fromMs: Date.UTC(2026, 10, 22, 12, 2, 40),
    toMs: Date.UTC(2026, 10, 22, 12, 4, 20),
    stepMs: 10_000,
  });
  const newborn = resolveYoungRange(range, nowMs, nowMs);
  assert.equal(newborn.fromMs, Date.UTC(2026, 10, 22, 12, 3, 10));
});

test("resolveYoungRange() leaves older data, fixed ranges and the unknown alone", () => {
  const range = { kind: "preset", preset: "1h" } as const;
  const nowMs = Date.UTC(2026, 10, 22, 12, 4, 11);
  const whole = resolveRange(range, nowMs);
  assert.deepEqual(resolveYoungRange(range, nowMs, null), whole);
  assert.deepEqual(resolveYoungRange(range, nowMs, nowMs - 7_200_000), whole);
  const fixed = { kind: "fixed", fromMs: nowMs - 600_000, toMs: nowMs } as const;
  assert.deepEqual(resolveYoungRange(fixed, nowMs, nowMs - 60_000), resolveRange(fixed, nowMs));
});

test("resolveYoungRange() holds all data, now, and whole buckets, within the preset", () => {
  const ages = fc.integer({ min: 0, max: 8 * 86_400_000 });
  fc.assert(
    fc.property(fc.constantFrom(...RANGE_PRESETS), ages, (preset, ageMs) => {
      const nowMs = Date.UTC(2026, 10, 22, 12, 4, 11);
      const range = { kind: "preset", preset } as const;
      const whole = resolveRange(range, nowMs);
      const { fromMs, toMs, stepMs } = resolveYoungRange(range, nowMs, nowMs - ageMs);
      assert.ok(fromMs <= Math.max(whole.fromMs, nowMs - ageMs) && fromMs >= whole.fromMs);
      assert.ok(toMs >= nowMs && toMs - nowMs < stepMs && stepMs <= whole.stepMs);
      assert.equal((toMs - fromMs) % stepMs, 0);
    }),
  );
});

test("resolveRange() and resolveYoungRange() take no shorter buckets than can be answered", () => {
  const nowMs = 1_000_000_000;
  const preset = { kind: "preset", preset: "15m" } as const;
  assert.equal(resolveRange(preset, nowMs, 60_000).stepMs, 60_000);
  assert.equal(resolveYoungRange(preset, nowMs, nowMs - 120_000, 60_000).stepMs, 60_000);
  assert.equal(resolveRange({ kind: "preset", preset: "7d" }, nowMs, 60_000).stepMs, 10_800_000);
});
