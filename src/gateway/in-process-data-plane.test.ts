import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { makeCertificate } from "../../test/support/certificate.ts";
import { ManualClock } from "../core/index.ts";
import { dataPlaneContract } from "./data-plane-contract.ts";
import { PlaneBench, Upstreams, problemOf, servicePlan } from "./data-plane-bench-contract.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";

dataPlaneContract(
  "InProcessDataPlane",
  (settings) => new InProcessDataPlane(settings),
  makeCertificate,
);

test("InProcessDataPlane records what a middleware passes on as what it was", async (t) => {
  const upstreams = new Upstreams();
  t.after(() => upstreams.close());
  const plane = new InProcessDataPlane({ middleware: [(request, next) => next(request)] });
  const bench = await PlaneBench.open(plane);
  t.after(() => bench.close());
  const long = "x".repeat(100_000);
  const url = await upstreams.http(({ url: path }, response) => {
    if (path === "/chunked") response.write("a piece, ");
    response.end(path === "/long" ? long : "short");
  });
  await bench.serve(servicePlan("target", url));
  for (const [path, body] of [
    ["/short", "short"],
    ["/chunked", "a piece, short"],
    ["/long", long],
  ] as const) {
    assert.equal((await bench.call(`/v1/target${path}`)).body, body);
    const record = await bench.recordOf((call) => call.path === `/v1/target${path}`);
    assert.deepEqual([record.status, record.reason, record.code], [200, null, null]);
  }
});

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a");
  throw new Error("my own mistake");
}

test("InProcessDataPlane.call() blames a body that throws and a header that cannot be sent on the caller", async () => {
  const upstreams = new Upstreams();
  const bench = await PlaneBench.open(new InProcessDataPlane());
  try {
    const url = await upstreams.http((_, response) => response.end("here"));
    await bench.serve(servicePlan("target", url));
    const plane = bench.plane;
    assert.ok(plane instanceof InProcessDataPlane);
    const trusted = { namespace: "default" };
    for (let index = 0; index < 6; index++) {
      const request = { method: "POST", path: "/v1/target/" };
      const body = problemOf({
        body: (await plane.call({ ...request, body: broken() }, trusted)).text(),
      });
      assert.equal(body["code"], "gateway.body_broken");
      assert.equal(body["detail"], "The body broke off: my own mistake");
      const headers = { "no name": "x" };
      const header = problemOf({
        body: (await plane.call({ ...request, headers }, trusted)).text(),
      });
      assert.equal(header["code"], "gateway.request_invalid");
    }
    assert.equal((await bench.call("/v1/target/")).body, "here");
  } finally {
    upstreams.close();
    await bench.close();
  }
});

test("InProcessDataPlane lets all calls through once a stream that tries an endpoint has begun", async () => {
  const clock = new ManualClock();
  const upstreams = new Upstreams();
  const bench = await PlaneBench.open(new InProcessDataPlane({ clock }));
  try {
    let isDown = true;
    const url = await upstreams.http((incoming, response) => {
      if (isDown) incoming.socket.destroy();
      else if (incoming.url === "/stream") response.write("begun");
      else response.end("here");
    });
    await bench.serve(servicePlan("back", url));
    for (let index = 0; index < 5; index++) {
      assert.equal((await bench.call("/v1/back/")).status, 502);
    }
    assert.equal((await bench.call("/v1/back/")).status, 503);
    isDown = false;
    clock.advance(5000);
    const stream = bench.start("/v1/back/stream");
    stream.end();
    await once(stream, "response");
    assert.equal((await bench.call("/v1/back/")).body, "here");
    stream.destroy();
  } finally {
    upstreams.close();
    await bench.close();
  }
});
