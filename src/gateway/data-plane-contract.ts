// What every DataPlane must do, against real servers: an adapter's test calls
// dataPlaneContract(), which takes the hostile half along.
// Imported by its own path, never through index.ts: it pulls in node:test.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, afterEach, before, describe, test } from "node:test";

import {
  PlaneBench,
  Upstreams,
  mirror,
  problemOf,
  send,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import type { MakeCertificate, OpenPlane } from "./data-plane-bench-contract.ts";
import { admissionPlaneContract } from "./data-plane-admission-contract.ts";
import { busyPlaneContract } from "./data-plane-busy-contract.ts";
import { endpointPlaneContract } from "./data-plane-endpoint-contract.ts";
import { hostilePlaneContract } from "./data-plane-hostile-contract.ts";
import { revocationPlaneContract } from "./data-plane-revocation-contract.ts";
import { streamingPlaneContract } from "./data-plane-stream-contract.ts";
import { tlsPlaneContract } from "./data-plane-tls-contract.ts";
import { upgradePlaneContract } from "./data-plane-upgrade-contract.ts";

/** Registers the contract tests of a {@link DataPlane} under `name`. */
export function dataPlaneContract(name: string, open: OpenPlane, certify: MakeCertificate): void {
  describe(`DataPlane contract: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({}));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());
    routing();

    function routing(): void {
      test("routes by template, strips the prefix and keeps the base URL's own path", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("mirror", `${url}/base`));
        const answer = await bench.call("/v1/mirror/a/b?x=1&y=%20z");
        assert.equal(answer.status, 200);
        const seen = problemOf(answer);
        assert.equal(seen["url"], "/base/a/b?x=1&y=%20z");
        assert.equal(answer.headers["content-type"], "application/json");
        assert.match(String(answer.headers["x-cellphone-call-id"]), /^[0-9a-f]{16}$/);
      });

      test("forwards the canonical form of the path it matched", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("mirror", url));
        const answer = await bench.call("/v1/%6dirror/./%7ea");
        assert.equal(problemOf(answer)["url"], "/~a");
      });

      test("answers 404 as problem+json with the call's id when nobody takes a path", async () => {
        const answer = await bench.call("/v9/nothing");
        assert.equal(answer.status, 404);
        assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/);
        const problem = problemOf(answer);
        assert.equal(problem["code"], "gateway.route_unknown");
        assert.equal(problem["callId"], answer.headers["x-cellphone-call-id"]);
      });

      test("follows a new plan from the moment apply() resolves", async () => {
        const first = await upstreams.http((_, response) => response.end("first"));
        const second = await upstreams.http((_, response) => response.end("second"));
        await bench.serve(servicePlan("moving", first));
        assert.equal((await bench.call("/v1/moving/")).body, "first");
        await bench.serve(servicePlan("moving", second));
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => bench.call("/v1/moving/")),
        );
        assert.deepEqual(new Set(answers.map((answer) => answer.body)), new Set(["second"]));
      });

      test("follows services that come, change and go among others, and who is held", async () => {
        const urls = await Promise.all(
          ["kept", "before", "after", "fresh"].map((text) =>
            upstreams.http((_, response) => response.end(text)),
          ),
        );
        const [keptUrl = "", before = "", after = "", freshUrl = ""] = urls;
        const kept = servicePlan("kept", keptUrl);
        const moving = servicePlan("moving", before);
        await bench.change({ services: [kept, moving] });
        assert.equal((await bench.call("/v1/moving/")).body, "before");
        const fresh = servicePlan("fresh", freshUrl);
        const moved = servicePlan("moving", after);
        await bench.change({ services: [kept, moved, fresh] });
        const bodies = async (...ids: readonly string[]) =>
          Promise.all(ids.map(async (id) => (await bench.call(`/v1/${id}/`)).body));
        assert.deepEqual(await bodies("kept", "moving", "fresh"), ["kept", "after", "fresh"]);
        await bench.change({ services: [kept, fresh], held: { alice: "paused" } });
        assert.equal((await bench.call("/v1/kept/")).status, 403);
        await bench.change({ held: {} });
        assert.deepEqual(await bodies("kept", "fresh"), ["kept", "fresh"]);
        assert.equal((await bench.call("/v1/moving/")).status, 404);
      });

      test("leaves an older plan alone that arrives late", async () => {
        const url = await upstreams.http((_, response) => response.end("newest"));
        await bench.serve(servicePlan("newest", url));
        const services = [servicePlan("stale", url)];
        const rest = { namespace: "default", held: {}, slowCallMs: 1000, anonymous: true };
        await bench.plane.apply({ ...rest, services, revision: 1 });
        assert.equal((await bench.call("/v1/newest/")).body, "newest");
        await bench.serve(servicePlan("later", url));
        assert.equal((await bench.call("/v1/newest/")).body, "newest");
      });

      test("refuses a plan that cannot be used, and follows the next one", async () => {
        const url = await upstreams.http((_, response) => response.end("served"));
        await bench.serve(servicePlan("good", url));
        await assert.rejects(bench.serve(servicePlan("bad", "no URL")));
        assert.equal((await bench.call("/v1/good/")).body, "served");
        await bench.serve(servicePlan("bad", url), servicePlan("new", url));
        for (const id of ["good", "bad", "new"]) {
          assert.equal((await bench.call(`/v1/${id}/`)).body, "served");
        }
      });

      test("says who called from where, and carries the trace on with the call's own span", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("mirror", url));
        const traceId = "0af7651916cd43dd8448eb211c80319c";
        const answer = await bench.call("/v1/mirror/", {
          headers: {
            traceparent: `00-${traceId}-b7ad6b7169203331-01`,
            tracestate: "a=b",
            "x-forwarded-for": "6.6.6.6",
            connection: "keep-alive, x-once",
            "x-once": "1",
            "x-twice": ["1", "2"],
            te: "trailers",
          },
        });
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the mirror's own form
        const headers = problemOf(answer)["headers"] as Record<string, string>;
        const id = answer.headers["x-cellphone-call-id"];
        assert.equal(headers["traceparent"], `00-${traceId}-${String(id)}-01`);
        assert.equal(headers["tracestate"], "a=b");
        assert.equal(headers["x-forwarded-for"], "127.0.0.1");
        assert.equal(headers["x-forwarded-proto"], "http");
        assert.equal(headers["x-forwarded-host"], `127.0.0.1:${bench.port}`);
        assert.equal(headers["via"], "1.1 agent-cellphone");
        assert.equal(headers["x-once"], undefined);
        assert.equal(headers["te"], undefined);
        assert.equal(headers["x-twice"], "1, 2");
        const record = await bench.recordOf((call) => call.id === id);
        assert.equal(record.traceId, traceId);
        assert.equal(record.parentSpanId, "b7ad6b7169203331");
      });

      test("keeps an answer's headers as they came: order, case, duplicates", async () => {
        const url = await upstreams.http((_, response) => {
          const raw = ["X-First", "1", "set-cookie", "a=1", "Set-Cookie", "b=2", "X-First", "2"];
          response.writeHead(201, "Made Here", [...raw, "Connection", "X-Gone", "X-Gone", "1"]);
          response.end("x");
        });
        await bench.serve(servicePlan("headers", url));
        const { status, rawHeaders } = await bench.call("/v1/headers/");
        assert.equal(status, 201);
        assert.deepEqual(rawHeaders.slice(0, 8), [
          "X-First",
          "1",
          "set-cookie",
          "a=1",
          "Set-Cookie",
          "b=2",
          "X-First",
          "2",
        ]);
        assert.ok(!rawHeaders.includes("X-Gone"));
      });

      test("answers HEAD, 204 and 304 without a body, on a connection that goes on", async () => {
        const url = await upstreams.http((incoming, response) => {
          if (incoming.url === "/204") response.writeHead(204).end();
          else if (incoming.url === "/304") response.writeHead(304, { etag: '"a"' }).end();
          else response.writeHead(200, { "content-length": 5 }).end("hello");
        });
        await bench.serve(servicePlan("empty", url));
        const head = await bench.call("/v1/empty/", { method: "HEAD" });
        assert.equal(head.headers["content-length"], "5");
        assert.equal(head.body, "");
        assert.equal((await bench.call("/v1/empty/204")).status, 204);
        const notModified = await bench.call("/v1/empty/304");
        assert.equal(notModified.headers.etag, '"a"');
        assert.equal((await bench.call("/v1/empty/")).body, "hello");
      });

      test("asks twenty HEADs on the connections it has, and mistakes no body for an answer", async () => {
        let connections = 0;
        const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
        const url = await upstreams.tcp((socket) => {
          connections += 1;
          socket.on("data", (chunk) => {
            const isHead = chunk.toString().startsWith("HEAD");
            const head = `HTTP/1.1 200 OK\r\nContent-Length: ${isHead ? evil.length : 2}\r\n\r\n`;
            const sendsBody = chunk.toString().includes("/misbehaving");
            socket.write(isHead ? head + (sendsBody ? evil : "") : `${head}ok`);
          });
        });
        await bench.serve(servicePlan("heads", url));
        for (let index = 0; index < 20; index++) {
          const head = await bench.call("/v1/heads/", { method: "HEAD" });
          assert.equal(head.headers["content-length"], String(evil.length));
        }
        assert.ok(connections <= 2, `${connections} connections were made`);
        for (let index = 0; index < 20; index++) {
          await bench.call("/v1/heads/misbehaving", { method: "HEAD" });
          assert.equal((await bench.call("/v1/heads/")).body, "ok");
        }
      });

      test("records what happened, and counts it by agent, service, route and outcome", async () => {
        const url = await upstreams.http(mirror);
        await bench.serve(servicePlan("counted", url));
        const answer = await bench.call("/v1/counted/x?token=abc", {
          method: "POST",
          body: "12345",
        });
        const id = answer.headers["x-cellphone-call-id"];
        const record = await bench.recordOf((call) => call.id === id);
        assert.equal(record.agentId, "alice");
        assert.equal(record.serviceId, "counted");
        assert.equal(record.route, "/v1/counted/**");
        assert.equal(record.endpoint, url);
        assert.equal(record.path, "/v1/counted/x");
        assert.equal(record.query, "token=***");
        assert.equal(record.status, 200);
        assert.equal(record.requestBytes, 5);
        assert.equal(record.responseBytes, Buffer.byteLength(answer.body));
        assert.equal(record.attempts, 1);
        assert.ok(record.durationMs >= (record.upstreamMs ?? Infinity));
        const cells = bench.batches.flatMap((batch) => batch.aggregates);
        const cell = cells.find((one) => one.serviceId === "counted" && one.outcome === "2xx");
        assert.equal(cell?.agentId, "alice");
        assert.equal(cell?.durationsSeconds.length, 1);
        const outcomes = bench.batches.flatMap((batch) => batch.outcomes);
        assert.equal(outcomes.find((one) => one.baseUrl === url)?.succeeded, 1);
      });
    }
  });
  admissionPlaneContract(name, open);
  endpointPlaneContract(name, open);
  busyPlaneContract(name, open);
  streamingPlaneContract(name, open);
  upgradePlaneContract(name, open);
  tlsPlaneContract(name, open, certify);
  revocationPlaneContract(name, open);
  hostilePlaneContract(name, open);
  lifeContract(name, open);
}

function lifeContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, its life: ${name}`, () => {
    const upstreams = new Upstreams();
    afterEach(() => upstreams.close());

    test("close() lets calls under way finish and takes no new ones", async () => {
      const bench = await PlaneBench.open(await open({}));
      const arrived = Promise.withResolvers<ServerResponse>();
      const url = await upstreams.http((_, response) => arrived.resolve(response));
      await bench.serve(servicePlan("slow", url));
      const call = bench.call("/v1/slow/");
      const response = await arrived.promise;
      const closed = bench.plane.close(10_000);
      await assert.rejects(async () => {
        // Until every worker has stopped listening.
        for (;;) await send(bench.port, "/v1/slow/", {});
      });
      response.end("finished");
      assert.equal((await call).body, "finished");
      await closed;
    });

    test("close() breaks off what has not finished after its grace", async () => {
      const bench = await PlaneBench.open(await open({}));
      const arrived = Promise.withResolvers<IncomingMessage>();
      const url = await upstreams.http((incoming) => arrived.resolve(incoming));
      await bench.serve(servicePlan("stuck", url));
      const call = bench.call("/v1/stuck/");
      const incoming = await arrived.promise;
      const gone = once(incoming.socket, "close");
      await bench.plane.close(1);
      const answer = await call;
      assert.equal(problemOf(answer)["code"], "gateway.cut");
      await gone;
    });

    test("a second one on the same port fails with words", async () => {
      const bench = await PlaneBench.open(await open({}));
      const second = await open({ port: bench.port });
      try {
        await assert.rejects(second.listen(), { code: "gateway.port_in_use" });
      } finally {
        await second.close(0);
        await bench.close();
      }
    });

    test("an idle connection does not hold close() up", async () => {
      const bench = await PlaneBench.open(await open({}));
      const url = await upstreams.http((_, response) => response.end("x"));
      await bench.serve(servicePlan("quick", url));
      await bench.call("/v1/quick/");
      const idle = request({ host: "127.0.0.1", port: bench.port, agent: bench.agent });
      idle.on("error", () => undefined);
      await bench.plane.close(60_000);
      idle.destroy();
    });
  });
}
