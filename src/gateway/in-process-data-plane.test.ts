import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { dataPlaneContract } from "./data-plane-contract.ts";
import { PlaneBench, Upstreams, servicePlan } from "./data-plane-bench-contract.ts";
import { InProcessDataPlane } from "./in-process-data-plane.ts";

dataPlaneContract("InProcessDataPlane", (settings) => new InProcessDataPlane(settings));

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
