import assert from "node:assert/strict";
import { test } from "node:test";

import type { CallBatch } from "./data-plane.ts";
import { callOf } from "./call-store-contract.ts";
import type { ServiceRecord } from "./model.ts";
import { ServiceBoard } from "./service-board.ts";
import { serviceOf } from "./service-store-contract.ts";

const OK = { ok: true, reason: "answered 200", durationMs: 2 };
const BAD = { ok: false, reason: "answered 503", durationMs: 2 };
const START_MS = 1_700_000_000_000;

class Fixture {
  nowMs = START_MS;
  services: ServiceRecord[] = [];
  readonly environment: Record<string, string> = {};
  readonly board = new ServiceBoard({
    services: () => this.services,
    environment: this.environment,
    nowMs: () => this.nowMs,
    activityWindowMs: 300_000,
  });

  put(record: ServiceRecord): void {
    this.services = [...this.services.filter(({ id }) => id !== record.id), record];
    this.board.put(record);
  }

  took(batch: Partial<CallBatch>, plane = 0): ReadonlySet<string> {
    const empty = { calls: [], aggregates: [], omitted: 0, inFlight: [], outcomes: [] };
    return this.board.took({ ...empty, ...batch }, plane, "default");
  }
}

function aggregate(
  outcome: string,
  count: number,
  fields: Partial<CallBatch["aggregates"][number]> = {},
) {
  return {
    namespace: "default",
    agentId: null,
    serviceId: "user_service",
    route: "/v1/**",
    outcome,
    durationsSeconds: new Float64Array(count).fill(0.1),
    upstreamSeconds: new Float64Array(),
    requestBytes: 0,
    responseBytes: 0,
    ...fields,
  };
}

test("ServiceBoard.targets() asks each URL of a service once", () => {
  const fixture = new Fixture();
  const endpoints = [
    { baseUrl: "http://a", weight: 1 },
    { baseUrl: "http://b/api", weight: 1 },
  ];
  fixture.put(serviceOf({ id: "below", endpoints, healthCheckUrl: "/health" }));
  fixture.put(serviceOf({ id: "one", endpoints, healthCheckUrl: "http://c/health" }));
  fixture.put(serviceOf({ id: "none" }));
  assert.deepEqual(fixture.board.targets(), [
    { serviceId: "below", url: "http://a/health" },
    { serviceId: "below", url: "http://b/api/health" },
    { serviceId: "one", url: "http://c/health" },
  ]);
});

test("ServiceBoard.checked() says when endpoints to use change, isAvailable() whether one is", () => {
  const fixture = new Fixture();
  const { board } = fixture;
  const endpoints = [
    { baseUrl: "http://a", weight: 1 },
    { baseUrl: "http://b", weight: 1 },
  ];
  fixture.put(serviceOf({ endpoints, healthCheckUrl: "/h" }));
  const check = (url: string, result: typeof OK) => ({
    ...board.checked({ ...result, serviceId: "user_service", url, atMs: START_MS }),
    available: board.isAvailable("user_service"),
  });
  assert.equal(board.isAvailable("user_service"), undefined, "nobody was asked");
  assert.deepEqual(check("http://a/h", OK), { planChanged: false, available: true });
  assert.deepEqual(check("http://b/h", BAD), { planChanged: true, available: true });
  assert.equal(board.isUsable("user_service", "http://b"), false);
  assert.deepEqual(check("http://a/h", BAD), { planChanged: false, available: false });
  assert.deepEqual(check("http://a/h", BAD), { planChanged: true, available: false });
  assert.equal(board.view("user_service")?.status, "unhealthy");
  assert.deepEqual(check("http://b/h", OK), { planChanged: true, available: true });
  board.remove("user_service");
  assert.deepEqual(check("http://a/h", OK), { available: undefined });
});

test("ServiceBoard is degraded from a fifth of failed calls, until less than a tenth fail", () => {
  const fixture = new Fixture();
  fixture.put(serviceOf({ healthCheckUrl: "/h" }));
  const url = "http://localhost:8001/h";
  fixture.board.checked({ ...OK, serviceId: "user_service", url, atMs: START_MS });
  const statusNow = (): string | undefined => {
    fixture.board.takeChanged();
    return fixture.board.view("user_service")?.status;
  };
  fixture.took({ aggregates: [aggregate("5xx", 9)] });
  assert.equal(statusNow(), "healthy", "too few to judge");
  fixture.took({ aggregates: [aggregate("2xx", 36)] });
  assert.equal(statusNow(), "degraded");
  assert.equal(
    fixture.board.view("user_service")?.reason,
    "9 of 45 calls failed in the last minute",
  );
  fixture.took({ aggregates: [aggregate("2xx", 40)] });
  assert.equal(statusNow(), "degraded", "a little above a tenth");
  fixture.took({ aggregates: [aggregate("2xx", 20)] });
  assert.equal(statusNow(), "healthy");
  fixture.nowMs += 600_000;
  assert.equal(statusNow(), "healthy");
  assert.equal(fixture.board.view("user_service")?.recent.calls, 0);
});

function busy(calls: number, namespace = "default") {
  return { namespace, serviceId: "user_service", baseUrl: "http://localhost:8001", calls };
}

test("ServiceBoard counts calls under way of both planes, each replacing its own", () => {
  const fixture = new Fixture();
  fixture.put(serviceOf());
  fixture.took({ inFlight: [busy(2), busy(9, "other")] }, 0);
  fixture.took({ inFlight: [busy(3)] }, 1);
  assert.equal(fixture.board.view("user_service")?.recent.inFlight, 5);
  fixture.took({ inFlight: [busy(1)] }, 1);
  assert.equal(fixture.board.view("user_service")?.endpointViews[0]?.inFlight, 3);
  fixture.took({}, 0);
  assert.equal(fixture.board.inFlight(), 1);
});

test("ServiceBoard takes only its own namespace's calls, and bears services that are gone", () => {
  const fixture = new Fixture();
  fixture.put(serviceOf());
  const outcome = {
    namespace: "other",
    serviceId: "user_service",
    baseUrl: "http://localhost:8001",
    succeeded: 0,
    failed: 50,
    reason: "timed out",
  };
  const suspects = fixture.took({
    aggregates: [
      aggregate("5xx", 50, { namespace: "other" }),
      aggregate("5xx", 50, { serviceId: "gone" }),
      aggregate("4xx", 50, { serviceId: null }),
    ],
    calls: [callOf(1, { namespace: "other", status: 503 }), callOf(2, { serviceId: "gone" })],
    outcomes: [outcome, { ...outcome, namespace: "default", serviceId: "gone" }],
  });
  assert.deepEqual([...suspects], []);
  const view = fixture.board.view("user_service");
  assert.equal(view?.status, "unknown");
  assert.equal(view?.recent.calls, 0);
});

test("ServiceBoard remembers the last failed call's trace for five minutes", () => {
  const fixture = new Fixture();
  fixture.put(serviceOf());
  const traced = (traceId: string, fields: Parameters<typeof callOf>[1]) =>
    callOf(1, { traceId, atMs: fixture.nowMs, ...fields });
  fixture.took({
    calls: [
      traced("a".repeat(32), { status: 503 }),
      traced("b".repeat(32), { status: 429, code: "gateway.rate_limited" }),
      traced("c".repeat(32), { status: 404 }),
      traced("d".repeat(32), { status: 200 }),
    ],
  });
  const last = (): string | null | undefined =>
    fixture.board.view("user_service")?.recent.lastFailedTraceId;
  assert.equal(last(), "a".repeat(32));
  fixture.took({
    calls: [traced("e".repeat(32), { status: 200, code: "gateway.upstream_broken" })],
  });
  assert.equal(last(), "e".repeat(32));
  fixture.took({ calls: [traced("f".repeat(32), { status: 429 })] });
  assert.equal(last(), "f".repeat(32));
  fixture.nowMs += 300_001;
  assert.equal(last(), null);
});

test("ServiceBoard.put() keeps what is known of endpoints that stay, unless checks change", () => {
  const fixture = new Fixture();
  const record = serviceOf({ healthCheckUrl: "/h" });
  fixture.put(record);
  const url = "http://localhost:8001/h";
  fixture.board.checked({ ...OK, serviceId: "user_service", url, atMs: START_MS });
  fixture.put({ ...record, name: "Renamed" });
  assert.equal(fixture.board.view("user_service")?.status, "healthy");
  fixture.put({ ...record, healthCheckUrl: "/other" });
  assert.equal(fixture.board.view("user_service")?.status, "unknown");
});

test("ServiceBoard.takeChanged() names each change once, with the status told before", () => {
  const fixture = new Fixture();
  fixture.put(serviceOf({ healthCheckUrl: "/h" }));
  assert.deepEqual(fixture.board.takeChanged(), [{ serviceId: "user_service", before: null }]);
  assert.deepEqual(fixture.board.takeChanged(), []);
  const url = "http://localhost:8001/h";
  fixture.board.checked({ ...OK, serviceId: "user_service", url, atMs: START_MS });
  assert.deepEqual(fixture.board.takeChanged(), [{ serviceId: "user_service", before: "unknown" }]);
});

test("ServiceBoard shows a service whose credential is not set as unhealthy, until it is", () => {
  const fixture = new Fixture();
  const credential = { header: "x-key", value: "${USERS_KEY}" };
  fixture.put(serviceOf({ credential }));
  assert.equal(fixture.board.view("user_service")?.status, "unhealthy");
  assert.deepEqual(fixture.board.view("user_service")?.credential, { ...credential, value: "***" });
  fixture.environment["USERS_KEY"] = "secret";
  assert.equal(fixture.board.takeChanged().length, 1);
  assert.equal(fixture.board.view("user_service")?.status, "unknown");
});
