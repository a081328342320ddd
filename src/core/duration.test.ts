import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { formatDuration, parseDurationMs } from "./duration.ts";

test("parseDurationMs() reads each unit", () => {
  assert.equal(parseDurationMs("250ms"), 250);
  assert.equal(parseDurationMs("60s"), 60_000);
  assert.equal(parseDurationMs("5m"), 300_000);
  assert.equal(parseDurationMs("2h"), 7_200_000);
  assert.equal(parseDurationMs("30d"), 2_592_000_000);
});

test("parseDurationMs() adds up parts, takes fractions and surrounding blanks", () => {
  assert.equal(parseDurationMs("1h30m"), 5_400_000);
  assert.equal(parseDurationMs(" 1.5s "), 1_500);
  assert.equal(parseDurationMs("0s"), 0);
});

test("parseDurationMs() is undefined for what is no duration", () => {
  for (const text of [
    "",
    " ",
    "60",
    "s",
    "-5s",
    "5 s",
    "5sx",
    "x5s",
    "1h 30m",
    "5w",
    "1e3s",
    ".",
  ]) {
    assert.equal(parseDurationMs(text), undefined, JSON.stringify(text));
  }
});

test("parseDurationMs() reads back any sum of whole units", () => {
  const part = fc.integer({ min: 0, max: 500 });
  fc.assert(
    fc.property(part, part, part, part, part, (days, hours, minutes, seconds, ms) => {
      const text = `${days}d${hours}h${minutes}m${seconds}s${ms}ms`;
      const expected = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms;
      assert.equal(parseDurationMs(text), expected);
    }),
  );
});

test("parseDurationMs() never throws and is finite or undefined", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseDurationMs(text);
      assert.ok(parsed === undefined || (Number.isFinite(parsed) && parsed >= 0));
    }),
  );
});

test("parseDurationMs() is undefined when the number is too large to hold", () => {
  assert.equal(parseDurationMs(`${"9".repeat(400)}s`), undefined);
});

test("formatDuration() says seconds, minutes, hours, days", () => {
  const said: [number, string][] = [
    [0, "0 s"],
    [400, "0 s"],
    [40_000, "40 s"],
    [59_400, "59 s"],
    [60_000, "1 min"],
    [14 * 60_000 + 30_000, "14 min"],
    [3_600_000, "1 h"],
    [2 * 3_600_000 + 5 * 60_000, "2 h 5 min"],
    [86_400_000, "1 d"],
    [3 * 86_400_000 + 2 * 3_600_000, "3 d 2 h"],
  ];
  for (const [ms, words] of said) assert.equal(formatDuration(ms), words, String(ms));
});

test("formatDuration() rounds up to the next unit rather than say 60 s", () => {
  assert.equal(formatDuration(59_600), "1 min");
});

test("formatDuration() says nothing negative", () => {
  assert.equal(formatDuration(-5_000), "0 s");
});
