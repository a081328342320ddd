// The gateway's own promises, over real HTTP: routing, limits, timeouts, registration.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startUpstream } from "../../test/support/upstream.ts";
import { GatewayError } from "./errors.ts";
import { openGateway } from "./test-support/gateway-fixture.ts";
import { VolatileServiceStore } from "./volatile-service-store.ts";

function code(wanted: string): (error: unknown) => boolean {
  return (error) => error instanceof GatewayError && error.code === wanted;
}

test("APIGateway serves the reference's example, word for word", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  // Nothing but the last call is awaited, as in the reference.
  void gateway.registerService("user_service", "User Management", "v1", upstream.url);
  void gateway.setRateLimit("user_service", 100, 20);
  const response = await gateway.routeRequest(
    "GET",
    "/v1/users",
    { Authorization: "Bearer token" },
    { page: "1", limit: "10" },
  );
  assert.equal(response.status, 200);
  assert.deepEqual(response.json(), { ok: true });
  assert.equal(response.headers["ratelimit-policy"], '"service";q=20;w=12');
  const [request] = upstream.requests;
  assert.equal(request?.method, "GET");
  assert.equal(request?.url, "/users?page=1&limit=10");
  assert.equal(request?.headers.authorization, "Bearer token");
  assert.match(response.callId, /^[0-9a-f]{16}$/);
  assert.equal(String(request?.headers["traceparent"]).split("-")[1], response.traceId);
});

test("APIGateway.routeRequest() goes where the path leads, and nowhere else", async (t) => {
  const [users, orders, beta] = await Promise.all([
    startUpstream(t),
    startUpstream(t),
    startUpstream(t),
  ]);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", `${users.url}/api/`);
  await gateway.registerService({
    id: "orders",
    baseUrl: orders.url,
    paths: ["/orders/**", "/users/:id/orders"],
  });
  await gateway.registerService("beta_users", "Beta", "beta", beta.url);
  const call = async (path: string): Promise<number> =>
    (await gateway.routeRequest("GET", path)).status;
  assert.equal(await call("/v1/users/7"), 200);
  assert.equal(await call("/v1/users/7/orders"), 200);
  assert.equal(await call("/v1/orders"), 200);
  assert.equal(await call("/v1/anything/else?x=%20y"), 200);
  assert.equal(await call("/beta/beta_users/x"), 200);
  assert.deepEqual(
    users.requests.map((request) => request.url),
    ["/api/7", "/api/anything/else?x=%20y"],
  );
  assert.deepEqual(
    orders.requests.map((request) => request.url),
    ["/users/7/orders", "/orders"],
  );
  assert.deepEqual(
    beta.requests.map((request) => request.url),
    ["/x"],
  );
  assert.equal(await call("/v3/users"), 404);
  assert.equal(await call("/users"), 404);
  assert.equal(await call("/v1/../v3"), 400);
  const refused = await gateway.routeRequest("GET", "/v3/users");
  assert.equal(refused.headers["content-type"], "application/problem+json; charset=utf-8");
  const problem = refused.json();
  assert.ok(typeof problem === "object" && problem !== null && "code" in problem);
  assert.equal(problem.code, "gateway.route_unknown");
});

test("APIGateway.setRateLimit() lets the burst pass at once and refuses the rest", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const view = await gateway.setRateLimit("users", 100, 20);
  assert.deepEqual(view.rateLimit, { requestsPerMinute: 100, burst: 20 });
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => gateway.routeRequest("GET", "/v1/users")),
  );
  const refused = answers.filter((answer) => answer.status === 429);
  // A slow machine may earn a call or two back while it makes them.
  assert.ok(refused.length >= 28 && refused.length <= 30, `${refused.length} were refused`);
  assert.equal(upstream.requests.length, 50 - refused.length);
  assert.equal(refused[0]?.headers["retry-after"], "1");
  assert.match(String(refused[0]?.headers["ratelimit"]), /^"service";r=0;t=\d+$/);
  assert.equal((await gateway.removeRateLimit("users")).rateLimit, null);
  assert.equal((await gateway.routeRequest("GET", "/v1/users")).status, 200);
});

test("APIGateway.setRateLimit() of zero closes the service, and bad limits change nothing", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  for (const [rate, burst] of [
    [-1, 1],
    [Number.NaN, 1],
    [10, 0],
    [10, 0.5],
  ] as const) {
    await assert.rejects(gateway.setRateLimit("users", rate, burst), code("gateway.limit_invalid"));
  }
  await assert.rejects(gateway.setRateLimit("nobody", 10), code("gateway.service_unknown"));
  assert.equal((await gateway.routeRequest("GET", "/v1/users")).status, 200);
  await gateway.setRateLimit("users", 0);
  const refused = await gateway.routeRequest("GET", "/v1/users");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["retry-after"], "60");
  assert.equal(upstream.requests.length, 1);
});

test("APIGateway honours requestTimeout, the gateway's and the service's own", async (t) => {
  const upstream = await startUpstream(t);
  upstream.answer = () => undefined;
  const gateway = openGateway(t, { requestTimeout: "100ms" });
  await gateway.registerService({ id: "hanging", baseUrl: upstream.url, retries: 0 });
  await gateway.registerService({
    id: "patient",
    baseUrl: upstream.url,
    requestTimeoutMs: 600,
    retries: 0,
  });
  const startMs = performance.now();
  const [quick, patient] = await Promise.all([
    gateway.routeRequest("GET", "/v1/hanging/x"),
    gateway.routeRequest("GET", "/v1/patient/x"),
  ]);
  assert.equal(quick.status, 504);
  assert.ok(quick.durationMs >= 90 && quick.durationMs < 500, `${quick.durationMs} ms`);
  assert.equal(patient.status, 504);
  assert.ok(patient.durationMs >= 590, `${patient.durationMs} ms`);
  assert.ok(performance.now() - startMs < 5000);
});

test("APIGateway answers for a service that is not there, and says which", async (t) => {
  const ends: (() => unknown)[] = [];
  const gone = await startUpstream({ after: (end: () => unknown) => void ends.push(end) });
  for (const end of ends) end();
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", gone.url);
  const answer = await gateway.routeRequest("GET", "/v1/users");
  assert.equal(answer.status, 502);
  assert.match(answer.text(), /gateway\.upstream_unreachable/);
  assert.match(answer.text(), /connection refused/);
  const [call] = await gateway.getCalls();
  assert.equal(call?.code, "gateway.upstream_unreachable");
  assert.equal(call?.endpoint, gone.url);
});

test("APIGateway spreads calls over a service's endpoints by weight", async (t) => {
  const [heavy, light] = await Promise.all([startUpstream(t), startUpstream(t)]);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", [
    { baseUrl: heavy.url, weight: 3 },
    light.url,
  ]);
  for (let index = 0; index < 40; index++) await gateway.routeRequest("GET", "/v1/users");
  assert.equal(heavy.requests.length, 30);
  assert.equal(light.requests.length, 10);
});

test("APIGateway refuses to register a URL that leads back to it, with 508", async (t) => {
  const gateway = openGateway(t);
  const { url, port } = await gateway.startGateway();
  for (const loop of [url, `http://localhost:${port}/v1/x`]) {
    await assert.rejects(gateway.registerService("loop", "Loop", "v1", loop), (error) => {
      assert.ok(code("gateway.loop_detected")(error));
      assert.ok(error instanceof GatewayError);
      return error.status === 508;
    });
  }
});

test("APIGateway lists, finds, changes and forgets services", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  const first = await gateway.registerService(
    "users",
    "User Management",
    "v1",
    upstream.url,
    null,
    {
      team: "blue",
    },
  );
  assert.deepEqual(first.publicPaths, ["/v1/users/**", "/v1/**"]);
  assert.deepEqual(first.metadata, { team: "blue" });
  assert.equal(first.status, "unknown");
  await gateway.registerService("orders", "Orders", "v2", upstream.url);
  const ids = async (query: Parameters<typeof gateway.getAllServices>[0]): Promise<string[]> =>
    (await gateway.getAllServices(query)).map((service) => service.id);
  assert.deepEqual(await ids({}), ["users", "orders"]);
  assert.deepEqual(await ids({ text: "MANAGE" }), ["users"]);
  assert.deepEqual(await ids({ status: "healthy" }), []);
  assert.deepEqual(
    (await gateway.getServicesByVersion("v2")).map((service) => service.id),
    ["orders"],
  );
  const changed = await gateway.updateService("users", { version: "v2", paths: ["/people/:id"] });
  assert.deepEqual(changed.publicPaths, ["/v2/people/:id"]);
  assert.equal((await gateway.routeRequest("GET", "/v1/users/x")).status, 404);
  assert.equal((await gateway.routeRequest("GET", "/v2/people/7")).status, 200);
  assert.equal(upstream.requests.at(-1)?.url, "/people/7");
  assert.equal(await gateway.unregisterService("users"), true);
  assert.equal(await gateway.unregisterService("users"), false);
  assert.equal(await gateway.getService("users"), undefined);
  assert.equal((await gateway.routeRequest("GET", "/v2/people/7")).status, 200, "v2's default");
  await assert.rejects(gateway.updateService("users", {}), code("gateway.service_unknown"));
});

test("APIGateway keeps its services and limits over a stop and a start", async (t) => {
  const upstream = await startUpstream(t);
  const serviceStore = new VolatileServiceStore();
  const first = openGateway(t, {}, { serviceStore });
  await first.registerService("users", "Users", "v1", upstream.url);
  await first.setRateLimit("users", 60, 1);
  await first.stop();
  await assert.rejects(first.getAllServices(), code("gateway.closed"));
  const second = openGateway(t, {}, { serviceStore });
  assert.equal((await second.routeRequest("GET", "/v1/users")).status, 200);
  assert.equal((await second.routeRequest("GET", "/v1/users")).status, 429);
  await first.start();
  assert.equal((await first.routeRequest("GET", "/v1/users")).status, 200);
});

test("APIGateway.startGateway() serves the network, tells a taken port, and stopGateway() ends it", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const { url, port } = await gateway.startGateway();
  assert.deepEqual(await gateway.startGateway(), { url, port });
  const answer = await fetch(`${url}/v1/users/7?page=2`);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { ok: true });
  assert.equal(upstream.requests[0]?.url, "/7?page=2");
  const other = openGateway(t, { port });
  await assert.rejects(other.startGateway(), code("gateway.port_in_use"));
  const stopping = gateway.stopGateway();
  const again = gateway.startGateway();
  await stopping;
  assert.notEqual((await again).port, 0);
  await gateway.stopGateway();
  await gateway.stopGateway();
  await assert.rejects(fetch(url));
});

test("APIGateway refuses a namespace and options that cannot be used", (t) => {
  assert.throws(() => openGateway(t, {}, { namespace: "a/b" }), code("gateway.argument_invalid"));
  assert.throws(() => openGateway(t, { requestTimeout: "soon" }), /requestTimeout/);
  assert.throws(() => openGateway(t, { maxHistory: -1 }), /maxHistory/);
});
