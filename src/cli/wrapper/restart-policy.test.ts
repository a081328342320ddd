import assert from "node:assert/strict";
import { test } from "node:test";

import { RestartPolicy } from "./restart-policy.ts";

test("RestartPolicy.delayAfter() follows its mode", () => {
  assert.equal(new RestartPolicy("never").delayAfter(1, 0), null);
  assert.equal(new RestartPolicy("on-failure").delayAfter(0, 0), null);
  assert.equal(new RestartPolicy("on-failure").delayAfter(1, 0), 1000);
  assert.equal(new RestartPolicy("always").delayAfter(0, 0), 1000);
});

test("RestartPolicy.delayAfter() doubles up to a minute and starts anew after a good run", () => {
  const policy = new RestartPolicy("always");
  const delays = Array.from({ length: 8 }, () => policy.delayAfter(1, 10));
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(policy.delayAfter(1, 60_000), 1000);
});
