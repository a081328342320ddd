// The part of the data plane's contract about who may call how often. Called by
// dataPlaneContract().

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  keyOf,
  mirror,
  problemOf,
  secretOf,
  send,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";

/** Registers the admission part of the contract. */
export function admissionPlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, admission: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({}));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());
    identity();
    limits();

    function identity(): void {
      test("takes a key from three headers and puts the service's credential in its place", async () => {
        const url = await upstreams.http(mirror);
        const credential = { header: "authorization", value: "Bearer service-secret" };
        await bench.serve(servicePlan("guarded", url, { credential }));
        const secret = secretOf("bob");
        for (const headers of [
          { authorization: `Bearer ${secret}` },
          { "x-api-key": secret },
          { "x-cellphone-key": secret, cookie: "cellphone_session=s; theme=dark" },
        ]) {
          const answer = await send(bench.port, "/v1/guarded/", { headers });
          assert.equal(answer.status, 200);
          assert.ok(!answer.body.includes(secret), "the caller's key reached the service");
          assert.ok(!answer.body.includes("cellphone_session"));
          assert.match(answer.body, /"authorization":"Bearer service-secret"/);
        }
      });

      test("refuses calls without a key, with an unknown one, and with an expired one", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("guarded", url));
        await bench.plane.applyIdentities([keyOf("late", { expiresAtMs: 1 })]);
        const cases: readonly [Record<string, string>, string][] = [
          [{}, "gateway.key_missing"],
          [{ authorization: "Bearer wrong" }, "gateway.key_unknown"],
          [{ "x-api-key": secretOf("late") }, "gateway.key_expired"],
        ];
        for (const [headers, code] of cases) {
          const answer = await send(bench.port, "/v1/guarded/", { headers });
          assert.equal(answer.status, 401);
          assert.equal(problemOf(answer)["code"], code);
          assert.match(String(answer.headers["www-authenticate"]), /^Bearer/);
        }
      });

      test("knows a key no more once applyIdentities() has resolved", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("guarded", url));
        const key = keyOf("carol");
        await bench.plane.applyIdentities([key]);
        const headers = { "x-api-key": secretOf("carol") };
        assert.equal((await send(bench.port, "/v1/guarded/", { headers })).status, 200);
        await bench.plane.applyIdentities([{ ...key, identity: null }]);
        assert.equal((await send(bench.port, "/v1/guarded/", { headers })).status, 401);
      });

      test("lets callers without a key through where the plan says so, their own token untouched", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("open", url));
        await bench.change({ anonymous: true });
        try {
          const foreign = { authorization: "Bearer foreign-token" };
          const passed = await send(bench.port, "/v1/open/", { headers: foreign });
          assert.match(passed.body, /"authorization":"Bearer foreign-token"/);
          // A key of ours that is valid no more must not reach a service.
          const revoked = { authorization: `Bearer ${secretOf("nobody")}` };
          assert.equal((await send(bench.port, "/v1/open/", { headers: revoked })).status, 401);
        } finally {
          await bench.change({ anonymous: false });
        }
      });

      test("serves a namespace to its own agents and to admins who name it", async () => {
        const url = await upstreams.http(mirror);
        const services = [servicePlan("theirs", url)];
        const plan = { namespace: "lab", revision: 1, services, held: {}, slowCallMs: 1000 };
        await bench.plane.apply({ ...plan, anonymous: false });
        const admin = keyOf("root", { kind: "admin", agentId: null });
        await bench.plane.applyIdentities([keyOf("lena", { namespace: "lab" }), admin]);
        const call = (headers: Record<string, string>) =>
          send(bench.port, "/v1/theirs/", { headers });
        assert.equal((await call({ "x-api-key": secretOf("lena") })).status, 200);
        const named = { "x-cellphone-namespace": "lab" };
        assert.equal((await call({ "x-api-key": secretOf("root"), ...named })).status, 200);
        assert.equal((await call({ "x-api-key": secretOf("root") })).status, 404);
        const other = await call({ "x-api-key": secretOf("alice"), ...named });
        assert.equal(problemOf(other)["code"], "gateway.namespace_unknown");
        await bench.plane.remove("lab");
        assert.equal((await call({ "x-api-key": secretOf("lena") })).status, 404);
      });

      test("refuses held agents", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("guarded", url));
        await bench.change({ held: { alice: "quarantined", bob: "paused" } });
        try {
          const alice = await bench.call("/v1/guarded/");
          assert.equal(alice.status, 403);
          assert.equal(problemOf(alice)["code"], "gateway.agent_quarantined");
          const headers = { "x-api-key": secretOf("bob") };
          const bob = problemOf(await send(bench.port, "/v1/guarded/", { headers }));
          assert.equal(bob["code"], "gateway.agent_paused");
          assert.equal(bob["retryable"], true);
        } finally {
          await bench.change({ held: {} });
        }
        assert.equal((await bench.call("/v1/guarded/")).status, 200);
      });
    }

    function limits(): void {
      test("holds all workers together to one service limit, and says so in headers", async () => {
        const url = await upstreams.http(mirror);
        const rateLimit = { requestsPerMinute: 60, burst: 5 };
        await bench.serve(servicePlan("limited", url, { rateLimit }));
        // A connection each, so that every worker gets some.
        const headers = { authorization: `Bearer ${secretOf("alice")}` };
        const calls = Array.from({ length: 20 }, () =>
          send(bench.port, "/v1/limited/", { headers }),
        );
        const answers = await Promise.all(calls);
        const passed = answers.filter((answer) => answer.status === 200);
        const refused = answers.filter((answer) => answer.status === 429);
        assert.equal(passed.length, 5);
        assert.equal(refused.length, 15);
        assert.match(String(passed[0]?.headers["ratelimit-policy"]), /^"service";q=5;w=5$/);
        assert.match(String(passed[0]?.headers["ratelimit"]), /^"service";r=\d;t=\d+$/);
        assert.match(String(refused[0]?.headers["retry-after"]), /^[1-9]\d*$/);
        assert.equal(problemOf(refused[0] ?? { body: "{}" })["code"], "gateway.rate_limited");
      });

      test("says that a service with a limit of 0 takes no calls", async () => {
        const rateLimit = { requestsPerMinute: 0, burst: 1 };
        await bench.serve(servicePlan("shut", "http://127.0.0.1:1", { rateLimit }));
        const answer = await bench.call("/v1/shut/");
        assert.equal(answer.status, 429);
        const words = 'Service "shut" takes no calls: its limit is 0 a minute';
        assert.equal(problemOf(answer)["detail"], words);
      });

      test("counts each agent by itself where the limit is per agent", async () => {
        const url = await upstreams.http(mirror);
        const agentRateLimit = { requestsPerMinute: 1, burst: 1 };
        await bench.serve(servicePlan("each", url, { agentRateLimit }));
        assert.equal((await bench.call("/v1/each/")).status, 200);
        assert.equal((await bench.call("/v1/each/")).status, 429);
        const headers = { "x-api-key": secretOf("bob") };
        assert.equal((await send(bench.port, "/v1/each/", { headers })).status, 200);
      });

      test("refuses calls beyond maxConcurrentCalls at once", async () => {
        const busy = await PlaneBench.open(await open({ maxConcurrentCalls: 1 }));
        const refused = Promise.withResolvers<void>();
        const url = await upstreams.http((_, response) => {
          void refused.promise.then(() => response.end("done"));
        });
        await busy.serve(servicePlan("slow", url));
        try {
          const headers = { authorization: `Bearer ${secretOf("alice")}` };
          const calls = Array.from({ length: 12 }, () => send(busy.port, "/v1/slow/", { headers }));
          // One for each worker may wait; the first to be answered is a refused one.
          const first = await Promise.race(calls);
          assert.equal(first.status, 503);
          assert.equal(problemOf(first)["code"], "gateway.too_many_calls");
          assert.equal(first.headers["retry-after"], "1");
          refused.resolve();
          const statuses = (await Promise.all(calls)).map((answer) => answer.status);
          assert.ok(statuses.includes(200));
        } finally {
          await busy.close();
        }
      });
    }
  });
}
