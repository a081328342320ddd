import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EMPTY_SERVICE_FORM,
  failedRatio,
  limitWords,
  optionalNumber,
  registrationOf,
} from "./service-words.ts";

test("limitWords() says rate and burst, or none", () => {
  assert.equal(limitWords(null), "none");
  assert.equal(limitWords({ requestsPerMinute: 1200, burst: 20 }), "1,200/min, 20 at once");
});

test("failedRatio() is unknown without calls", () => {
  assert.equal(failedRatio({ calls: 0, failed: 0 }), null);
  assert.equal(failedRatio({ calls: 8, failed: 2 }), 0.25);
});

test("registrationOf() leaves what is empty to the gateway", () => {
  const form = { ...EMPTY_SERVICE_FORM, id: " search ", healthCheckUrl: "" };
  assert.deepEqual(registrationOf({ ...form, endpoints: "\nhttp://a:1\n" }), {
    id: "search",
    version: "v1",
    endpoints: [{ baseUrl: "http://a:1" }],
  });
});

test("registrationOf() reads weights, paths, limits, seconds and the credential", () => {
  const registration = registrationOf({
    id: "users",
    version: "v2",
    endpoints: "http://a:1 3\nhttp://b:1",
    paths: "/users/:id, /files/**",
    healthCheckUrl: "/health",
    requestsPerMinute: "100",
    burst: "20",
    timeoutSeconds: "1.5",
    credentialHeader: "authorization",
    credentialValue: "Bearer ${KEY}",
  });
  assert.deepEqual(registration, {
    id: "users",
    version: "v2",
    endpoints: [{ baseUrl: "http://a:1", weight: 3 }, { baseUrl: "http://b:1" }],
    paths: ["/users/:id", "/files/**"],
    healthCheckUrl: "/health",
    rateLimit: { requestsPerMinute: 100, burst: 20 },
    requestTimeoutMs: 1500,
    credential: { header: "authorization", value: "Bearer ${KEY}" },
  });
});

test("optionalNumber() names the field whose number is none", () => {
  assert.equal(optionalNumber(" ", "At once"), undefined);
  assert.throws(() => optionalNumber("many", "At once"), /At once: “many” is not a number/);
});
