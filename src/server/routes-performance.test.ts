// Services, calls, profiles, spans, traces and alerts over HTTP: every route's happy path, answered
// by real components and a real upstream, and the ways in which each refuses.

import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { Upstreams } from "../gateway/data-plane-bench-contract.ts";
import type { ProfileRecord } from "../profiler/index.ts";
import { at, PERFORMANCE_TAGS, RouteProbe } from "./test-support/route-probe.ts";
import { TestServer } from "./test-support/test-server.ts";
import type { Answer } from "./test-support/test-server.ts";

const PROFILE: ProfileRecord = {
  id: "prof_0",
  namespace: "other",
  agentId: null,
  kind: "cpu",
  state: "done",
  by: "admin",
  requestedAtMs: 0,
  startedAtMs: 0,
  endedAtMs: 0,
  seconds: 1,
  runtime: null,
  reason: null,
  samples: 0,
  bytes: 0,
};

let server: TestServer;
let probe: RouteProbe;
let key = "";
let otherKey = "";

/** A service that says what it was asked, and fails when told to. */
const upstream = createServer((request, response) => {
  response.statusCode = request.url?.startsWith("/fail") === true ? 500 : 200;
  response.end(JSON.stringify({ url: request.url, key: request.headers["x-service-key"] ?? null }));
});
let upstreamUrl = "";

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = upstream.address();
  if (address === null || typeof address === "string") return assert.fail("no port");
  upstreamUrl = `http://127.0.0.1:${address.port}`;
  server = await TestServer.start();
  probe = new RouteProbe(server);
  key = await server.enrol("w1", { instance: { id: "i1" } });
  otherKey = await server.enrol("w2");
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await new Promise((resolve) => upstream.close(resolve));
});

const expect: RouteProbe["expect"] = (...asked) => probe.expect(...asked);

function register(id: string, more: Record<string, unknown> = {}): Promise<Answer["body"]> {
  return expect(201, "POST", "/api/v1/services", { id, baseUrl: upstreamUrl, ...more });
}

describe("services", () => {
  test("POST /api/v1/services registers and replaces; admins only", async () => {
    const body = { id: "search", baseUrl: upstreamUrl, name: "Search" };
    await expect(403, "POST", "/api/v1/services", body, key);
    const made = await expect(201, "POST", "/api/v1/services", body);
    assert.deepEqual(
      [made["id"], made["name"], made["version"], made["status"]],
      ["search", "Search", "v1", "unknown"],
    );
    const again = await expect(200, "POST", "/api/v1/services", { ...body, name: "Find" });
    assert.deepEqual([again["name"], again["position"]], ["Find", made["position"]]);
    const [row] = await server.audit.read({ action: "service.put", outcome: "done" });
    assert.deepEqual([row?.resource, row?.details["endpoints"]], ["service:search", [upstreamUrl]]);
  });

  test("POST /api/v1/services refuses what is no service", async () => {
    const bad: readonly (readonly [object, number, RegExp])[] = [
      [{ id: "x" }, 400, /gateway\.service_invalid/],
      [{ id: "x", baseUrl: upstreamUrl, endpoints: [{ baseUrl: upstreamUrl }] }, 400, /gateway\./],
      [{ id: "x", endpoints: [] }, 400, /gateway\.service_invalid/],
      [{ id: "x", baseUrl: "ftp://x" }, 400, /gateway\./],
      [{ id: "a b", baseUrl: upstreamUrl }, 400, /server\.input_invalid/],
      [{ id: "x", baseURL: upstreamUrl }, 400, /did you mean/],
    ];
    for (const [body, status, words] of bad) {
      const answer = await expect(status, "POST", "/api/v1/services", body);
      assert.match(JSON.stringify(answer), words);
    }
    await expect(404, "GET", "/api/v1/services/x");
  });

  test("GET /api/v1/services filters; an agent sees neither URLs nor credentials", async () => {
    const credential = { header: "x-service-key", value: "very secret" };
    await register("llm", { version: "v2", credential, healthCheckUrl: "/healthz" });
    const all = await expect(200, "GET", "/api/v1/services?version=v2");
    assert.deepEqual([at(all, "services.0.id"), at(all, "services.1")], ["llm", undefined]);
    assert.doesNotMatch(JSON.stringify(all), /very secret/);
    const found = await expect(200, "GET", "/api/v1/services?text=llm", undefined, key);
    assert.equal(at(found, "services.0.credential"), null);
    const one = await expect(200, "GET", "/api/v1/services/llm", undefined, key);
    for (const seen of [found, one]) {
      assert.ok(!JSON.stringify(seen).includes(upstreamUrl), JSON.stringify(seen));
    }
    assert.ok(
      JSON.stringify(await expect(200, "GET", "/api/v1/services/llm")).includes(upstreamUrl),
    );
    await expect(400, "GET", "/api/v1/services?status=sick");
  });

  test("PATCH /api/v1/services/{id} changes what it names; null takes away", async () => {
    await register("patched", { requestTimeoutMs: 1000, metadata: { team: "a" } });
    const path = "/api/v1/services/patched";
    const changed = await expect(200, "PATCH", path, { requestTimeoutMs: null, retries: 2 });
    assert.deepEqual(
      [changed["requestTimeoutMs"], changed["retries"], changed["metadata"]],
      [null, 2, { team: "a" }],
    );
    await expect(404, "PATCH", "/api/v1/services/none", { retries: 2 });
    await expect(403, "PATCH", path, { retries: 2 }, key);
  });

  test("PUT and DELETE rate-limit set and take away, of all calls or each agent's", async () => {
    await register("limited");
    const path = "/api/v1/services/limited/rate-limit";
    const set = await expect(200, "PUT", path, { requestsPerMinute: 100, burst: 20 });
    assert.deepEqual(set["rateLimit"], { requestsPerMinute: 100, burst: 20 });
    const each = await expect(200, "PUT", path, { requestsPerMinute: 9, burst: 3, per: "agent" });
    assert.deepEqual(each["agentRateLimit"], { requestsPerMinute: 9, burst: 3 });
    const gone = await expect(200, "DELETE", path);
    assert.deepEqual([gone["rateLimit"], at(gone, "agentRateLimit.burst")], [null, 3]);
    await expect(200, "DELETE", `${path}?per=agent`);
    await expect(400, "PUT", path, { requestsPerMinute: -1 });
    await expect(404, "PUT", "/api/v1/services/none/rate-limit", { requestsPerMinute: 1 });
    const [row] = await server.audit.read({ action: "service.limit", outcome: "done" });
    assert.equal(row?.resource, "service:limited");
    assert.match(row?.traceparent ?? "", /^00-/);
  });

  test("POST check asks the endpoints now; DELETE removes", async () => {
    await register("checked", { healthCheckUrl: "/healthz" });
    const well = await expect(200, "POST", "/api/v1/services/checked/check");
    assert.equal(well["status"], "healthy");
    await expect(204, "DELETE", "/api/v1/services/checked");
    await expect(404, "DELETE", "/api/v1/services/checked");
    await expect(404, "POST", "/api/v1/services/checked/check");
  });
});

describe("calls", () => {
  test("GET /api/v1/calls finds calls; an agent sees its own, without endpoints", async () => {
    await register("called");
    const { gateway } = server.fleet.home;
    const headers = { authorization: `Bearer ${key}` };
    const call = { method: "GET", path: "/v1/called/fail?x=1", headers };
    const { status, callId, traceId } = await gateway.routeRequest(call);
    assert.equal(status, 500);
    await gateway.routeRequest({ method: "GET", path: "/v1/nothing/here" });

    const failed = await expect(200, "GET", "/api/v1/calls?status=5xx&serviceId=called");
    assert.deepEqual(
      [at(failed, "calls.0.id"), at(failed, "calls.0.agentId"), at(failed, "calls.1")],
      [callId, "w1", undefined],
    );
    const own = await expect(200, "GET", "/api/v1/calls", undefined, key);
    assert.deepEqual([at(own, "calls.0.id"), at(own, "calls.0.endpoint")], [callId, null]);
    assert.equal(at(own, "calls.1"), undefined);
    await expect(403, "GET", "/api/v1/calls?agentId=w1", undefined, otherKey);

    const one = await expect(200, "GET", `/api/v1/calls/${callId}`, undefined, key);
    assert.equal(one["traceId"], traceId);
    await expect(403, "GET", `/api/v1/calls/${callId}`, undefined, otherKey);
    await expect(404, "GET", "/api/v1/calls/0000000000000000");
  });

  test("an agent is told why a service and a call failed, not where the service runs", async () => {
    const nowhere = new Upstreams();
    const urls = [await nowhere.nobody(), await nowhere.nobody()];
    const endpoints = urls.map((baseUrl) => ({ baseUrl }));
    await expect(201, "POST", "/api/v1/services", { id: "gone", endpoints });
    const checked = await expect(200, "POST", "/api/v1/services/gone/check");
    assert.equal(checked["reason"], "2 of 2 endpoints: connection refused");
    const headers = { authorization: `Bearer ${key}` };
    const path = "/v1/gone/";
    const answer = await server.fleet.home.gateway.routeRequest({ method: "GET", path, headers });
    assert.match(answer.text(), /Service \\"gone\\": connection refused/);
    const call = await expect(200, "GET", `/api/v1/calls/${answer.callId}`, undefined, key);
    assert.equal(call["reason"], 'Service "gone": connection refused');
    const service = await expect(200, "GET", "/api/v1/services/gone", undefined, key);
    for (const seen of [answer.text(), call, service]) {
      assert.doesNotMatch(JSON.stringify(seen), /127\.0\.0\.1:/);
    }
    const shown = await expect(200, "GET", `/api/v1/calls/${answer.callId}`);
    assert.ok(urls.includes(String(shown["endpoint"])));
  });

  test("GET /api/v1/calls refuses queries that cannot be meant", async () => {
    const bad = [
      "fromMs=",
      "toMs=%20",
      "status=6xx",
      "limit=0",
      "method=G%20T",
      "minDurationMs=-1",
    ];
    for (const query of bad) await expect(400, "GET", `/api/v1/calls?${query}`);
  });
});

/** The smallest CPU profile that V8's tools read. */
const CPU_PROFILE = {
  nodes: [
    { id: 1, callFrame: frame("(root)", -1), hitCount: 0, children: [2] },
    { id: 2, callFrame: frame("work", 6), hitCount: 2 },
  ],
  startTime: 1_000_000,
  endTime: 1_030_000,
  samples: [2, 2],
  timeDeltas: [10_000, 10_000],
};

function frame(functionName: string, lineNumber: number) {
  return { functionName, scriptId: "1", url: "file:///srv/job.js", lineNumber, columnNumber: 0 };
}

function upload(id: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const all = { "content-type": "application/json", ...headers };
  return server.ask("PUT", `/api/v1/profiles/${id}/data`, { key, bytes: body, headers: all });
}

/** Hands in what is no profile, which is told, until an upload before it is under way. */
async function untilRefused(id: string): Promise<Answer> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const answer = await upload(id, Buffer.alloc(0));
    if (answer.status === 409) return answer;
    assert.equal(answer.status, 400);
  }
  return assert.fail("the first upload never began");
}

async function requested(agent = "w1"): Promise<string> {
  const asked = await expect(202, "POST", `/api/v1/agents/${agent}/profiles`, { seconds: 1 });
  return String(asked["id"]);
}

describe("profiles", () => {
  test("a profile is asked for, taken by the agent, waited for and handed out", async () => {
    const id = await requested();
    const path = `/api/v1/profiles/${id}`;
    await expect(204, "POST", `${path}/started`, { runtime: "node 24.21" }, key);
    const waiting = expect(200, "GET", `${path}?waitMs=30000`);
    const taken = await upload(id, gzipSync(JSON.stringify(CPU_PROFILE)), {
      "content-encoding": "gzip",
    });
    assert.equal(taken.status, 204, taken.text);
    probe.check("PUT", `${path}/data`, taken);
    const done = await waiting;
    assert.deepEqual([done["state"], done["runtime"]], ["done", "node 24.21"]);

    for (const format of ["cpuprofile", "pprof", "folded"]) {
      const file = await server.admin("GET", `${path}/data?format=${format}`);
      probe.check("GET", `${path}/data`, file);
      assert.match(String(file.headers["content-disposition"]), /^attachment; filename="[\w.-]+"$/);
    }
    const own = await server.admin("GET", `${path}/data?format=cpuprofile`);
    assert.deepEqual(JSON.parse(own.text), CPU_PROFILE);
    assert.match(JSON.stringify(await expect(200, "GET", `${path}/tree`)), /"name":"work"/);

    const listed = await expect(200, "GET", "/api/v1/profiles?agentId=w1&state=done");
    assert.equal(at(listed, "profiles.0.id"), id);
    await expect(403, "GET", path, undefined, otherKey);
    await expect(204, "DELETE", path);
    await expect(404, "GET", path);
  });

  test("an upload is refused when it is a bomb, no gzip, empty, or another agent's", async () => {
    const id = await requested();
    await expect(204, "POST", `/api/v1/profiles/${id}/started`, { runtime: "node" }, key);
    const bomb = gzipSync(Buffer.alloc(33 * 1024 * 1024));
    assert.ok(bomb.length < 64 * 1024);
    const gzip = { "content-encoding": "gzip" };
    const cases: readonly (readonly [Uint8Array, object, number, string])[] = [
      [bomb, gzip, 413, "server.body_too_large"],
      [Buffer.from("{}"), gzip, 400, "server.input_invalid"],
      [Buffer.from("{}"), { "content-encoding": "br" }, 415, "server.media_type_unsupported"],
      [Buffer.alloc(0), {}, 400, "server.input_invalid"],
      [Buffer.alloc(33 * 1024 * 1024, " "), {}, 413, "server.body_too_large"],
    ];
    for (const [body, encoding, status, code] of cases) {
      const answer = await upload(id, body, { ...encoding });
      assert.deepEqual([answer.status, answer.body["code"]], [status, code]);
    }
    const foreign = await server.ask("PUT", `/api/v1/profiles/${id}/data`, {
      key: otherKey,
      bytes: Buffer.from(JSON.stringify(CPU_PROFILE)),
      headers: { "content-type": "application/json" },
    });
    assert.deepEqual([foreign.status, foreign.body["code"]], [403, "security.forbidden"]);
    // Refused before they are read: nobody waits for these.
    const large = Buffer.alloc(8 * 1024 * 1024, " ");
    const nowhere = await upload("prof_none", large);
    assert.deepEqual([nowhere.status, nowhere.body["code"]], [404, "profiler.profile_unknown"]);
    const failed = { reason: "this runtime has no inspector" };
    await expect(204, "POST", `/api/v1/profiles/${id}/failed`, failed, key);
    const now = await expect(200, "GET", `/api/v1/profiles/${id}?waitMs=1000`);
    assert.deepEqual([now["state"], now["reason"]], ["failed", failed.reason]);
    await expect(409, "GET", `/api/v1/profiles/${id}/data`);
    const late = await upload(id, large);
    assert.deepEqual([late.status, late.body["code"]], [409, "profiler.not_expected"]);
  });

  test("a profile is handed in once at a time, whoever else begins meanwhile", async () => {
    const id = await requested();
    await expect(204, "POST", `/api/v1/profiles/${id}/started`, { runtime: "node" }, key);
    const { hostname, port } = new URL(server.url);
    const options = { hostname, port, method: "PUT", path: `/api/v1/profiles/${id}/data` };
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const slow = httpRequest({ ...options, headers });
    slow.on("error", () => undefined);
    slow.write("{");
    const second = await untilRefused(id);
    assert.match(String(second.body["detail"]), /is being handed in already/);
    slow.destroy();
    const reason = { reason: "enough" };
    await expect(204, "POST", `/api/v1/profiles/${id}/failed`, reason, key);
  });

  test("a profile is refused of nobody, too long, and by an agent; the server takes its own", async () => {
    await expect(404, "POST", "/api/v1/agents/nobody/profiles", {});
    await expect(400, "POST", "/api/v1/agents/w1/profiles", { seconds: 121 });
    await expect(400, "POST", "/api/v1/agents/w1/profiles", { kind: "disk" });
    await expect(403, "POST", "/api/v1/agents/w1/profiles", {}, key);
    const asked = await expect(202, "POST", "/api/v1/profiles", { seconds: 1 });
    assert.equal(asked["agentId"], null);
    await expect(
      403,
      "POST",
      `/api/v1/profiles/${String(asked["id"])}/failed`,
      { reason: "x" },
      key,
    );
    const done = await expect(200, "GET", `/api/v1/profiles/${String(asked["id"])}?waitMs=30000`);
    assert.equal(done["state"], "done", JSON.stringify(done));
  });
});

describe("spans and traces", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

  test("POST /api/v1/spans takes each by itself, of the agent itself", async () => {
    const startMs = Date.now() - 1000;
    const good = { name: "embed", kind: "model", startMs, durationMs: 820, traceId };
    const spans = [
      good,
      { ...good, durationMs: -1 },
      { ...good, agentId: "w2" },
      { ...good, traceId: "xyz" },
      { ...good, name: "rank", ok: false, error: "no index" },
    ];
    const answer = await expect(202, "POST", "/api/v1/spans", { spans }, key);
    assert.equal(answer["accepted"], 2);
    const rejected = at(answer, "rejected");
    assert.ok(Array.isArray(rejected));
    assert.deepEqual(
      rejected.map((each: unknown) => [at(each, "index"), at(each, "code")]),
      [
        [1, "server.input_invalid"],
        [2, "security.not_the_sender"],
        [3, "profiler.span_invalid"],
      ],
    );
    const many = Array.from({ length: 1001 }, () => good);
    await expect(400, "POST", "/api/v1/spans", { spans: many }, key);
  });

  test("GET /api/v1/spans and /profiling/summary show an agent its own", async () => {
    const found = await expect(200, "GET", `/api/v1/spans?traceId=${traceId}`, undefined, key);
    assert.deepEqual([at(found, "spans.0.agentId"), at(found, "spans.2")], ["w1", undefined]);
    await expect(403, "GET", "/api/v1/spans?agentId=w1", undefined, otherKey);
    const sums = await expect(200, "GET", "/api/v1/profiling/summary?agentId=w1");
    const functions = at(sums, "functions");
    assert.ok(Array.isArray(functions));
    const rank: unknown = functions.find((each: unknown) => at(each, "name") === "rank");
    assert.deepEqual([at(rank, "count"), at(rank, "failed")], [1, 1]);
    const none = await expect(200, "GET", "/api/v1/profiling/summary", undefined, otherKey);
    assert.deepEqual(none["functions"], []);
  });

  test("GET /api/v1/traces/{traceId} follows one trace; agents may not", async () => {
    const trace = await expect(200, "GET", `/api/v1/traces/${traceId}`);
    assert.equal(at(trace, "spans.0.name"), "embed");
    await expect(403, "GET", `/api/v1/traces/${traceId}`, undefined, key);
    await expect(404, "GET", `/api/v1/traces/${"1".repeat(32)}`);
    await expect(400, "GET", "/api/v1/traces/xyz");
  });
});

describe("alerts", () => {
  test("POST /api/v1/alerts raises one, and counts the same words again", async () => {
    const body = { level: "warning", message: "index is 4 h old", source: "indexer" };
    const first = await expect(201, "POST", "/api/v1/alerts", body);
    const again = await expect(201, "POST", "/api/v1/alerts", body);
    assert.deepEqual([again["id"], again["count"]], [first["id"], 2]);
    const [row] = await server.audit.read({ action: "alert.create", outcome: "done" });
    assert.equal(row?.details["alertId"], first["id"]);
    await expect(400, "POST", "/api/v1/alerts", { ...body, level: "bad" });
    await expect(400, "POST", "/api/v1/alerts", { ...body, message: "" });
  });

  test("an alert belongs to the trace it is raised in, and so does its audit row", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const body = { level: "info", message: "seen in a trace" };
    const ask = { key: server.adminKey, headers, body };
    const raised = await server.ask("POST", "/api/v1/alerts", ask);
    assert.deepEqual([raised.status, raised.body["traceId"]], [201, traceId]);
    const [row] = await server.audit.read({ action: "alert.create", outcome: "done" });
    assert.equal(row?.traceparent?.slice(3, 35), traceId);
    const untraced = await expect(201, "POST", "/api/v1/alerts", { ...body, message: "alone" });
    assert.equal(untraced["traceId"], null);
  });

  test("an agent raises alerts about itself, and sees no others", async () => {
    const body = { level: "error", message: "no GPU", source: "someone else" };
    const raised = await expect(201, "POST", "/api/v1/alerts", body, key);
    assert.deepEqual([raised["source"], raised["agentIds"]], ["agent:w1", ["w1"]]);
    await expect(403, "POST", "/api/v1/alerts", { ...body, agentId: "w2" }, key);
    const raisings = await server.audit.read({ action: "alert.create", outcome: "done" });
    assert.ok(
      raisings.every(({ actor }) => !actor.includes("w1")),
      "an agent's own are not audited",
    );
    const own = await expect(200, "GET", "/api/v1/alerts", undefined, key);
    assert.deepEqual([at(own, "alerts.0.id"), at(own, "alerts.1")], [raised["id"], undefined]);
    const path = `/api/v1/alerts/${String(raised["id"])}`;
    await expect(200, "GET", path, undefined, key);
    await expect(403, "GET", path, undefined, otherKey);
    await expect(403, "POST", `${path}/acknowledge`, {}, key);
  });

  test("an alert is taken on, given back and resolved, and each is audited", async () => {
    const body = { level: "critical", message: "disk is 99% full", agentId: "w2" };
    const raised = await expect(201, "POST", "/api/v1/alerts", body);
    assert.equal(raised["source"], "agent:w2");
    const path = `/api/v1/alerts/${String(raised["id"])}`;
    const mine = await expect(200, "POST", `${path}/acknowledge`, { owner: "Dana", note: "on it" });
    assert.deepEqual(
      [at(mine, "acknowledged.owner"), at(mine, "acknowledged.note")],
      ["Dana", "on it"],
    );
    const listed = await expect(200, "GET", "/api/v1/alerts?acknowledged=true");
    assert.equal(at(listed, "alerts.0.id"), raised["id"]);
    const free = await expect(200, "DELETE", `${path}/acknowledge`);
    assert.equal(free["acknowledged"], null);
    const over = await expect(200, "POST", `${path}/resolve`, { note: "cleaned" });
    assert.equal(over["state"], "resolved");
    await expect(409, "POST", `${path}/acknowledge`, {});
    await expect(404, "POST", "/api/v1/alerts/none/resolve", {});
    const [row] = await server.audit.read({ action: "alert.resolve", outcome: "done" });
    assert.deepEqual(
      [row?.resource, row?.details["note"]],
      [`alert:${String(raised["id"])}`, "cleaned"],
    );
  });

  test("GET /api/v1/alert-rules lists rules; the test notification says that none is set", async () => {
    const { rules } = await expect(200, "GET", "/api/v1/alert-rules");
    assert.ok(Array.isArray(rules) && rules.length > 5);
    const refused = await expect(409, "POST", "/api/v1/notifications/test");
    assert.equal(refused["code"], "dashboard.notifications_off");
  });
});

describe("metrics", () => {
  test("POST /api/v1/metrics takes what is good and says what is not", async () => {
    const samples = [
      { metric: "response_time", value: 0.25 },
      { metric: "response_time", value: 0.75, agentId: "w1", context: { model: "m" } },
      { metric: "bad name!", value: 1 },
      { metric: "response_time", value: "fast" },
      { metric: "response_time", value: 1, agentId: "w2" },
      { metric: "response_time", value: 1, valeu: 1 },
    ];
    const recorded = await expect(202, "POST", "/api/v1/metrics", { samples }, key);
    assert.equal(recorded["accepted"], 2);
    const rejected = recorded["rejected"];
    assert.ok(Array.isArray(rejected));
    assert.deepEqual(
      rejected.map((one) => [at(one, "index"), at(one, "code")]),
      [
        [2, "tracker.metric_name_invalid"],
        [3, "server.input_invalid"],
        [4, "security.not_the_sender"],
        [5, "server.input_invalid"],
      ],
    );
    await expect(400, "POST", "/api/v1/metrics", { samples: "many" }, key);
  });

  test("samples, summaries, series and names are read back", async () => {
    const own = await expect(200, "GET", "/api/v1/metrics?metric=response_time", undefined, key);
    assert.equal(at(own, "samples.0.agentId"), "w1");
    const one = await expect(200, "GET", "/api/v1/metrics/summary?metric=response_time&agentId=w1");
    assert.equal(at(one, "metrics.response_time.count"), 2);
    const all = await expect(200, "GET", "/api/v1/metrics/summary");
    assert.equal(at(all, "metrics.response_time.max"), 0.75);
    await expect(200, "GET", "/api/v1/metrics/summary", undefined, key);
    const query = "metric=response_time&aggregation=max&groupBy=agent";
    const chart = await expect(200, "GET", `/api/v1/metrics/series?${query}`);
    assert.equal(at(chart, "series.0.points.0.1"), 0.75);
    await expect(400, "GET", "/api/v1/metrics/series");
    await expect(400, "GET", "/api/v1/metrics/series?metric=x&aggregation=p42");
    const names = await expect(200, "GET", "/api/v1/metrics/names", undefined, key);
    assert.ok(JSON.stringify(names).includes('{"metric":"response_time","agents":1}'));
    await expect(403, "GET", "/api/v1/metrics?agentId=w2", undefined, key);
    // What was folded has a name of its own, which nobody can give.
    await expect(200, "GET", "/api/v1/metrics/summary?agentId=__other__");
    await expect(200, "GET", "/api/v1/metrics/series?metric=__other__&agentId=__other__");
    await expect(400, "GET", "/api/v1/metrics/series?metric=__more__");
  });

  test("GET /api/v1/snapshots lists them for admins", async () => {
    await server.fleet.home.tracker.takeSnapshot();
    const { snapshots } = await expect(200, "GET", "/api/v1/snapshots?count=1");
    assert.ok(Array.isArray(snapshots) && snapshots.length === 1);
    await expect(403, "GET", "/api/v1/snapshots", undefined, key);
  });
});

test("every route of metrics, services, profiles, traces and alerts has answered with success", () => {
  const rest = probe.unanswered(PERFORMANCE_TAGS);
  // Tested where a webhook is configured: test/integration.
  assert.deepEqual(rest, ["POST /api/v1/notifications/test"]);
});

test("GET /api/v1/export lists every profile, however many there are", async () => {
  const { profileStore } = server.fleet.namespace("other") ?? assert.fail("it runs");
  for (let index = 0; index < 1001; index++) {
    await profileStore.putProfile({ ...PROFILE, id: `prof_${index}`, requestedAtMs: index });
  }
  const answer = await server.admin("GET", "/api/v1/export?namespace=other");
  const { profiles } = answer.body;
  assert.ok(Array.isArray(profiles));
  assert.equal(new Set(profiles.map((profile) => JSON.stringify(profile))).size, 1001);
});
