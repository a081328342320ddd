import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { CellphoneClientError } from "./errors.ts";
import { GatewayLine } from "./gateway-line.ts";
import { Transport } from "./transport.ts";

const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** A gateway, as far as a client sees one. */
async function gateway(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => {
    // A call that was cancelled ends its answer in the middle.
    Promise.resolve(answer(request, response)).catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

/** An address nobody listens at. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  await once(server.close(), "close");
  return `http://127.0.0.1:${address.port}`;
}

function lineTo(url: string | null, askAgain = async (): Promise<string | null> => url) {
  const transport = new Transport({ baseUrl: "http://127.0.0.1:1", retryForMs: 0 });
  transport.setHeader("authorization", "Bearer my-key");
  return new GatewayLine({ transport, gatewayUrl: () => url, askAgain });
}

const LIMITED = {
  code: "gateway.rate_limited",
  detail: "100 calls a minute",
  retryable: true,
  remedy: "Wait.",
};

test("GatewayLine.fetch() brings key and trace along, and leaves authorization alone", async (t) => {
  const url = await gateway(t, async (request, response) => {
    const { "x-cellphone-key": key, traceparent, authorization } = request.headers;
    const body = await text(request);
    response.end(JSON.stringify({ key, traceparent, authorization, body, ask: request.url }));
  });
  const headers = { authorization: "Basic own" };
  const context = { traceparent: TRACE };
  const answer = await lineTo(url).fetch("/v1/s?q=x", { headers, json: { a: 1 } }, context);
  assert.deepEqual(await answer.json(), {
    key: "my-key",
    traceparent: TRACE,
    authorization: "Basic own",
    body: '{"a":1}',
    ask: "/v1/s?q=x",
  });
  await assert.rejects(lineTo(url).fetch("v1/s", {}, undefined), TypeError);
});

test("GatewayLine.fetch() passes a service's own answers on, errors and problems included", async (t) => {
  const url = await gateway(t, (request, response) => {
    const problem = request.url === "/v1/problem";
    const type = problem ? "application/problem+json" : "text/plain";
    response.writeHead(422, { "content-type": type, "x-own": "1" });
    response.end(problem ? '{"code":"users.unknown"}' : "no such user");
  });
  const plain = await lineTo(url).fetch("/v1/users", {}, undefined);
  assert.deepEqual([plain.status, await plain.text()], [422, "no such user"]);
  const problem = await lineTo(url).fetch("/v1/problem", {}, undefined);
  assert.deepEqual([problem.status, problem.headers.get("x-own")], [422, "1"]);
  assert.deepEqual(await problem.json(), { code: "users.unknown" });
});

test("GatewayLine.fetch() throws the gateway's refusals, and tries again only when asked", async (t) => {
  let calls = 0;
  const url = await gateway(t, (_, response) => {
    calls += 1;
    if (calls === 3) return response.end("served");
    response.writeHead(429, { "content-type": "application/problem+json", "retry-after": "0" });
    return response.end(JSON.stringify(LIMITED));
  });
  await assert.rejects(lineTo(url).fetch("/v1/s", {}, undefined), (error) => {
    assert.ok(error instanceof CellphoneClientError);
    assert.deepEqual(
      [error.code, error.status, error.retryAfterMs, error.retryable],
      ["gateway.rate_limited", 429, 0, true],
    );
    return true;
  });
  assert.equal(calls, 1);
  const answer = await lineTo(url).fetch("/v1/s", { retryFor: "10s" }, undefined);
  assert.deepEqual([await answer.text(), calls], ["served", 3]);
});

test("GatewayLine.fetch() repeats a POST only when it surely was not carried out", async (t) => {
  // What each path is answered with until its second call, and whether a POST may come again.
  const answers: Readonly<Record<string, readonly [number, boolean]>> = {
    "gateway.rate_limited": [429, true],
    "gateway.too_many_calls": [503, true],
    "gateway.service_busy": [503, true],
    "gateway.no_endpoint": [503, true],
    "gateway.agent_paused": [403, true],
    "gateway.closed": [503, true],
    "gateway.upstream_timeout": [504, false],
    "gateway.upstream_broken": [502, false],
    "gateway.cut": [503, false],
    lost: [0, false],
  };
  const calls = new Map<string, number>();
  const url = await gateway(t, async (request, response) => {
    await text(request);
    const call = `${request.method} ${request.url}`;
    const code = request.url?.slice(1) ?? "";
    const count = (calls.get(call) ?? 0) + 1;
    calls.set(call, count);
    if (count > 1) return response.end("served");
    if (code === "lost") return request.socket.destroy();
    const headers = { "content-type": "application/problem+json", "retry-after": "0" };
    response.writeHead(answers[code]?.[0] ?? 500, headers);
    return response.end(JSON.stringify({ code, detail: code, retryable: true }));
  });
  const retryFor = "10s";
  for (const [code, [, again]] of Object.entries(answers)) {
    const line = lineTo(url);
    const post = line.fetch(`/${code}`, { json: 1, retryFor }, undefined);
    if (again) assert.equal(await (await post).text(), "served", code);
    else await assert.rejects(post, CellphoneClientError, code);
    assert.equal(calls.get(`POST /${code}`), again ? 2 : 1, code);
    for (const method of ["GET", "delete"]) {
      const answer = await line.fetch(`/${code}`, { method, retryFor }, undefined);
      assert.equal(await answer.text(), "served", code);
    }
  }
  calls.clear();
  const willing = { json: 1, retryFor, repeatable: true };
  const answer = await lineTo(url).fetch("/lost", willing, undefined);
  assert.deepEqual([await answer.text(), calls.get("POST /lost")], ["served", 2]);
});

test("GatewayLine.fetch() repeats a POST that found nobody listening", async (t) => {
  const url = await gateway(t, (_, response) => response.end("here"));
  const closed = await closedPort();
  let looked = 0;
  // The gateway comes back elsewhere between two tries.
  const line = lineTo(closed, async () => (++looked > 1 ? url : closed));
  const answer = await line.fetch("/v1/s", { json: 1, retryFor: "10s" }, undefined);
  assert.deepEqual([await answer.text(), looked], ["here", 2]);
});

test("GatewayLine.fetch() leaves a stream a stream, both ways, and cancels it", async (t) => {
  const gone = Promise.withResolvers<void>();
  const url = await gateway(t, async (request, response) => {
    response.on("close", () => gone.resolve());
    for await (const chunk of request) response.write(`echo ${String(chunk)}`);
  });
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const writer = up.writable.getWriter();
  const cancel = new AbortController();
  const { signal } = cancel;
  const options = { method: "POST", body: up.readable, duplex: "half", signal } as const;
  const answer = lineTo(url).fetch("/v1/s", options, undefined);
  const encoder = new TextEncoder();
  await writer.write(encoder.encode("one"));
  const reader = (await answer).body?.getReader();
  const first = await reader?.read();
  assert.equal(new TextDecoder().decode(first?.value), "echo one");
  await writer.write(encoder.encode("two"));
  const second = await reader?.read();
  assert.equal(new TextDecoder().decode(second?.value), "echo two");
  cancel.abort(new Error("enough"));
  await gone.promise;
  await assert.rejects(async () => reader?.read(), /enough/);
});

test("GatewayLine.fetch() says when there is no gateway, and looks for one that has moved", async (t) => {
  const none = { code: "client.no_gateway" };
  await assert.rejects(lineTo(null).fetch("/v1/s", {}, undefined), none);
  const url = await gateway(t, (_, response) => response.end("here"));
  const closed = await closedPort();
  const moved = lineTo(closed, async () => url);
  assert.equal(await (await moved.fetch("/v1/s", {}, undefined)).text(), "here");
  const gone = lineTo(closed, async () => closed);
  await assert.rejects(gone.fetch("/v1/s", {}, undefined), { code: "client.unreachable" });
});
