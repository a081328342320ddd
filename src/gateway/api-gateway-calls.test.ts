// What passes through the gateway and what stays of it: middleware, history, holds, credentials,
// exports, metrics.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { startUpstream } from "../../test/support/upstream.ts";
import type { SeriesKey, Telemetry } from "../core/index.ts";
import type { APIGateway } from "./api-gateway.ts";
import type { Middleware } from "./call.ts";
import { Upstreams } from "./data-plane-bench-contract.ts";
import type { GatewayIdentity } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";
import type { CallRecord } from "./model.ts";
import { RateLimitTable } from "./rate-limit-table.ts";
import { LogBook, openGateway } from "./test-support/gateway-fixture.ts";
import { VolatileCallStore } from "./volatile-call-store.ts";

/** Keys of this test, and whose they are. */
const KEYS: Readonly<Record<string, GatewayIdentity>> = {
  "key-of-worker": { kind: "agent", namespace: "default", agentId: "worker-1" },
  "key-of-other": { kind: "agent", namespace: "other", agentId: "worker-9" },
  "key-of-admin": { kind: "admin", namespace: "other", agentId: null },
};

function identify(secret: string): GatewayIdentity | undefined {
  return KEYS[secret];
}

async function status(gateway: APIGateway, headers: Record<string, string> = {}): Promise<number> {
  return (await gateway.routeRequest("GET", "/v1/users", headers)).status;
}

test("APIGateway.addMiddleware() wraps calls in order; each may change and answer", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const seen: string[] = [];
  gateway.addMiddleware(async (request, next) => {
    seen.push(`first ${request.serviceId} ${request.route}`);
    const response = await next({ ...request, headers: { ...request.headers, "x-added": "1" } });
    return { ...response, headers: { ...response.headers, "x-answered": "1" } };
  });
  const refuse: Middleware = (request, next) => {
    seen.push("second");
    return request.query === "" ? next() : { status: 418, headers: {}, body: { tea: true } };
  };
  const registration = gateway.addMiddleware(refuse);
  const answer = await gateway.routeRequest("GET", "/v1/users");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["x-answered"], "1");
  assert.equal(upstream.requests[0]?.headers["x-added"], "1");
  assert.deepEqual(seen, ["first users /v1/users/**", "second"]);
  const refused = await gateway.routeRequest("GET", "/v1/users", {}, { x: "1" });
  assert.equal(refused.status, 418);
  assert.deepEqual(refused.json(), { tea: true });
  assert.equal(upstream.requests.length, 1);
  registration[Symbol.dispose]();
  assert.equal((await gateway.routeRequest("GET", "/v1/users", {}, { x: "1" })).status, 200);
  assert.equal(gateway.removeMiddleware(refuse), false);
});

const broken: Middleware = () => {
  throw new Error("the password is hunter2");
};

test("APIGateway answers 500 with an id when a middleware throws, and logs it under the id", async (t) => {
  const upstream = await startUpstream(t);
  const log = new LogBook();
  const gateway = openGateway(t, {}, { log });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  gateway.addMiddleware(broken);
  const answer = await gateway.routeRequest("GET", "/v1/users");
  assert.equal(answer.status, 500);
  assert.ok(answer.text().includes(answer.callId));
  assert.ok(!answer.text().includes("hunter2"));
  const line = log.lines.find(({ details }) => details["callId"] === answer.callId);
  assert.equal(line?.level, "error");
  assert.match(String(line?.details["error"]), /hunter2/);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await gateway.getCall(answer.callId))?.code, "gateway.middleware_failed");
  assert.equal(gateway.removeMiddleware(broken), true);
  assert.equal(await status(gateway), 200);
});

test("APIGateway takes middleware modules from its options, before added ones", async (t) => {
  const upstream = await startUpstream(t);
  const module = path.join(temporaryFolder(t), "stamp.mjs");
  await writeFile(
    module,
    "export default ({ word }) => async (request, next) => {\n" +
      "  const response = await next();\n" +
      "  const stamps = [response.headers['x-stamp'], word].filter(Boolean).join(' ');\n" +
      "  return { ...response, headers: { ...response.headers, 'x-stamp': stamps } };\n" +
      "};\n",
  );
  const gateway = openGateway(t, { middleware: [{ module, options: { word: "module" } }] });
  gateway.addMiddleware(async (_, next) => {
    const response = await next();
    return { ...response, headers: { ...response.headers, "x-stamp": "function" } };
  });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const answer = await gateway.routeRequest("GET", "/v1/users");
  assert.equal(answer.headers["x-stamp"], "function module");
  const missing = openGateway(t, { middleware: [{ module: `${module}.gone` }] });
  await assert.rejects(missing.start(), /stamp\.mjs\.gone/);
});

test("APIGateway keeps a history that can be searched, and tells it as it happens", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const told: CallRecord[] = [];
  using _callback = gateway.addCallCallback((call) => told.push(call));
  const query = { page: "1", api_key: "hunter2" };
  const answer = await gateway.routeRequest(
    "POST",
    "/v1/users/Orders",
    {},
    query,
    { a: 1 },
    "10.0.0.1",
    "curl",
  );
  await gateway.routeRequest("GET", "/v2/nothing");
  const [newest, first] = await gateway.getCalls();
  assert.equal(newest?.status, 404);
  assert.equal(newest?.code, "gateway.route_unknown");
  assert.deepEqual(
    { ...first, atMs: 0, durationMs: 0, upstreamMs: 0 },
    {
      id: answer.callId,
      sequence: 1,
      namespace: "default",
      atMs: 0,
      durationMs: 0,
      upstreamMs: 0,
      agentId: null,
      serviceId: "users",
      route: "/v1/users/**",
      endpoint: upstream.url,
      method: "POST",
      path: "/v1/users/Orders",
      query: "page=1&api_key=***",
      status: 200,
      code: null,
      reason: null,
      requestBytes: 7,
      responseBytes: 11,
      attempts: 1,
      clientAddress: "10.0.0.1",
      userAgent: "curl",
      traceId: answer.traceId,
      parentSpanId: null,
    },
  );
  assert.equal(upstream.requests[0]?.url, "/Orders?page=1&api_key=hunter2");
  assert.deepEqual(
    (await gateway.getCalls({ text: "orders" })).map((call) => call.id),
    [answer.callId],
  );
  assert.deepEqual(
    (await gateway.getCalls({ failed: true })).map((call) => call.status),
    [404],
  );
  assert.deepEqual((await gateway.getCalls({ traceId: answer.traceId })).length, 1);
  assert.equal(await gateway.getCall("0".repeat(16)), undefined);
  assert.deepEqual(
    told.map((call) => call.sequence),
    [1, 2],
  );
  const { calls, failed, limited } = gateway.statistics();
  assert.deepEqual({ calls, failed, limited }, { calls: 2, failed: 0, limited: 0 });
});

test("APIGateway's history holds maxHistory calls, and failed ones longer", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t, { maxHistory: 10, maxNotableHistory: 2 });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  await gateway.registerService("down", "Down", "v2", await new Upstreams().nobody());
  for (let index = 0; index < 3; index++) await gateway.routeRequest("GET", "/v2/down/");
  // What led to no service was refused to anybody, and is soon forgotten.
  for (let index = 0; index < 3; index++) await gateway.routeRequest("GET", "/v9/lost");
  for (let index = 0; index < 30; index++) await gateway.routeRequest("GET", "/v1/users");
  const calls = await gateway.getCalls({ limit: 1000 });
  assert.deepEqual(
    calls.map((call) => call.status),
    [...Array.from({ length: 10 }, () => 200), 502, 502],
  );
});

test("APIGateway goes on numbering calls where an earlier run left off", async (t) => {
  const upstream = await startUpstream(t);
  const callStore = new VolatileCallStore();
  const first = openGateway(t, {}, { callStore });
  await first.registerService("users", "Users", "v1", upstream.url);
  await status(first);
  await first.stop();
  const second = openGateway(t, {}, { callStore });
  await second.routeRequest("GET", "/v1/users");
  assert.deepEqual(
    (await second.getCalls()).map((call) => call.sequence),
    [2, 1],
  );
});

test("APIGateway knows agents by their keys, and refuses keys that nobody knows", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t, {}, { identify });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  assert.equal(await status(gateway, { "x-cellphone-key": "key-of-worker" }), 200);
  assert.equal(await status(gateway, { "X-API-Key": "key-of-worker" }), 200);
  assert.equal(await status(gateway, { Authorization: "Bearer key-of-worker" }), 200);
  assert.equal(await status(gateway, { Authorization: "Bearer key-of-admin" }), 200);
  assert.equal(await status(gateway), 200, "code without a key is trusted");
  assert.equal(await status(gateway, { Authorization: "Bearer key-of-nobody" }), 401);
  assert.equal(await status(gateway, { Authorization: "Bearer key-of-other" }), 401);
  const agents = (await gateway.getCalls({ status: "200" })).map((call) => call.agentId);
  assert.deepEqual(agents, [null, null, "worker-1", "worker-1", "worker-1"]);
});

test("APIGateway.holdAgent() refuses an agent's calls and cuts those under way; releaseAgent() undoes it", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t, {}, { identify });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  const key = { "x-cellphone-key": "key-of-worker" };
  const arrived = Promise.withResolvers<void>();
  upstream.answer = () => arrived.resolve();
  const hanging = gateway.routeRequest("GET", "/v1/users", key);
  await arrived.promise;
  upstream.answer = (_request, response) => void response.end("ok");
  assert.equal(await gateway.holdAgent("worker-1", "paused"), 1);
  assert.equal((await hanging).status, 503);
  const paused = await gateway.routeRequest("GET", "/v1/users", key);
  assert.equal(paused.status, 403);
  assert.match(paused.text(), /gateway\.agent_paused/);
  await gateway.holdAgent("worker-1", "quarantined");
  assert.match((await gateway.routeRequest("GET", "/v1/users", key)).text(), /agent_quarantined/);
  assert.equal(await status(gateway), 200, "others are served");
  await gateway.releaseAgent("worker-1");
  assert.equal(await status(gateway, key), 200);
});

test("APIGateway limits each agent apart from the others", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(
    t,
    {},
    { identify: (secret) => ({ kind: "agent", namespace: "default", agentId: secret }) },
  );
  await gateway.registerService("users", "Users", "v1", upstream.url);
  await gateway.setRateLimit("users", 1, 2, "agent");
  const call = (agentId: string): Promise<number> => status(gateway, { "x-api-key": agentId });
  assert.deepEqual([await call("a"), await call("a"), await call("a")], [200, 200, 429]);
  assert.deepEqual([await call("b"), await call("b"), await call("b")], [200, 200, 429]);
  assert.equal(await status(gateway), 200);
});

test("APIGateway swaps the agent's key for the service's credential, which nobody sees", async (t) => {
  const upstream = await startUpstream(t);
  const environment: Record<string, string> = {};
  const gateway = openGateway(t, {}, { identify, environment });
  const view = await gateway.registerService({
    id: "users",
    baseUrl: upstream.url,
    credential: { header: "Authorization", value: "Bearer ${USERS_KEY}" },
  });
  assert.deepEqual(view.credential, { header: "authorization", value: "***" });
  assert.equal(view.status, "unhealthy");
  assert.equal(view.reason, "its credential needs USERS_KEY, which is not set");
  const refused = await gateway.routeRequest("GET", "/v1/users", { "x-api-key": "key-of-worker" });
  assert.equal(refused.status, 503);
  assert.match(refused.text(), /gateway\.credential_missing/);
  assert.equal(upstream.requests.length, 0);
  environment["USERS_KEY"] = "hunter2";
  await gateway.updateService("users", { name: "Users" });
  assert.equal(await status(gateway, { Authorization: "Bearer key-of-worker" }), 200);
  assert.equal(upstream.requests[0]?.headers.authorization, "Bearer hunter2");
  const document = JSON.stringify(await gateway.exportGatewayData());
  assert.ok(!document.includes("hunter2"));
  assert.ok(!document.includes("key-of-worker"));
});

test("APIGateway.exportGatewayData() writes all services and calls as one document", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = openGateway(t);
  await gateway.registerService("users", "Users", "v1", upstream.url);
  for (let index = 0; index < 3; index++) await status(gateway);
  const file = path.join(temporaryFolder(t), "gateway.json");
  const document = await gateway.exportGatewayData(file);
  assert.equal(document.format, "agent-cellphone/gateway");
  assert.equal(document.version, 1);
  assert.equal(document.namespace, "default");
  assert.ok(Date.parse(document.exportedAt) > 0);
  assert.deepEqual(
    document.services.map((service) => service.id),
    ["users"],
  );
  assert.equal(document.services[0]?.recent.calls, 3);
  assert.deepEqual(
    document.calls.map((call) => call.sequence),
    [1, 2, 3],
  );
  assert.deepEqual(JSON.parse(await readFile(file, "utf8")), JSON.parse(JSON.stringify(document)));
  await assert.rejects(
    gateway.exportGatewayData(path.join(file, "below")),
    (error) => error instanceof GatewayError && error.code === "gateway.export_failed",
  );
});

test("APIGateway writes every call to telemetry, and says that its agent did something", async (t) => {
  const upstream = await startUpstream(t);
  const series = new Map<string, number[]>();
  const activities: string[] = [];
  const telemetry: Telemetry = {
    series: ({ metric, agentId, labels }: SeriesKey) => {
      const values: number[] = [];
      series.set(`${metric} ${agentId ?? ""} ${Object.values(labels ?? {}).join(" ")}`, values);
      return {
        record: (value) => void values.push(value),
        recordBatch: (batch) => void values.push(...batch),
      };
    },
    recent: () => ({}),
    activity: (namespace, agentId, kind) => void activities.push(`${namespace} ${agentId} ${kind}`),
  };
  const gateway = openGateway(t, {}, { identify, telemetry });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  for (let index = 0; index < 5; index++) {
    await status(gateway, { "x-api-key": "key-of-worker" });
  }
  gateway.statistics();
  assert.equal(series.get("gateway_request_duration worker-1 users 2xx")?.length, 5);
  assert.equal(series.get("gateway_upstream_duration  users /v1/users/** 2xx")?.length, 5);
  const counted = series.get("gateway_requests  users /v1/users/** 2xx") ?? [];
  assert.equal(
    counted.reduce((sum, count) => sum + count, 0),
    5,
  );
  assert.ok(activities.every((activity) => activity === "default worker-1 output"));
  assert.ok(activities.length > 0);
});

async function secretHash(secret: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(secret))).toString("hex");
}

test("APIGateways of two namespaces share a data plane, and see each their own calls", async (t) => {
  const [blue, red] = await Promise.all([startUpstream(t), startUpstream(t)]);
  const plane = new InProcessDataPlane();
  t.after(() => plane.close(0));
  const first = openGateway(t, {}, { namespace: "default", plane });
  const second = openGateway(t, {}, { namespace: "other", plane });
  await first.registerService("users", "Users", "v1", blue.url);
  await second.registerService("users", "Users", "v1", red.url);
  const { url } = await first.startGateway();
  assert.deepEqual(await second.startGateway(), first.address);
  for (const [secret, identity] of Object.entries(KEYS)) {
    const known = { ...identity, expiresAtMs: null };
    await plane.applyIdentities([{ secretHash: await secretHash(secret), identity: known }]);
  }
  const call = async (key: string): Promise<number> =>
    (await fetch(`${url}/v1/users/x`, { headers: { "x-cellphone-key": key } })).status;
  assert.equal(await call("key-of-worker"), 200);
  assert.equal(await call("key-of-other"), 200);
  assert.equal(await call("key-of-other"), 200);
  assert.equal((await fetch(`${url}/v1/users/x`)).status, 401);
  assert.equal(blue.requests.length, 1);
  assert.equal(red.requests.length, 2);
  plane.flush();
  assert.deepEqual(
    (await second.getCalls()).map((one) => one.agentId),
    ["worker-9", "worker-9"],
  );
  assert.equal((await first.getCalls({ agentId: "worker-1" })).length, 1);
  assert.equal(await first.holdAgent("worker-1", "quarantined"), 0);
  assert.equal(await call("key-of-worker"), 403);
  await second.stop();
  assert.equal(await call("key-of-other"), 404);
  assert.equal((await first.getService("users"))?.recent.calls, 1);
});

test("APIGateway counts calls by code and calls from the network by one budget", async (t) => {
  const upstream = await startUpstream(t);
  const rateLimits = RateLimitTable.create();
  const plane = Object.assign(new InProcessDataPlane({ rateLimits }), { rateLimits });
  t.after(() => plane.close(0));
  const gateway = openGateway(t, { anonymous: true }, { plane });
  await gateway.registerService("users", "Users", "v1", upstream.url);
  await gateway.setRateLimit("users", 1, 4);
  const { url } = await gateway.startGateway();
  const statuses: number[] = [];
  for (let index = 0; index < 3; index++) {
    statuses.push((await fetch(`${url}/v1/users`)).status, await status(gateway));
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429]);
});
