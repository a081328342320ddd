import assert from "node:assert/strict";
import { test } from "node:test";
import { holdOrder } from "./table-order.ts";

test("holdOrder() keeps rows in place while held and counts what would move", () => {
  assert.deepEqual(holdOrder(["a", "b", "c"], ["c", "b", "a"], true), {
    ids: ["a", "b", "c"],
    changed: 2,
  });
  assert.deepEqual(holdOrder(["a", "b", "c"], ["c", "b", "a"], false), {
    ids: ["c", "b", "a"],
    changed: 0,
  });
});

test("holdOrder() lets rows leave and puts new ones at the end", () => {
  assert.deepEqual(holdOrder(["a", "b"], ["new", "b"], true), { ids: ["b", "new"], changed: 2 });
});
