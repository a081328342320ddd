import assert from "node:assert/strict";
import { test } from "node:test";
import { kpiValue } from "./kpi-words.ts";

test("kpiValue() speaks each unit, and says when nothing was measured", () => {
  const words = [
    kpiValue(87, "points"),
    kpiValue(1.24, "s"),
    kpiValue(99.2, "%"),
    kpiValue(2048, "bytes"),
    kpiValue(2048, "bytes/s"),
    kpiValue(12, "1/min"),
    kpiValue(null, "s"),
  ];
  const expected = ["87", "1.2 s", "99.2%", "2 KiB", "2 KiB/s", "12/min", "not measured"];
  assert.deepEqual(words, expected);
});
