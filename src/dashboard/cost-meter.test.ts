import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { CostMeter } from "./cost-meter.ts";

const MINUTE_MS = 60_000;

test("CostMeter.since() is null for an agent that never reported a cost", () => {
  assert.equal(new CostMeter().since("a", 0), null);
});

test("CostMeter.since() adds up whole minutes in whatever order costs arrive", () => {
  const entry = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 50 }));
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1 }),
      fc.integer({ min: 0, max: 100 }),
      (rows, from) => {
        const meter = new CostMeter();
        for (const [minute, usd] of rows) meter.add("a", minute * MINUTE_MS + 17, usd);
        const expected = rows
          .filter(([minute]) => minute >= from)
          .reduce((sum, [, usd]) => sum + usd, 0);
        assert.equal(meter.since("a", from * MINUTE_MS + 59_000), expected);
      },
    ),
  );
});

test("CostMeter.perHour() scales the window's cost of all agents to an hour", () => {
  const meter = new CostMeter();
  assert.equal(meter.perHour(0), null);
  meter.add("a", 20 * MINUTE_MS, 1);
  meter.add("b", 21 * MINUTE_MS, 2);
  assert.equal(meter.perHour(35 * MINUTE_MS), 12);
});

test("CostMeter.perHour() does not thin the first minutes out over the whole window", () => {
  const meter = new CostMeter();
  meter.add("a", 20 * MINUTE_MS, 1);
  assert.equal(meter.perHour(20 * MINUTE_MS + 1), 60);
  meter.add("b", 21 * MINUTE_MS, 2);
  assert.equal(meter.perHour(25 * MINUTE_MS), 36);
});

test("CostMeter.add() keeps a day of minutes and no more", () => {
  const meter = new CostMeter();
  for (let minute = 0; minute < 2000; minute++) meter.add("a", minute * MINUTE_MS, 1);
  assert.equal(meter.since("a", 0), 1440);
});

test("CostMeter.perHour() no longer counts an agent that was forgotten", () => {
  const meter = new CostMeter();
  meter.add("a", 20 * MINUTE_MS, 1);
  meter.add("b", 20 * MINUTE_MS, 2);
  meter.forget("b");
  assert.equal(meter.perHour(35 * MINUTE_MS), 4);
  meter.forget("a");
  assert.equal(meter.perHour(25 * MINUTE_MS), null);
});
