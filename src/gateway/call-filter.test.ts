import assert from "node:assert/strict";
import { test } from "node:test";

import { callLimit, isFailedCall, isNotableCall, statusRange } from "./call-filter.ts";
import { callOf } from "./call-store-contract.ts";

test("isFailedCall() means 5xx, 499 and what the gateway refused", () => {
  assert.equal(isFailedCall({ status: 200, code: null }), false);
  assert.equal(isFailedCall({ status: 404, code: null }), false);
  assert.equal(isFailedCall({ status: 404, code: "gateway.route_unknown" }), true);
  assert.equal(isFailedCall({ status: 429, code: "gateway.rate_limited" }), true);
  assert.equal(isFailedCall({ status: 499, code: null }), true);
  assert.equal(isFailedCall({ status: 500, code: null }), true);
  assert.equal(isFailedCall({ status: 200, code: "gateway.upstream_broken" }), true);
});

test("isNotableCall() means failed and slow calls, but no flood of 429", () => {
  assert.equal(isNotableCall(callOf(1, { durationMs: 4999 }), 5000), false);
  assert.equal(isNotableCall(callOf(1, { durationMs: 5000 }), 5000), true);
  assert.equal(isNotableCall(callOf(1, { status: 503 }), 5000), true);
  const limited = callOf(1, { status: 429, code: "gateway.rate_limited", durationMs: 9000 });
  assert.equal(isNotableCall(limited, 5000), false);
});

test("isNotableCall() leaves out what the gateway refused before it led to a service", () => {
  const refused = { serviceId: null, durationMs: 9000 };
  const keyless = callOf(1, { ...refused, status: 401, code: "gateway.key_missing" });
  assert.equal(isNotableCall(keyless, 5000), false);
  const lost = callOf(1, { ...refused, status: 404, code: "gateway.route_unknown" });
  assert.equal(isNotableCall(lost, 5000), false);
  const overload = callOf(1, { ...refused, status: 503, code: "gateway.too_many_calls" });
  assert.equal(isNotableCall(overload, 5000), true);
  const tooLarge = callOf(1, { serviceId: "users", status: 413, code: "gateway.body_too_large" });
  assert.equal(isNotableCall(tooLarge, 5000), true);
});

test("callLimit() is 100 unless told, from 0 to 1000", () => {
  const limits = [undefined, Number.NaN, -5, 0, 7.9, 1000, 1001, Infinity];
  assert.deepEqual(
    limits.map((limit) => callLimit(limit === undefined ? {} : { limit })),
    [100, 100, 0, 0, 7, 1000, 1000, 1000],
  );
});

test("statusRange() understands exact statuses and classes, nothing else", () => {
  assert.deepEqual(statusRange("404"), [404, 404]);
  assert.deepEqual(statusRange("4xx"), [400, 499]);
  assert.deepEqual(statusRange("5XX"), [500, 599]);
  for (const text of ["", "4", "40x", "4xxx", "0xx", "404 ", "x"]) {
    assert.equal(statusRange(text), undefined, text);
  }
});
