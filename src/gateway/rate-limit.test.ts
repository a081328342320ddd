import assert from "node:assert/strict";
import { test } from "node:test";

import { GatewayError } from "./errors.ts";
import { rateLimitOf } from "./rate-limit.ts";

test("rateLimitOf() gives ten seconds' worth as the burst when none is said", () => {
  assert.deepEqual(rateLimitOf(100, 20), { requestsPerMinute: 100, burst: 20 });
  assert.deepEqual(rateLimitOf(100), { requestsPerMinute: 100, burst: 17 });
  assert.deepEqual(rateLimitOf(600, null), { requestsPerMinute: 600, burst: 100 });
  assert.deepEqual(rateLimitOf(0.5), { requestsPerMinute: 0.5, burst: 1 });
  assert.deepEqual(rateLimitOf(0), { requestsPerMinute: 0, burst: 1 });
});

test("rateLimitOf() refuses what is no limit, and says what it must be", () => {
  const bad: [number, number?][] = [
    [-1],
    [Number.NaN],
    [Infinity],
    [1e9],
    [10, 0],
    [10, -3],
    [10, 1.5],
    [10, Number.NaN],
    [10, 1e9],
  ];
  for (const [requestsPerMinute, burst] of bad) {
    assert.throws(
      () => rateLimitOf(requestsPerMinute, burst),
      (error) => error instanceof GatewayError && error.code === "gateway.limit_invalid",
      `${requestsPerMinute}, ${burst}`,
    );
  }
  assert.throws(() => rateLimitOf(10, 0), /set requestsPerMinute to 0/);
  assert.throws(() => rateLimitOf(10, 1e9), /from 1 to 100000000/);
});
