// The part of the data plane's contract about endpoints that fail: second attempts, and what
// closes an endpoint to everyone. Called by dataPlaneContract().

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
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

/** A service that answers the first request of each connection and resets the second. */
async function forgetful(upstreams: Upstreams): Promise<string> {
  return upstreams.tcp((socket) => {
    let requests = 0;
    socket.on("data", (chunk) => {
      // A body may come by itself.
      if (!chunk.toString().includes(" HTTP/1.1\r\n")) return;
      requests += 1;
      if (requests > 1) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
}

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
        let arrived = Promise.withResolvers<IncomingMessage>();
        const url = await upstreams.http((incoming, response) => {
          incoming.on("error", () => undefined);
          incoming.once("data", () => arrived.resolve(incoming));
          incoming.resume().once("end", () => response.end("here"));
        });
        await bench.serve(servicePlan("upload", url));
        for (let index = 0; index < ENOUGH; index++) {
          arrived = Promise.withResolvers();
          const outgoing = bench.start("/v1/upload/", "POST", { "transfer-encoding": "chunked" });
          outgoing.write("hello");
          const incoming = await arrived.promise;
          const gone = new Promise((resolve) => incoming.once("close", resolve));
          outgoing.destroy();
          await gone;
          assert.equal(incoming.complete, false);
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

      test("repeats a GET on a new connection when an old one was closed meanwhile", async () => {
        await bench.serve(servicePlan("forgetful", await forgetful(upstreams)));
        for (let index = 0; index < ENOUGH; index++) {
          assert.equal((await bench.call("/v1/forgetful/")).body, "ok");
        }
        const record = await bench.recordOf(
          (call) => call.serviceId === "forgetful" && call.attempts > 1,
        );
        assert.equal(record.attempts, 2);
        const outcomes = bench.batches.flatMap((batch) => batch.outcomes);
        const own = outcomes.filter((one) => one.baseUrl === record.endpoint);
        assert.ok(own.length > 0 && own.every((one) => one.failed === 0));
      });

      test("does not repeat a POST on a new connection, nor blames the service", async () => {
        await bench.serve(servicePlan("forgetful", await forgetful(upstreams)));
        const statuses = new Set<number>();
        for (let index = 0; index < 2 * ENOUGH; index++) {
          const answer = await bench.call("/v1/forgetful/", { method: "POST", body: "x" });
          statuses.add(answer.status);
        }
        assert.deepEqual(statuses, new Set([200, 502]));
        const record = await bench.recordOf(
          (call) => call.method === "POST" && call.status === 502,
        );
        const outcomes = bench.batches.flatMap((batch) => batch.outcomes);
        const own = outcomes.filter((one) => one.baseUrl === record.endpoint);
        assert.ok(own.length > 0 && own.every((one) => one.failed === 0));
      });

      test("does not repeat a GET whose answer had begun, nor one on a new connection", async () => {
        let asked = 0;
        const url = await upstreams.tcp((socket) => {
          let requests = 0;
          socket.on("data", () => {
            asked += 1;
            requests += 1;
            if (requests > 1) socket.end("HTTP/1.1 2");
            else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
          });
        });
        await bench.serve(servicePlan("halfway", url));
        const answers = [await bench.call("/v1/halfway/")];
        while (answers.at(-1)?.status === 200) answers.push(await bench.call("/v1/halfway/"));
        assert.equal(answers.at(-1)?.status, 502);
        assert.equal(asked, answers.length);
        asked = 0;
        const mute = await upstreams.tcp((socket) => {
          socket.once("data", () => {
            asked += 1;
            socket.resetAndDestroy();
          });
        });
        await bench.serve(servicePlan("mute", mute));
        assert.equal((await bench.call("/v1/mute/")).status, 502);
        assert.equal(asked, 1);
      });

      test("tries a POST on another endpoint when the first took no connection", async () => {
        const dead = await upstreams.nobody();
        const good = await upstreams.http((incoming, response) => void incoming.pipe(response));
        await bench.serve(servicePlan("half", [dead, good], { retries: 1 }));
        for (let index = 0; index < 4; index++) {
          const answer = await bench.call("/v1/half/", { method: "POST", body: "sent once" });
          assert.equal(answer.body, "sent once");
        }
        await bench.recordOf((call) => call.serviceId === "half" && call.attempts === 2);
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
