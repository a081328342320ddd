// All five components at once: what one of them sees, the others know. A message leads to a call,
// the call to metrics, a failing service to an alert, and one trace id ties them together.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";

import { CellphoneClientError } from "../../src/client/index.ts";
import { ownMetrics } from "../../src/own-metrics.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { startUpstream } from "../support/upstream.ts";

const TRACE = createHash("sha256").update("all five").digest("hex").slice(0, 32);

const QUICK = {
  "communication.heartbeatInterval": 0.5,
  "dashboard.refreshInterval": 0.1,
  "dashboard.causeDelay": 0,
  "dashboard.ruleFor": 0,
  "dashboard.ruleKeepFiringFor": 0,
  "gateway.healthCheckInterval": 0.1,
  "profiler.snapshotInterval": 1,
};

function fail(_: unknown, response: { writeHead(status: number): void; end(): void }): void {
  response.writeHead(503);
  response.end();
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof CellphoneClientError, String(error));
  return error.code;
}

async function gatewayOf(server: TestServer): Promise<string> {
  const { gatewayUrl } = await asAdmin(server, "GET", "/api/v1/server");
  assert.match(gatewayUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
  return gatewayUrl;
}

test("One trace id runs from a message through its call and metric to the alert and the audit", async (t) => {
  const server = await startServer(t, { config: QUICK });
  const upstream = await startUpstream(t);
  const service = { id: "search", baseUrl: upstream.url, healthCheckUrl: "/health" };
  await asAdmin(server, "POST", "/api/v1/services", service);
  const worker = await agent(t, await enrolmentUrl(server), "worker-1");
  worker.on("task_assignment", async () => {
    const answer = await worker.fetch("/v1/search/find?q=x");
    return { status: answer.status, body: await answer.json() };
  });
  const sent = await asAdmin(server, "POST", "/api/v1/messages", {
    recipientId: "worker-1",
    type: "task_assignment",
    payload: { title: "find x" },
    expectsReply: true,
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  });
  const reply = await asAdmin(
    server,
    "GET",
    `/api/v1/messages/${sent.messageId}/reply?waitMs=9000`,
  );
  assert.deepEqual(reply.payload, { status: 200, body: { ok: true } });
  const asked = upstream.requests.find(({ url }) => url.startsWith("/find"));
  assert.equal(asked?.url, "/find?q=x");
  assert.equal(
    asked?.headers["authorization"],
    undefined,
    "the agent's key stays with the gateway",
  );
  assert.equal(asked?.headers["traceparent"]?.toString().slice(3, 35), TRACE);

  const calls = await until("the call in the history", async () => {
    const found = await asAdmin(server, "GET", `/api/v1/calls?traceId=${TRACE}`);
    return found.calls.length > 0 && found.calls;
  });
  assert.deepEqual(
    [calls[0].agentId, calls[0].serviceId, calls[0].status, calls[0].method],
    ["worker-1", "search", 200, "GET"],
  );
  const trace = await asAdmin(server, "GET", `/api/v1/traces/${TRACE}`);
  interface Bar {
    readonly id: string;
    readonly kind: string;
    readonly parentId: string | null;
  }
  const byKind = new Map<string, Bar>(trace.spans.map((span: Bar) => [span.kind, span]));
  for (const kind of ["request", "inbox", "task", "call"]) {
    assert.ok(byKind.has(kind), `the waterfall shows the ${kind}`);
  }
  const callsParent = byKind.get("call")?.parentId;
  assert.equal(callsParent, byKind.get("task")?.id, "the call is part of the task");
  const { metrics } = await asAdmin(server, "GET", "/api/v1/metrics/summary?agentId=worker-1");
  assert.equal(metrics.gateway_request_duration.count, 1);
  assert.equal(metrics.response_time.count, 1);

  upstream.answer = fail;
  const failing = await worker.fetch("/v1/search/find", {
    headers: { traceparent: `00-${TRACE}-00f067aa0ba902b8-01` },
  });
  assert.equal(failing.status, 503);
  await failing.arrayBuffer();
  const alert = await until("the alert that search fails", async () => {
    const { alerts } = await asAdmin(server, "GET", "/api/v1/alerts?state=firing");
    return alerts.find(
      (one: { rule: string; traceId: string | null }) =>
        one.rule === "service_failing" && one.traceId !== null,
    );
  });
  assert.equal(alert.source, "service:search");
  assert.equal(alert.level, "error");
  assert.equal(alert.traceId, TRACE, "the alert names the trace of a call that failed");
  const { summary } = await asAdmin(server, "GET", "/api/v1/overview");
  assert.ok(
    summary.causes.some((cause: { alertId: string }) => cause.alertId === alert.id),
    "it is a row of Needs you",
  );
  assert.ok(summary.health.score < 100);

  const path = `/api/v1/alerts/${alert.id}/acknowledge`;
  const acknowledged = await asAdmin(server, "POST", path, { owner: "ada", note: "looking" });
  assert.deepEqual(
    [acknowledged.acknowledged.owner, acknowledged.acknowledged.note],
    ["ada", "looking"],
  );
  await until("the audit row of the acknowledgement in the trace", async () => {
    const { audit, alerts } = await asAdmin(server, "GET", `/api/v1/traces/${TRACE}`);
    const row = audit.find((entry: { action: string }) => entry.action === "alert.acknowledge");
    return row !== undefined && alerts.some((one: { id: string }) => one.id === alert.id);
  });

  upstream.answer = (_request, response) => response.end("{}");
  const resolved = await until("the alert resolved", async () => {
    const found = await asAdmin(server, "GET", `/api/v1/alerts/${alert.id}`);
    return found.state === "resolved" && found;
  });
  assert.equal(resolved.acknowledged.owner, "ada", "who had it stays known");
});

test("Everything the components record by themselves is in the documented table, and feeds the KPIs", async (t) => {
  const server = await startServer(t, { config: QUICK });
  const upstream = await startUpstream(t);
  await asAdmin(server, "POST", "/api/v1/services", {
    id: "search",
    baseUrl: upstream.url,
    healthCheckUrl: "/health",
    rateLimit: { requestsPerMinute: 60, burst: 2 },
  });
  const worker = await agent(t, await enrolmentUrl(server), "worker-1");
  worker.on("direct", () => "done");
  await asAdmin(server, "POST", "/api/v1/messages", { recipientId: "worker-1", payload: null });
  const outcomes: unknown[] = [];
  for (let call = 0; call < 4; call++) {
    const answered = worker.fetch("/v1/search/x").then(async (answer) => {
      await answer.arrayBuffer();
      return answer.status;
    });
    outcomes.push(await answered.catch((error: unknown) => codeOf(error)));
  }
  assert.deepEqual(outcomes, [200, 200, "gateway.rate_limited", "gateway.rate_limited"]);
  {
    using _span = worker.span("plan", { kind: "model" });
  }
  const known = new Set(ownMetrics.map(({ metric }) => metric));
  const wanted = [
    "messages_sent",
    "delivery_latency",
    "response_time",
    "cpu_usage",
    "memory_usage",
    "agent_availability",
    "gateway_request_duration",
    "gateway_service_duration",
    "service_availability",
    "profile_duration",
    "system_cpu_usage",
    "system_memory_usage",
    "network_receive_rate",
    "system_health_score",
  ];
  await until("every metric of the key figures", async () => {
    const { metrics } = await asAdmin(server, "GET", "/api/v1/metrics/names");
    const names: string[] = metrics.map(({ metric }: { metric: string }) => metric);
    const strange = names.filter((name) => !known.has(name));
    assert.deepEqual(strange, [], "src/own-metrics.ts does not know these");
    return wanted.every((name) => names.includes(name));
  });
  const { kpis } = await asAdmin(server, "GET", "/api/v1/kpis");
  const values = new Map(kpis.map((kpi: { id: string; value: number }) => [kpi.id, kpi.value]));
  assert.equal(values.get("rate_limit_effectiveness"), 50);
  assert.equal(values.get("service_availability"), 100);
  assert.equal(values.get("agent_availability"), 100);
  for (const id of ["system_health", "agent_response_time", "cpu_usage", "memory_usage"]) {
    assert.ok(Number.isFinite(values.get(id)), `${id} is ${String(values.get(id))}`);
  }
});

test("A paused agent's calls are refused and its streams cut; resuming undoes it; all is audited", async (t) => {
  const server = await startServer(t, { config: QUICK });
  const upstream = await startUpstream(t);
  upstream.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: first\n\n"); // and never ends
  };
  await asAdmin(server, "POST", "/api/v1/services", { id: "model", baseUrl: upstream.url });
  const worker = await agent(t, await enrolmentUrl(server), "worker-1");
  for (const [hold, release, code] of [
    ["pause", "resume", "gateway.agent_paused"],
    ["quarantine", "release", "gateway.agent_quarantined"],
  ] as const) {
    const stream = await worker.fetch("/v1/model/chat");
    const reader = stream.body?.getReader();
    assert.match(new TextDecoder().decode((await reader?.read())?.value), /first/);
    await asAdmin(server, "POST", `/api/v1/agents/worker-1/${hold}`, { reason: "test" });
    await assert.rejects(async () => {
      for (;;) if ((await reader?.read())?.done === true) return;
    }, "the stream is cut, not ended");
    await assert.rejects(worker.fetch("/v1/model/chat"), (error) => codeOf(error) === code);
    await asAdmin(server, "POST", `/api/v1/agents/worker-1/${release}`, {});
    const again = await worker.fetch("/v1/model/chat");
    assert.equal(again.status, 200);
    await again.body?.cancel();
    const { entries } = await asAdmin(server, "GET", `/api/v1/audit?action=agent.${hold}`);
    assert.equal(entries[0].resource, "agent:worker-1");
  }
});

test("Alerts reach a webhook in Alertmanager's format, signed, when they fire and when they resolve", async (t) => {
  const hook = await startUpstream(t);
  const bodies: { text: string; headers: Record<string, string | string[] | undefined> }[] = [];
  hook.answer = (request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      bodies.push({ text, headers: request.headers });
      response.end();
    });
  };
  const secret = `whsec_${Buffer.from("a secret of the test").toString("base64")}`;
  const server = await startServer(t, {
    config: {
      ...QUICK,
      "dashboard.webhookUrl": `${hook.url}/hook`,
      "dashboard.webhookSecret": secret,
      "dashboard.webhookGroupWait": 0.05,
    },
  });
  const raised = await asAdmin(server, "POST", "/api/v1/alerts", {
    level: "error",
    message: "the press is on fire",
    source: "press",
  });
  const fired = await until("the notification", () =>
    bodies.find(({ text }) => text.includes("the press is on fire")),
  );
  const payload = JSON.parse(fired.text);
  assert.deepEqual([payload.version, payload.status], ["4", "firing"]);
  assert.equal(payload.alerts[0].labels.severity ?? payload.alerts[0].labels.level, "error");
  const {
    "webhook-id": id,
    "webhook-timestamp": stamp,
    "webhook-signature": signature,
  } = fired.headers;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const expected = createHmac("sha256", key)
    .update(`${String(id)}.${String(stamp)}.${fired.text}`)
    .digest("base64");
  assert.equal(signature, `v1,${expected}`);
  await asAdmin(server, "POST", `/api/v1/alerts/${raised.id}/resolve`, {});
  await until("the notification that it is over", () =>
    bodies.find(({ text }) => JSON.parse(text).status === "resolved"),
  );
});

test("The gateway answers callers without a key, unknown paths and loops in words", async (t) => {
  const server = await startServer(t, { config: QUICK });
  const gateway = await gatewayOf(server);
  const nobody = await fetch(`${gateway}/v1/search`);
  assert.equal(nobody.status, 401);
  assert.match(nobody.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.match(await nobody.text(), /"code":"gateway\.key_missing"/);
  const worker = await agent(t, await enrolmentUrl(server), "worker-1");
  await assert.rejects(
    worker.fetch("/v1/nothing"),
    (error) => codeOf(error) === "gateway.route_unknown",
  );
  for (const [body, code] of [
    [{ id: "files", baseUrl: "ftp://127.0.0.1" }, "gateway.url_invalid"],
    [{ id: "loop", baseUrl: gateway }, "gateway.loop_detected"],
  ] as const) {
    await assert.rejects(asAdmin(server, "POST", "/api/v1/services", body), new RegExp(code));
  }
});
