import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatAge,
  formatBytes,
  formatRatio,
  formatSeconds,
  formatTime,
  formatUsd,
  formatValue,
  nameList,
  plural,
} from "./format.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("formatAge() names at most two units and never rounds up", () => {
  assert.equal(formatAge(-5), "0 s");
  assert.equal(formatAge(40_999), "40 s");
  assert.equal(formatAge(59_999), "59 s");
  assert.equal(formatAge(14 * MINUTE + 59_000), "14 min");
  assert.equal(formatAge(2 * HOUR + 5 * MINUTE), "2 h 5 min");
  assert.equal(formatAge(24 * HOUR), "24 h");
  assert.equal(formatAge(76 * HOUR), "3 d 4 h");
});

test("formatSeconds() keeps sensible precision from microseconds to hours", () => {
  assert.equal(formatSeconds(0), "0 s");
  assert.equal(formatSeconds(0.0008), "0.8 ms");
  assert.equal(formatSeconds(0.24), "240 ms");
  assert.equal(formatSeconds(1.94), "1.9 s");
  assert.equal(formatSeconds(42), "42 s");
  assert.equal(formatSeconds(100), "1 min 40 s");
  assert.equal(formatSeconds(300), "5 min");
  assert.equal(formatSeconds(840), "14 min");
});

test("formatUsd() shows cents, groups thousands, and never turns money into nothing", () => {
  assert.equal(formatUsd(1.834), "$1.83");
  assert.equal(formatUsd(0), "$0.00");
  assert.equal(formatUsd(0.004), "<$0.01");
  assert.equal(formatUsd(1204.4), "$1,204");
  assert.equal(formatUsd(-2.5), "-$2.50");
});

test("formatRatio() never shows 0% for something that happened", () => {
  assert.equal(formatRatio(0), "0%");
  assert.equal(formatRatio(0.0004), "<0.1%");
  assert.equal(formatRatio(0.023), "2.3%");
  assert.equal(formatRatio(0.124), "12%");
});

test("formatValue() stays short for any number", () => {
  assert.equal(formatValue(0), "0");
  assert.equal(formatValue(0.0312), "0.031");
  assert.equal(formatValue(12.54), "12.5");
  assert.equal(formatValue(1204), "1,204");
  assert.equal(formatValue(2_100_000), "2.1M");
  assert.equal(formatValue(-0.00000105), "-1e-6");
  fc.assert(
    fc.property(fc.double({ min: -1e11, max: 1e11, noNaN: true }), (value) => {
      assert.ok(formatValue(value).length <= 9, formatValue(value));
    }),
  );
});

test("formatBytes() uses binary units", () => {
  assert.equal(formatBytes(512), "512 B");
  assert.equal(formatBytes(38 * 1024 ** 2), "38 MiB");
  assert.equal(formatBytes(1.25 * 1024 ** 3), "1.3 GiB");
});

test("formatTime() adds the date to instants of another day", () => {
  const at = new Date(2026, 10, 22, 12, 4, 10).getTime();
  assert.equal(formatTime(at, at), "12:04:10");
  assert.equal(formatTime(at, at, false), "12:04");
  assert.equal(formatTime(at, at + 24 * HOUR), "22 Nov 12:04");
});

test("plural() and nameList() read as a sentence", () => {
  assert.equal(plural(1, "agent"), "1 agent");
  assert.equal(plural(1400, "agent"), "1,400 agents");
  assert.equal(nameList([]), "");
  assert.equal(nameList(["a"]), "a");
  assert.equal(nameList(["a", "b"]), "a and b");
  assert.equal(nameList(["a", "b", "c"]), "a, b and c");
  assert.equal(nameList(["a", "b", "c", "d", "e"]), "a, b and 3 more");
});
