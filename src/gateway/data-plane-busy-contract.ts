// The part of the data plane's contract about services that have all they can take: calls wait
// their turn, within bounds, and nobody is blamed. Called by dataPlaneContract().

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, afterEach, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  bodyOf,
  problemOf,
  responseOf,
  secretOf,
  send,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";

/** More than any plane under test takes at once. */
const MANY = 12;
const ALICE = { authorization: `Bearer ${secretOf("alice")}` };

/** Registers the part of the contract about busy services. */
export function busyPlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, busy services: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({ maxUpstreamConnections: 1 }));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());

    test("lets calls wait for a connection, and serves each in its turn", async () => {
      let most = 0;
      const asking: ServerResponse[] = [];
      const url = await upstreams.http((_, response) => {
        most = Math.max(most, asking.push(response));
        setImmediate(() => {
          asking.splice(asking.indexOf(response), 1);
          response.end("served");
        });
      });
      await bench.serve(servicePlan("narrow", url));
      const calls = Array.from({ length: MANY }, () =>
        send(bench.port, "/v1/narrow/", { headers: ALICE }),
      );
      for (const answer of await Promise.all(calls)) assert.equal(answer.body, "served");
      assert.ok(most <= 2, `${most} calls at once reached the service`);
    });

    test("answers 503 to calls whose turn does not come, and blames nobody for it", async () => {
      const streams: ServerResponse[] = [];
      const url = await upstreams.http((incoming, response) => {
        if (incoming.url !== "/stream") response.end("here");
        else if (streams.push(response) > 0) response.write("begun");
      });
      await bench.serve(servicePlan("full", url, { requestTimeoutMs: 200 }));
      const outgoing = Array.from({ length: MANY }, () => bench.start("/v1/full/stream"));
      for (const one of outgoing) one.end();
      const responses = await Promise.all(outgoing.map(responseOf));
      const refused = responses.filter((response) => response.statusCode !== 200);
      assert.equal(refused.length, MANY - streams.length);
      assert.ok(streams.length > 0 && streams.length <= 2);
      for (const response of refused) await assertBusy(response);
      for (const stream of streams) stream.end();
      // Every worker answers again.
      const calls = Array.from({ length: MANY }, () =>
        send(bench.port, "/v1/full/", { headers: ALICE }),
      );
      for (const answer of await Promise.all(calls)) assert.equal(answer.body, "here");
      const outcomes = bench.batches.flatMap((batch) => batch.outcomes);
      const failed = outcomes.filter((one) => one.baseUrl === url && one.failed > 0);
      assert.deepEqual(failed, []);
    });

    test("sends nothing of calls that were given up while they waited", async () => {
      let posts = 0;
      const url = await upstreams.http((incoming, response) => {
        if (incoming.method === "POST") posts += 1;
        response.write("begun");
      });
      await bench.serve(servicePlan("left", url));
      const begin = (method: string) =>
        Array.from({ length: MANY }, () => {
          const outgoing = bench.start("/v1/left/", method);
          outgoing.end();
          return outgoing;
        });
      const recorded = (method: string) =>
        bench.until(() => {
          const calls = bench.batches.flatMap((batch) => [...batch.calls]);
          const own = calls.filter((call) => call.serviceId === "left" && call.method === method);
          return own.length === MANY;
        });
      const streams = begin("GET");
      await Promise.race(streams.map(responseOf));
      const given = begin("POST");
      await Promise.all(given.map((one) => once(one, "finish")));
      for (const one of given) one.destroy();
      await recorded("POST");
      const before = posts;
      for (const one of streams) one.destroy();
      await recorded("GET");
      const last = bench.start("/v1/left/");
      last.end();
      await responseOf(last);
      last.destroy();
      assert.equal(posts, before);
    });

    test("keeps room for other services while one takes all it may", async () => {
      const shared = await PlaneBench.open(await open({ maxConcurrentCalls: 4 }));
      const slow = await upstreams.http(() => undefined);
      const quick = await upstreams.http((_, response) => response.end("quick"));
      await shared.serve(servicePlan("slow", slow), servicePlan("quick", quick));
      try {
        const calls = Array.from({ length: MANY }, () => {
          const outgoing = shared.start("/v1/slow/");
          outgoing.end();
          return outgoing;
        });
        await assertBusy(await Promise.race(calls.map(responseOf)));
        for (let index = 0; index < MANY; index++) {
          const answer = await send(shared.port, "/v1/quick/", { headers: ALICE });
          assert.equal(answer.body, "quick");
        }
        for (const one of calls) one.destroy();
      } finally {
        await shared.close();
      }
    });
  });
}

async function assertBusy(response: IncomingMessage): Promise<void> {
  assert.equal(response.statusCode, 503);
  assert.equal(response.headers["retry-after"], "1");
  const problem = problemOf({ body: await bodyOf(response) });
  assert.equal(problem["code"], "gateway.service_busy");
  assert.equal(problem["retryable"], true);
}
