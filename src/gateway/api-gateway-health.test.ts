// What the gateway sees of its services: health checks over real HTTP, status from checks and from
// calls, and who is told.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { startUpstream } from "../../test/support/upstream.ts";
import type { Upstream } from "../../test/support/upstream.ts";
import type { SeriesKey, Telemetry } from "../core/index.ts";
import { noTelemetry } from "../core/index.ts";
import { LogBook, openGateway, whenService } from "./test-support/gateway-fixture.ts";

function answerWith(upstream: Upstream, status: number): void {
  upstream.answer = (_request, response) => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end("words");
  };
}

test("APIGateway checks health for real, at the interval, and tells each change", async (t) => {
  const upstream = await startUpstream(t);
  const log = new LogBook();
  const gateway = openGateway(t, { healthCheckInterval: "50ms" }, { log });
  const told: string[] = [];
  using _callback = gateway.addServiceCallback(({ status }) => {
    if (told.at(-1) !== status) told.push(status);
  });
  await gateway.registerService("users", "Users", "v1", upstream.url, "/health?deep=1");
  const well = await whenService(gateway, "users", ({ status }) => status === "healthy");
  assert.equal(well.reason, "answered 200");
  assert.equal(upstream.requests[0]?.url, "/health?deep=1");
  const [endpoint] = well.endpointViews;
  assert.ok(endpoint?.checkedAtMs !== null && endpoint?.checkMs !== null);
  answerWith(upstream, 503);
  const sick = await whenService(gateway, "users", ({ status }) => status === "unhealthy");
  assert.equal(sick.reason, "answered 503");
  assert.ok(sick.statusSinceMs >= well.statusSinceMs);
  answerWith(upstream, 204);
  await whenService(gateway, "users", ({ status }) => status === "healthy");
  assert.deepEqual(told, ["unknown", "healthy", "unhealthy", "healthy"]);
  const lines = log.lines.filter(({ event }) => event === "gateway.service_status");
  assert.deepEqual(
    lines.map(({ details }) => details["status"]),
    told,
  );
});

test("APIGateway says in words why an endpoint is not well", async (t) => {
  const hanging = await startUpstream(t);
  hanging.answer = () => undefined;
  const gateway = openGateway(t, { healthCheckTimeout: "50ms" });
  await gateway.registerService("hanging", "Hanging", "v1", hanging.url, "/health");
  const refused = await closedPort();
  await gateway.registerService("gone", "Gone", "v1", refused, `${refused}/health`);
  assert.equal((await whenService(gateway, "hanging", isJudged)).reason, "no answer in 50 ms");
  const gone = await whenService(gateway, "gone", isJudged);
  assert.equal(gone.reason, "connection refused");
  assert.equal(gone.status, "unhealthy");
  assert.deepEqual(
    gateway.digests().map(({ id, status, reason }) => ({ id, status, reason })),
    [
      { id: "hanging", status: "unhealthy", reason: "no answer in 50 ms" },
      { id: "gone", status: "unhealthy", reason: "connection refused" },
    ],
  );
});

function isJudged({ status }: { readonly status: string }): boolean {
  return status !== "unknown";
}

/** A URL where nobody listens. */
async function closedPort(): Promise<string> {
  const ends: (() => unknown)[] = [];
  const gone = await startUpstream({ after: (end: () => unknown) => void ends.push(end) });
  for (const end of ends) end();
  return gone.url;
}

test("APIGateway sends calls to healthy endpoints, and calls a part-failing service degraded", async (t) => {
  const [well, sick] = await Promise.all([startUpstream(t), startUpstream(t)]);
  answerWith(sick, 500);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", [well.url, sick.url], "/health");
  const view = await whenService(gateway, "users", ({ status }) => status === "degraded");
  assert.equal(view.reason, "1 of 2 endpoints: answered 500");
  assert.deepEqual(
    view.endpointViews.map(({ status }) => status),
    ["healthy", "unhealthy"],
  );
  sick.requests.length = 0;
  for (let index = 0; index < 20; index++) {
    assert.equal((await gateway.routeRequest("GET", "/v1/users")).status, 200);
  }
  assert.equal(sick.requests.length, 0);
});

test("APIGateway uses unhealthy endpoints when there are no others", async (t) => {
  const upstream = await startUpstream(t);
  upstream.answer = ({ url }, response) => {
    response.writeHead(url === "/health" ? 500 : 200).end();
  };
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url, "/health");
  await whenService(gateway, "users", ({ status }) => status === "unhealthy");
  assert.equal((await gateway.routeRequest("GET", "/v1/users")).status, 200);
});

test("APIGateway.checkHealth() asks now and is sure, with and without a health check URL", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("checked", "Checked", "v1", upstream.url, "/health");
  await whenService(gateway, "checked", ({ status }) => status === "healthy");
  answerWith(upstream, 500);
  assert.equal((await gateway.checkHealth("checked")).status, "unhealthy");
  // Without a URL of its own any answer is a sign of life.
  await gateway.registerService("plain", "Plain", "v1", upstream.url);
  const plain = await gateway.checkHealth("plain");
  assert.equal(plain.status, "healthy");
  assert.equal(plain.reason, "answered 500");
  await gateway.updateService("plain", { baseUrl: await closedPort() });
  assert.equal((await gateway.checkHealth("plain")).reason, "connection refused");
  await assert.rejects(gateway.checkHealth("nobody"), /There is no service "nobody"/);
});

test("APIGateway judges a service without health checks by its calls", async (t) => {
  const gateway = openGateway(t);
  await gateway.registerService({ id: "users", baseUrl: await closedPort(), retries: 0 });
  assert.equal((await gateway.getService("users"))?.status, "unknown");
  for (let index = 0; index < 5; index++) await gateway.routeRequest("GET", "/v1/users");
  const down = await whenService(gateway, "users", ({ status }) => status === "unhealthy");
  assert.equal(down.reason, "connection refused");
  assert.equal(down.recent.failed, 5);
  assert.match(down.recent.lastFailedTraceId ?? "", /^[0-9a-f]{32}$/);
  const upstream = await startUpstream(t);
  await gateway.updateService("users", { baseUrl: upstream.url });
  await gateway.routeRequest("GET", "/v1/users");
  const up = await whenService(gateway, "users", ({ endpointViews }) => {
    return endpointViews[0]?.status === "healthy";
  });
  assert.equal(up.endpointViews[0]?.reason, "answers calls");
});

test("APIGateway calls a service degraded while too many of its calls fail", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService({
    id: "users",
    baseUrl: upstream.url,
    retries: 0,
    healthCheckUrl: "/health",
  });
  await whenService(gateway, "users", ({ status }) => status === "healthy");
  upstream.answer = ({ url }, response) => {
    response.writeHead(url === "/health" ? 200 : 500).end();
  };
  for (let index = 0; index < 12; index++) await gateway.routeRequest("GET", "/v1/users/x");
  const failing = await whenService(gateway, "users", ({ status }) => status === "degraded");
  assert.equal(failing.reason, "12 of 12 calls failed in the last minute");
  assert.equal(failing.recent.calls, 12);
  assert.equal(failing.recent.failed, 12);
  assert.ok((failing.recent.p95Seconds ?? 0) > 0);
});

test("APIGateway counts calls under way by endpoint", async (t) => {
  const upstream = await startUpstream(t);
  const arrived = Promise.withResolvers<() => void>();
  upstream.answer = (_request, response) => arrived.resolve(() => void response.end());
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const call = gateway.routeRequest("GET", "/v1/users");
  const finish = await arrived.promise;
  assert.equal((await gateway.getService("users"))?.recent.inFlight, 1);
  assert.equal(gateway.statistics().inFlight, 1);
  finish();
  await call;
  const idle = await whenService(gateway, "users", ({ recent }) => recent.inFlight === 0);
  assert.equal(idle.endpointViews[0]?.inFlight, 0);
});

test("APIGateway writes a service's availability with each check", async (t) => {
  const values: number[] = [];
  const telemetry: Telemetry = {
    ...noTelemetry,
    series: ({ metric, labels }: SeriesKey) => ({
      record: (value) => {
        if (metric === "service_availability" && labels?.["service"] === "users")
          values.push(value);
      },
      recordBatch: () => undefined,
    }),
  };
  const upstream = await startUpstream(t);
  const gateway = openGateway(t, {}, { telemetry });
  await gateway.registerService("users", "Users", "v1", upstream.url, "/health");
  await whenService(gateway, "users", ({ status }) => status === "healthy");
  answerWith(upstream, 500);
  await gateway.checkHealth("users");
  assert.deepEqual(values, [1, 0, 0]);
});

test("APIGateway checks no more once a service or the gateway is gone", async (t) => {
  const connections = { count: 0 };
  const server = createServer((_request, response) => response.end());
  server.on("connection", () => {
    connections.count += 1;
  });
  const url = await listen(t, server);
  const gateway = openGateway(t, { healthCheckInterval: "50ms" });
  await gateway.registerService("users", "Users", "v1", url, "/health");
  await whenService(gateway, "users", ({ status }) => status === "healthy");
  await gateway.unregisterService("users");
  const before = connections.count;
  // Long enough for several checks, of another service.
  const other = await startUpstream(t);
  await gateway.registerService("other", "Other", "v1", other.url, "/health");
  const { promise, resolve } = Promise.withResolvers<void>();
  using _callback = gateway.addServiceCallback(() => {
    if (other.requests.length >= 4) resolve();
  });
  await promise;
  assert.equal(connections.count, before);
});

async function listen(t: TestContext, server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}
