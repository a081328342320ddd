import assert from "node:assert/strict";
import { test } from "node:test";
import { holdRows } from "./held-rows.ts";

const same = (row: string): string => row;

test("holdRows() shows everything while nothing holds it", () => {
  assert.deepEqual(holdRows(["c", "b"], undefined, same), { shown: ["c", "b"], waiting: 0 });
  assert.deepEqual(holdRows(["c"], new Set(), same), { shown: ["c"], waiting: 0 });
});

test("holdRows() lets new rows wait above those that are pointed at", () => {
  const held = new Set(["b", "a"]);
  assert.deepEqual(holdRows(["d", "c", "b", "a"], held, same), {
    shown: ["b", "a"],
    waiting: 2,
  });
});

test("holdRows() counts all as waiting when none of the held rows is left", () => {
  assert.deepEqual(holdRows(["d", "c"], new Set(["a"]), same), { shown: [], waiting: 2 });
});
