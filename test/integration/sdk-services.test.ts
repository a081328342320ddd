// Spans, and calls of services through the gateway, by both SDKs: one trace from the message to the
// service, and the gateway's refusals as errors.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { CellphoneClientError } from "../../src/client/index.ts";
import { requireDebian } from "../support/debian.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** Starts a real service and registers it as `search`. */
async function searchService(
  t: TestContext,
  server: TestServer,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  more: object = {},
): Promise<void> {
  const service = createServer(answer);
  await once(service.listen(0, "127.0.0.1"), "listening");
  t.after(() => service.close());
  t.after(() => service.closeAllConnections());
  const address = service.address();
  assert.ok(typeof address === "object" && address !== null);
  const baseUrl = `http://127.0.0.1:${address.port}`;
  await asAdmin(server, "POST", "/api/v1/services", { id: "search", baseUrl, ...more });
}

/** What was recorded of a trace, once it is all there. */
async function traceOf(server: TestServer, traceId: string, spans: number, calls: number) {
  return until("the trace", async () => {
    const found = await asAdmin(server, "GET", `/api/v1/spans?traceId=${traceId}`);
    const called = await asAdmin(server, "GET", `/api/v1/calls?traceId=${traceId}`);
    const all = found.spans.length === spans && called.calls.length === calls;
    return all && { spans: found.spans, calls: called.calls };
  });
}

const traceIdOf = (traceparent: string | null | undefined): string =>
  traceparent?.slice(3, 35) ?? "";

test("a handler's spans and calls are one trace with its message, nested as they happened", async (t) => {
  const server = await startServer(t);
  const seen: string[] = [];
  await searchService(t, server, (request, response) => {
    seen.push(String(request.headers["traceparent"]));
    response.setHeader("content-type", "application/json").end('{"hits":3}');
  });
  const url = await enrolmentUrl(server);
  const worker = await agent(t, url, "worker");
  worker.on("task_assignment", async (_, delivery) => {
    using plan = worker.span("plan", { kind: "model" });
    const answer = await worker.fetch("/v1/search/find?q=x");
    plan.end();
    await delivery.span("store", { kind: "tool" }, () => worker.record("hits", 3));
    return answer.json();
  });
  const asker = await agent(t, url, "asker");
  const reply = await asker.request("worker", "task_assignment", {}, { task: "look it up" });
  assert.deepEqual(reply.payload, { hits: 3 });
  const { message } = await asAdmin(server, "GET", `/api/v1/messages/${reply.replyToId}`);
  const traceId = traceIdOf(message.traceparent);
  const { spans, calls } = await traceOf(server, traceId, 2, 1);
  const named = (name: string) => spans.find((span: { name: string }) => span.name === name);
  const [plan, store] = [named("plan"), named("store")];
  assert.equal(plan.kind, "model");
  assert.equal(plan.parentSpanId, message.traceparent.slice(36, 52));
  assert.equal(store.parentSpanId, plan.parentSpanId, "the plan had ended");
  assert.deepEqual(
    [calls[0].agentId, calls[0].parentSpanId, calls[0].status],
    ["worker", plan.spanId, 200],
  );
  assert.equal(traceIdOf(seen[0]), traceId);
  const samples = await until("the sample", async () => {
    const answer = await asAdmin(server, "GET", "/api/v1/metrics?metric=hits&agentId=worker");
    return answer.samples?.length > 0 && answer.samples;
  });
  assert.equal(samples[0].metadata.traceId, traceId);
});

test("a piece of work outside a handler is one trace, whatever it does", async (t) => {
  const server = await startServer(t);
  await searchService(t, server, (_, response) => response.end("{}"));
  const url = await enrolmentUrl(server);
  const worker = await agent(t, url, "worker");
  const traceIds: string[] = [];
  const { messageId } = await worker.work("index", {}, async (work) => {
    traceIds.push(traceIdOf(work.traceparent));
    await worker.fetch("/v1/search/a");
    worker.span("plan").end();
    await worker.work("part of it", {}, (part) => traceIds.push(traceIdOf(part.traceparent)));
    return worker.send("worker", "direct");
  });
  const traceId = traceIds[0] ?? "";
  assert.deepEqual(traceIds, [traceId, traceId]);
  await traceOf(server, traceId, 1, 1);
  const { message } = await asAdmin(server, "GET", `/api/v1/messages/${messageId}`);
  assert.equal(traceIdOf(message.traceparent), traceId);
  // Where its scope is no function's, the work itself knows its trace.
  const work = await worker.work("by hand");
  await work.fetch("/v1/search/b");
  await work.span("store", {}, () => work.fetch("/v1/search/c"));
  await work.done();
  await traceOf(server, traceIdOf(work.traceparent), 1, 2);
});

test("Phone.fetch() streams, and throws the gateway's refusals with their code", async (t) => {
  const server = await startServer(t);
  const more = { rateLimit: { requestsPerMinute: 1, burst: 3 } };
  await searchService(
    t,
    server,
    (_, response) => {
      response.setHeader("content-type", "text/event-stream").write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 50);
    },
    more,
  );
  const phone = await agent(t, await enrolmentUrl(server), "worker");
  const answer = await phone.fetch("/v1/search/stream");
  const parts: string[] = [];
  for await (const part of answer.body ?? []) parts.push(new TextDecoder().decode(part));
  assert.deepEqual(parts, ["data: 1\n\n", "data: 2\n\n"]);
  await assert.rejects(phone.fetch("/v2/nowhere/x"), { code: "gateway.route_unknown" });
  await asAdmin(server, "POST", "/api/v1/agents/worker/pause", {});
  await assert.rejects(phone.fetch("/v1/search/x"), { code: "gateway.agent_paused", status: 403 });
  await asAdmin(server, "POST", "/api/v1/agents/worker/resume");
  await assert.rejects(
    async () => {
      for (let call = 0; call < 5; call++) await (await phone.fetch("/v1/search/x")).text();
    },
    (error) => {
      assert.ok(error instanceof CellphoneClientError);
      assert.deepEqual([error.code, error.status], ["gateway.rate_limited", 429]);
      assert.ok((error.retryAfterMs ?? 0) > 1000, `${error.retryAfterMs} ms`);
      return true;
    },
  );
});

test("a Python agent's spans and calls are one trace with its message", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const server = await startServer(t);
  await searchService(t, server, (request, response) => {
    if (request.url === "/lines") {
      response.write("one\n");
      setTimeout(() => response.end("two\n"), 50);
      return;
    }
    const type = request.headers["content-type"];
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ type, method: request.method }));
  });
  const program = `
import asyncio
from agent_cellphone import AsyncPhone, CellphoneClientError, Phone

phone = Phone(name="snake")

@phone.on("task_assignment")
def handle(message, delivery):
    with phone.span("plan", kind="model", context={"model": "small"}):
        with phone.fetch("/v1/search/lines") as answer:
            lines = [line.decode() for line in answer]
    with delivery.span("post", kind="tool"):
        posted = delivery.fetch("/v1/search/post", json={"a": 1})
        told = [posted.status, posted.json()]
    try:
        with phone.span("refused"):
            phone.fetch("/v2/nowhere/x")
    except CellphoneClientError as error:
        code = error.code
    return {"lines": lines, "told": told, "code": code}

@phone.on("async")
def in_asyncio(message):
    async def main():
        async with await AsyncPhone.connect(name="snake-async") as other:
            with other.span("awaited"):
                async with await other.fetch("/v1/search/lines") as answer:
                    return [line.decode() async for line in answer]
    return asyncio.run(main())

phone.run()
`;
  const url = await enrolmentUrl(server);
  const child = spawn(python, ["-c", program], {
    env: { ...process.env, CELLPHONE_URL: url, PYTHONPATH: path.join(ROOT, "sdk/python") },
    stdio: ["ignore", "inherit", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await until("the agent", async () => {
    return (await asAdmin(server, "GET", "/api/v1/agents?text=snake")).agents.length > 0;
  });
  const asker = await agent(t, url, "asker");
  const reply = await asker.request("snake", "task_assignment", {}, { timeout: "20s" });
  assert.deepEqual(reply.payload, {
    lines: ["one\n", "two\n"],
    told: [404, { type: "application/json", method: "POST" }],
    code: "gateway.route_unknown",
  });
  const { message } = await asAdmin(server, "GET", `/api/v1/messages/${reply.replyToId}`);
  const { spans, calls } = await traceOf(server, traceIdOf(message.traceparent), 3, 3);
  const named = (name: string) => spans.find((span: { name: string }) => span.name === name);
  assert.deepEqual([named("plan").ok, named("plan").context], [true, { model: "small" }]);
  assert.deepEqual([named("refused").ok, named("post").kind], [false, "tool"]);
  const parents = calls.map((call: { parentSpanId: string }) => call.parentSpanId).toSorted();
  const ids = spans.map((span: { spanId: string }) => span.spanId).toSorted();
  assert.deepEqual(parents, ids);
  const awaited = await asker.request("snake", "async", {}, { timeout: "20s" });
  assert.deepEqual(awaited.payload, ["one\n", "two\n"]);
});
