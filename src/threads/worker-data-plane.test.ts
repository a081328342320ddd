import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";

import { makeCertificate } from "../../test/support/certificate.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { noComponentLog } from "../core/index.ts";
import { dataPlaneContract } from "../gateway/data-plane-contract.ts";
import { PlaneBench, Upstreams, keyOf, servicePlan } from "../gateway/data-plane-bench-contract.ts";
import { WorkerDataPlane, defaultWorkers } from "./worker-data-plane.ts";

dataPlaneContract(
  "WorkerDataPlane",
  (settings) => new WorkerDataPlane({ workers: 2, ...settings }),
  makeCertificate,
);

/** Well under the time a worker gets to answer. */
const SOON = { timeout: 8000 };

function upstreamsOf(t: TestContext): Upstreams {
  const upstreams = new Upstreams();
  t.after(() => upstreams.close());
  return upstreams;
}

/** A middleware module; its source may use what `options` brings. */
function moduleIn(t: TestContext, name: string, source: string): string {
  const file = path.join(temporaryFolder(t), `${name}.mjs`);
  writeFileSync(file, source);
  return pathToFileURL(file).href;
}

test("defaultWorkers() leaves one core to the rest, and takes four at most", () => {
  assert.deepEqual([1, 2, 4, 64].map(defaultWorkers), [1, 1, 3, 4]);
});

test("WorkerDataPlane starts a worker that died again, with the plans and keys of now", async (t) => {
  const events: string[] = [];
  const restarted = Promise.withResolvers<void>();
  const log = {
    ...noComponentLog,
    error: (event: string) => void events.push(event),
    warn: (event: string) => {
      events.push(event);
      restarted.resolve();
    },
  };
  const crash = moduleIn(
    t,
    "crash",
    `export default () => (request, next) => {
       if (request.path.endsWith("/crash")) setImmediate(() => { throw new Error("on purpose"); });
       return next();
     };`,
  );
  const plane = new WorkerDataPlane({ workers: 1, log, middleware: [{ module: crash }] });
  const bench = await PlaneBench.open(plane);
  t.after(() => bench.close());
  const url = await upstreamsOf(t).http((incoming, response) => {
    if (incoming.url !== "/crash") response.end("served");
  });
  await bench.serve(servicePlan("target", url));
  await bench.plane.applyIdentities([{ ...keyOf("bob"), identity: null }]);
  await assert.rejects(bench.call("/v1/target/crash"));
  // Plans change meanwhile, and go on changing.
  await bench.serve(servicePlan("meanwhile", url));
  await restarted.promise;
  await bench.serve(servicePlan("afterwards", url));
  assert.deepEqual(events, ["gateway.worker_ended", "gateway.worker_restarted"]);
  for (const id of ["target", "meanwhile", "afterwards"]) {
    assert.equal((await bench.call(`/v1/${id}/`)).body, "served");
  }
  assert.equal(plane.workers, 1);
});

test("WorkerDataPlane ends a worker that hangs, and starts another", async (t) => {
  const restarted = Promise.withResolvers<void>();
  const log = { ...noComponentLog, warn: () => restarted.resolve() };
  const spin = moduleIn(
    t,
    "spin",
    `export default () => (request, next) => {
       if (request.path.endsWith("/spin")) for (;;);
       return next();
     };`,
  );
  const middleware = [{ module: spin }];
  const plane = new WorkerDataPlane({ workers: 1, log, middleware, workerReplyMs: 2000 });
  const bench = await PlaneBench.open(plane);
  t.after(() => bench.close());
  const url = await upstreamsOf(t).http((_, response) => response.end("served"));
  await bench.serve(servicePlan("target", url));
  await assert.rejects(bench.call("/v1/target/spin"));
  await restarted.promise;
  assert.equal((await bench.call("/v1/target/")).body, "served");
});

test("WorkerDataPlane imports middleware in each worker, with its options, in order", async (t) => {
  const mark = moduleIn(
    t,
    "mark",
    `export default ({ mark }) => async (request, next) => {
       const headers = { ...request.headers, "x-marks": (request.headers["x-marks"] ?? "") + mark };
       const answer = await next({ ...request, headers });
       return { ...answer, headers: { ...answer.headers, ["x-" + mark]: "seen" } };
     };`,
  );
  const middleware = [
    { module: mark, options: { mark: "a" } },
    { module: mark, options: { mark: "b" } },
  ];
  const bench = await PlaneBench.open(new WorkerDataPlane({ workers: 2, middleware }));
  t.after(() => bench.close());
  const url = await upstreamsOf(t).http((incoming, response) => {
    response.end(String(incoming.headers["x-marks"]));
  });
  await bench.serve(servicePlan("target", url));
  const answer = await bench.call("/v1/target/");
  assert.equal(answer.body, "ab");
  assert.equal(answer.headers["x-a"], "seen");
  assert.equal(answer.headers["x-b"], "seen");
});

test(
  "WorkerDataPlane.close() ends workers whose middleware holds on to something",
  SOON,
  async (t) => {
    const timer = moduleIn(
      t,
      "timer",
      `export default () => {
       setInterval(() => undefined, 1000);
       return (request, next) => next();
     };`,
    );
    const plane = new WorkerDataPlane({ workers: 2, middleware: [{ module: timer }] });
    await plane.listen();
    await plane.close();
    assert.equal(plane.workers, 0);
  },
);

test("WorkerDataPlane.listen() names the middleware module that cannot be used", async () => {
  const middleware = [{ module: "/no/such/module.mjs" }];
  const plane = new WorkerDataPlane({ workers: 1, middleware });
  await assert.rejects(plane.listen(), {
    code: "gateway.middleware_failed",
    message: /\/no\/such\/module\.mjs/,
  });
  await plane.close(0);
});
