import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { CellphoneClientError } from "./errors.ts";
import { Transport, wasNotSent } from "./transport.ts";

/** A real HTTP server that answers as the test says. */
async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

const problem = (code: string, retryable = false): string =>
  JSON.stringify({ title: "t", detail: "d", code, remedy: "r", retryable, nearest: ["x"] });

const hasCode = (code: string) => (error: unknown) =>
  error instanceof CellphoneClientError && error.code === code;

test("Transport.call() sends JSON with its headers and reads the answer", async (t) => {
  const seen: unknown[] = [];
  const baseUrl = await serve(t, (request, response) => {
    seen.push(request.method, request.url, request.headers.authorization);
    request.setEncoding("utf8").on("data", (text: string) => seen.push(text));
    request.on("end", () => response.end('{"ok":true}'));
  });
  const transport = new Transport({ baseUrl, retryForMs: 0 });
  transport.setHeader("authorization", "Bearer k");
  assert.deepEqual(await transport.call("POST", "/a?b=c", { body: { d: "é" } }), { ok: true });
  assert.deepEqual(seen, ["POST", "/a?b=c", "Bearer k", '{"d":"é"}']);
});

test("Transport.call() turns a problem document into an error, and does not repeat it", async (t) => {
  let calls = 0;
  const baseUrl = await serve(t, (_request, response) => {
    calls += 1;
    response.writeHead(409).end(problem("security.name_in_use", true));
  });
  const transport = new Transport({ baseUrl, retryForMs: 60_000 });
  await assert.rejects(transport.call("POST", "/"), (error: unknown) => {
    assert.ok(error instanceof CellphoneClientError);
    assert.deepEqual(
      [error.code, error.status, error.remedy, error.message, error.details["nearest"]],
      ["security.name_in_use", 409, "r", "d", ["x"]],
    );
    return true;
  });
  assert.equal(calls, 1);
});

test("Transport.call() comes back no sooner than Retry-After says", async (t) => {
  const callsAtMs: number[] = [];
  const baseUrl = await serve(t, (_request, response) => {
    callsAtMs.push(performance.now());
    if (callsAtMs.length > 1) return response.end("{}");
    return response.writeHead(429, { "retry-after": "1" }).end(problem("x.y", true));
  });
  // Not repeatable: 429 says that nothing was done, so it is repeated all the same.
  const transport = new Transport({ baseUrl, retryForMs: 10_000 });
  await transport.call("POST", "/", { repeatable: false });
  const [first = 0, second = 0] = callsAtMs;
  assert.ok(second - first >= 995, `came back after ${second - first} ms`);
});

test("Transport.call() repeats after a lost answer only what may arrive twice", async (t) => {
  let calls = 0;
  const baseUrl = await serve(t, (request, response) => {
    calls += 1;
    if (calls % 2 === 1) request.socket.destroy();
    else response.end("{}");
  });
  const transport = new Transport({ baseUrl, retryForMs: 10_000 });
  await transport.call("POST", "/");
  assert.equal(calls, 2);
  const once = transport.call("POST", "/", { repeatable: false });
  await assert.rejects(once, hasCode("client.unreachable"));
  assert.equal(calls, 3);
});

test("Transport tells once that the server is away and once that it is back", async (t) => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const port = portOf(probe);
  probe.close();
  await once(probe, "close");
  const news: boolean[] = [];
  const server = createServer((_request, response) => response.end("{}"));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const transport = new Transport({
    baseUrl: `http://127.0.0.1:${port}`,
    retryForMs: 20_000,
    onReachable(reachable, error) {
      news.push(reachable);
      if (!reachable) assert.ok(error !== undefined && wasNotSent(error));
    },
  });
  const single = transport.call("GET", "/", { retryForMs: 0 });
  await assert.rejects(single, hasCode("client.unreachable"));
  const call = transport.call("GET", "/", { repeatable: false });
  server.listen(port, "127.0.0.1");
  await call;
  await transport.call("GET", "/");
  assert.deepEqual(news, [false, true]);
});

test("Transport.call() says so when something else answers", async (t) => {
  const baseUrl = await serve(t, (_request, response) => response.writeHead(404).end("<html>"));
  const transport = new Transport({ baseUrl, retryForMs: 60_000 });
  await assert.rejects(transport.call("GET", "/"), hasCode("client.response_invalid"));
});

test("Transport.call() ends when its signal aborts, and when a try takes too long", async (t) => {
  const baseUrl = await serve(t, () => undefined);
  const transport = new Transport({ baseUrl, retryForMs: 0 });
  const controller = new AbortController();
  const call = transport.call("GET", "/", { signal: controller.signal });
  controller.abort();
  await assert.rejects(call, hasCode("client.closed"));
  await assert.rejects(
    transport.call("GET", "/", { timeoutMs: 20 }),
    hasCode("client.unreachable"),
  );
});
