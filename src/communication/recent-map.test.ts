import assert from "node:assert/strict";
import { test } from "node:test";

import { RecentMap } from "./recent-map.ts";

test("RecentMap.get() finds the last entries and forgets those before", () => {
  const recent = new RecentMap<number, string>(10);
  for (let key = 0; key < 1000; key++) {
    recent.set(key, `value ${key}`);
    for (let last = Math.max(0, key - 9); last <= key; last++) {
      assert.equal(recent.get(last), `value ${last}`);
    }
    assert.equal(recent.get(key - 20), undefined);
  }
});
