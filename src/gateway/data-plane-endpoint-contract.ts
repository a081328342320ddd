// The part of the data plane's contract about endpoints that fail: second attempts, and what
// closes an endpoint to everyone. Called by dataPlaneContract().

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  bodyOf,
  problemOf,
  responseOf,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";

/** Failures in a row after which an endpoint is left alone, for two workers that share them. */
const ENOUGH = 12;

/** Registers the part of the contract about endpoints. */
export function endpointPlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, endpoints: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({}));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());
    circuits();
    bodies();
    retries();

    function circuits(): void {
      test("passes a service's own 503 on, and goes on asking its other routes", async () => {
        const url = await upstreams.http((incoming, response) => {
          if (incoming.url === "/fine") response.end("fine");
          else response.writeHead(503, { "retry-after": "7" }).end("own words");
        });
        await bench.serve(servicePlan("partly", url));
        for (let index = 0; index < ENOUGH; index++) {
          const answer = await bench.call("/v1/partly/job");
          assert.equal(answer.status, 503);
          assert.equal(answer.body, "own words");
          assert.equal(answer.headers["retry-after"], "7");
        }
        assert.equal((await bench.call("/v1/partly/fine")).body, "fine");
      });

      test("leaves a service alone that answers nothing", async () => {
        let asked = 0;
        const url = await upstreams.tcp((socket) => {
          asked += 1;
          socket.destroy();
        });
        await bench.serve(servicePlan("mute", url));
        for (let index = 0; index < ENOUGH; index++) await bench.call("/v1/mute/");
        const answer = await bench.call("/v1/mute/");
        assert.equal(problemOf(answer)["code"], "gateway.no_endpoint");
        assert.match(String(answer.headers["retry-after"]), /^[1-5]$/);
        assert.ok(asked < ENOUGH, `it was asked ${asked} times`);
      });
    }

    function bodies(): void {
      test("blames the caller whose body does not come, and serves all others", async () => {
        const url = await upstreams.http((incoming, response) => {
          incoming.resume().once("end", () => response.end("here"));
        });
        await bench.serve(servicePlan("upload", url, { requestTimeoutMs: 100 }));
        const uploads = Array.from({ length: ENOUGH }, async () => {
          const outgoing = bench.start("/v1/upload/", "POST", { "transfer-encoding": "chunked" });
          outgoing.write("hello");
          const response = await responseOf(outgoing);
          assert.equal(response.statusCode, 408);
          const problem = problemOf({ body: await bodyOf(response) });
          assert.equal(problem["code"], "gateway.request_too_slow");
          outgoing.destroy();
        });
        await Promise.all(uploads);
        assert.equal((await bench.call("/v1/upload/")).body, "here");
      });

      test("blames the service that does not take a body which is there", async () => {
        const url = await upstreams.http(() => undefined);
        await bench.serve(servicePlan("full", url, { requestTimeoutMs: 200 }));
        const outgoing = bench.start("/v1/full/", "POST", { "transfer-encoding": "chunked" });
        outgoing.write(Buffer.alloc(32_000_000));
        const response = await responseOf(outgoing);
        assert.equal(response.statusCode, 504);
        outgoing.destroy();
      });

      test("serves all others while callers break their bodies off", async () => {
        const url = await upstreams.http((incoming, response) => {
          incoming.on("error", () => undefined);
          incoming.resume().once("end", () => response.end("here"));
        });
        await bench.serve(servicePlan("upload", url));
        for (let index = 0; index < ENOUGH; index++) {
          const outgoing = bench.start("/v1/upload/", "POST", { "transfer-encoding": "chunked" });
          await new Promise<void>((resolve) => outgoing.write("hello", () => resolve()));
          outgoing.destroy();
        }
        assert.equal((await bench.call("/v1/upload/")).body, "here");
      });
    }

    function retries(): void {
      test("tries another endpoint when one refuses the connection or answers 503", async () => {
        let asked = 0;
        const dead = await upstreams.nobody();
        const failing = await upstreams.http((_, response) => {
          asked += 1;
          response.writeHead(503).end("x".repeat(1000));
        });
        const good = await upstreams.http((_, response) => response.end("good"));
        await bench.serve(servicePlan("spread", [dead, failing, good], { retries: 2 }));
        for (let index = 0; index < 3; index++) {
          assert.equal((await bench.call("/v1/spread/")).body, "good");
        }
        assert.ok(asked > 0);
        const record = await bench.recordOf(
          (call) => call.serviceId === "spread" && call.attempts > 1,
        );
        assert.equal(record.endpoint, good);
        assert.equal(record.status, 200);
      });

      test("does not repeat a POST", async () => {
        let posts = 0;
        const failing = await upstreams.http((_, response) => {
          posts += 1;
          response.writeHead(503).end();
        });
        const plan = servicePlan("once", [failing, `${failing}/other`], { retries: 3 });
        await bench.serve(plan);
        const answer = await bench.call("/v1/once/", { method: "POST", body: "x" });
        assert.equal(answer.status, 503);
        assert.equal(posts, 1);
        posts = 0;
        // A PUT may be repeated, with its small body.
        await bench.call("/v1/once/", { method: "PUT", body: "x" });
        assert.equal(posts, 2);
      });
    }
  });
}
