import assert from "node:assert/strict";
import { test } from "node:test";

import { isServiceFailure, outcomeOf } from "./call-outcome.ts";

test("outcomeOf() tells few outcomes apart, and counts a broken answer as failed", () => {
  const outcomes = [outcomeOf(204, null), outcomeOf(404, "x"), outcomeOf(499, null)];
  assert.deepEqual(outcomes, ["2xx", "4xx", "499"]);
  assert.equal(outcomeOf(200, "gateway.upstream_broken"), "5xx");
});

test("outcomeOf() tells a limit of the gateway from one of the service", () => {
  assert.equal(outcomeOf(429, "gateway.rate_limited"), "429");
  assert.equal(outcomeOf(429, null), "upstream_429");
});

test("isServiceFailure() means what the service did not do, not what the gateway refused", () => {
  const failures = ["2xx", "4xx", "429", "499", "upstream_429", "5xx"].filter(isServiceFailure);
  assert.deepEqual(failures, ["upstream_429", "5xx"]);
});
