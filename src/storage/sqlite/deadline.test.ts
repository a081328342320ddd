import assert from "node:assert/strict";
import { test } from "node:test";

import { Deadline, pageSize } from "./deadline.ts";

test("Deadline.row() ends a walk when time is up, and never before", () => {
  const passed = new Deadline(0);
  assert.throws(
    () => {
      for (let row = 0; row < 1_000; row++) passed.row();
    },
    { code: "storage.query_too_slow", message: /stopped after 0 ms/ },
  );
  const far = new Deadline(60_000);
  for (let row = 0; row < 1_000; row++) far.row();
});

test("pageSize() stays between nothing and the most", () => {
  assert.deepEqual(
    [undefined, 5, 2_000, -1, 2.9].map((limit) => pageSize(limit, 100, 1_000)),
    [100, 5, 1_000, 0, 2],
  );
});
