import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { parseDuration, sleep } from "./duration.ts";

test("parseDuration() reads numbers as milliseconds and text by its units", () => {
  assert.equal(parseDuration(250), 250);
  assert.equal(parseDuration("250ms"), 250);
  assert.equal(parseDuration(" 1h30m "), 5_400_000);
  assert.equal(parseDuration("0.5s"), 500);
  assert.equal(parseDuration("30d"), 2_592_000_000);
});

test("parseDuration() refuses what is no duration", () => {
  for (const wrong of ["", "10", "10 m", "m", "-5s", "5sm", "1e3s"]) {
    assert.throws(() => parseDuration(wrong), RangeError, wrong);
  }
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => parseDuration(wrong), RangeError);
  }
});

test("parseDuration() adds up its parts", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(500), fc.nat(5000), (hours, seconds, milliseconds) => {
      const text = `${hours}h${seconds}s${milliseconds}ms`;
      assert.equal(parseDuration(text), hours * 3_600_000 + seconds * 1000 + milliseconds);
    }),
  );
});

test("sleep() ends early when its signal aborts", async () => {
  const controller = new AbortController();
  const slept = sleep(3_600_000, controller.signal);
  controller.abort();
  await slept;
  await sleep(3_600_000, controller.signal);
});
