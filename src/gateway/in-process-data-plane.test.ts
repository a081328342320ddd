import assert from "node:assert/strict";
import { test } from "node:test";

import { makeCertificate } from "../../test/support/certificate.ts";
import { PlaneBench, Upstreams, servicePlan } from "./data-plane-bench-contract.ts";
import { dataPlaneContract } from "./data-plane-contract.ts";
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
