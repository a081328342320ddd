import assert from "node:assert/strict";
import { test } from "node:test";

import { EndpointHealth, statusOf } from "./service-health.ts";

const OK = { ok: true, reason: "answered 200", durationMs: 3 };
const BAD = { ok: false, reason: "connection refused", durationMs: null };

function failed(count: number) {
  return { baseUrl: "http://a", succeeded: 0, failed: count, reason: "timed out" };
}
const SUCCEEDED = { baseUrl: "http://a", succeeded: 1, failed: 0, reason: null };

test("EndpointHealth is unhealthy after two failed checks, healthy after one good one", () => {
  const health = new EndpointHealth(true);
  assert.equal(health.status, "unknown");
  assert.equal(health.isUsable, true);
  health.checked(OK, 1);
  assert.equal(health.status, "healthy");
  assert.equal(health.checkMs, 3);
  health.checked(BAD, 2);
  assert.equal(health.status, "healthy");
  assert.equal(health.isDoubted, true);
  assert.equal(health.reason, "connection refused once, being checked again");
  assert.equal(health.lastCheckOk, false);
  health.checked(BAD, 3);
  assert.equal(health.status, "unhealthy");
  assert.equal(health.reason, "connection refused");
  assert.equal(health.isUsable, false);
  assert.equal(health.checkMs, 3);
  health.checked(OK, 4);
  assert.equal(health.status, "healthy");
  assert.equal(health.isUsable, true);
  health.checked(BAD, 5);
  assert.equal(health.status, "healthy");
});

test("EndpointHealth takes the first check of all at its word", () => {
  const health = new EndpointHealth(true);
  health.checked(BAD, 1);
  assert.equal(health.status, "unhealthy");
});

test("EndpointHealth with checks leaves the verdict to them, but asks for one", () => {
  const health = new EndpointHealth(true);
  assert.equal(health.called(failed(9)), false);
  health.checked(OK, 1);
  assert.equal(health.called(failed(9)), true);
  assert.equal(health.status, "healthy");
  assert.equal(health.called(SUCCEEDED), false);
});

test("EndpointHealth without checks follows calls: five failures without a success", () => {
  const health = new EndpointHealth(false);
  assert.equal(health.reason, "not called yet");
  health.called(failed(4));
  assert.equal(health.status, "unknown");
  health.called(SUCCEEDED);
  assert.equal(health.status, "healthy");
  health.called(failed(4));
  assert.equal(health.status, "healthy");
  health.called(failed(1));
  assert.equal(health.status, "unhealthy");
  assert.equal(health.reason, "timed out");
  // Nobody but calls could find out that it is back.
  assert.equal(health.isUsable, true);
  health.called(SUCCEEDED);
  assert.equal(health.status, "healthy");
});

test("EndpointHealth.probed() counts at once", () => {
  const health = new EndpointHealth(false);
  health.called(SUCCEEDED);
  health.probed(BAD, 1);
  assert.equal(health.status, "unhealthy");
  health.probed(OK, 2);
  assert.equal(health.status, "healthy");
});

function endpointsOf(...statuses: readonly ("up" | "down" | "new")[]) {
  return statuses.map((status) => {
    const health = new EndpointHealth(true);
    if (status !== "new") health.checked(status === "up" ? OK : BAD, 1);
    return health;
  });
}

test("statusOf() is healthy when all answer, degraded when some do, unhealthy when none does", () => {
  const cases = [
    [["up"], "healthy", /answered 200/],
    [["down"], "unhealthy", /connection refused/],
    [["new"], "unknown", /not checked yet/],
    [["up", "up"], "healthy", /2 of 2 answer/],
    [["up", "new"], "healthy", /1 of 2 answer/],
    [["new", "new"], "unknown", /not checked yet/],
    [["up", "down", "down"], "degraded", /^2 of 3 endpoints: connection refused$/],
    [["new", "down"], "degraded", /^1 of 2 endpoints: connection refused$/],
    [["down", "down"], "unhealthy", /^2 of 2 endpoints: connection refused$/],
  ] as const;
  for (const [statuses, status, reason] of cases) {
    const found = statusOf(endpointsOf(...statuses));
    assert.equal(found.status, status, statuses.join());
    assert.match(found.reason, reason);
  }
});
