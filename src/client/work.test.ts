import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { detectRuntime } from "./runtime.ts";
import { Tracer } from "./span.ts";
import { Transport } from "./transport.ts";
import { startWork } from "./work.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

/** A control plane, as far as the start of a task goes; answers with the traces it was told. */
async function controlPlane(t: TestContext) {
  const told: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the client's own body
      told.push(((await json(request)) as { readonly traceparent?: string }).traceparent);
      response.end('{"id":"t1","title":"index"}');
    };
    take().catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `http://127.0.0.1:${address.port}`, told };
}

async function start(url: string, around?: { readonly traceparent: string }) {
  const runtime = await detectRuntime();
  const tracer = new Tracer(runtime, () => undefined);
  const open = tracer.begin("around", {}, around);
  return startWork("index", {
    agentId: "worker",
    transport: new Transport({ baseUrl: url, retryForMs: 0 }),
    known: new Set(),
    line: {
      begin: (name, options, context) => tracer.begin(name, options, context),
      run: (name, options, body, context) => tracer.run(name, options, body, context),
      fetch: () => Promise.reject(new Error("not called here")),
    },
    context: around === undefined ? undefined : open.inside,
  });
}

test("startWork() begins a trace, tells the server, and keeps its spans in it", async (t) => {
  const { url, told } = await controlPlane(t);
  const work = await start(url);
  assert.deepEqual(told, [work.traceparent]);
  assert.match(work.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const traceId = work.traceparent.slice(3, 35);
  const spans = [work.span("one"), work.span("two")];
  assert.deepEqual(
    spans.map((span) => span.traceId),
    [traceId, traceId],
  );
});

test("startWork() goes on with the trace it is part of, and outlives the span around it", async (t) => {
  const { url, told } = await controlPlane(t);
  const work = await start(url, { traceparent: TRACEPARENT });
  assert.deepEqual(told, [work.traceparent]);
  assert.equal(work.traceparent.slice(3, 35), TRACE);
  assert.notEqual(work.traceparent, TRACEPARENT);
  assert.deepEqual(work.context, { traceparent: work.traceparent, taskId: "t1" });
});
