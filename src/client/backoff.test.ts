import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { backoffMs, parseRetryAfter } from "./backoff.ts";

test("backoffMs() doubles up to a cap and never comes down to nothing", () => {
  assert.equal(
    backoffMs(1, undefined, () => 0),
    50,
  );
  assert.equal(
    backoffMs(3, undefined, () => 1),
    800,
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const delayMs = backoffMs(failures, undefined, () => random);
        assert.ok(delayMs >= 50 && delayMs <= 5000);
      },
    ),
  );
});

test("backoffMs() waits at least as long as the server asked for", () => {
  for (const random of [0, 0.5, 0.99]) {
    const delayMs = backoffMs(1, 7000, () => random);
    assert.ok(delayMs >= 7000 && delayMs <= 7200);
  }
});

test("parseRetryAfter() reads seconds and dates", () => {
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(parseRetryAfter("3", nowMs), 3000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 00:00:05 GMT", nowMs), 5000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2015 00:00:05 GMT", nowMs), 0);
  assert.equal(parseRetryAfter("soon", nowMs), undefined);
  assert.equal(parseRetryAfter(null, nowMs), undefined);
});
