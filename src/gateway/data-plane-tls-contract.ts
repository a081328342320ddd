// The part of the data plane's contract about TLS: the same calls, streams and upgrades, with a real
// certificate. Called by dataPlaneContract().

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import type { Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";

import {
  PlaneBench,
  Upstreams,
  bodyOf,
  mirror,
  problemOf,
  rawCall,
  secretOf,
  servicePlan,
} from "./data-plane-bench-contract.ts";
import type { MakeCertificate, OpenPlane } from "./data-plane-bench-contract.ts";

/** A handshake that nobody ends must not hold a test up for the time it may take. */
const SOON = { timeout: 10_000 };

/** A request with alice's key, whose answer has begun. */
async function ask(port: number, ca: string, path: string, body?: string) {
  const headers = { authorization: `Bearer ${secretOf("alice")}` };
  const method = body === undefined ? "GET" : "POST";
  const outgoing = request({ host: "127.0.0.1", port, ca, path, method, headers, agent: false });
  outgoing.end(body);
  const [answer]: IncomingMessage[] = await once(outgoing, "response");
  assert.ok(answer !== undefined);
  return answer;
}

/** A plane with a certificate of its own, closed with the test; undefined without openssl. */
async function openTls(t: TestContext, open: OpenPlane, certify: MakeCertificate) {
  const tls = certify(t);
  if (tls === undefined) return undefined;
  const bench = await PlaneBench.open(await open({ tls }));
  t.after(() => bench.close());
  return { bench, ca: tls.cert };
}

/** Registers the part of the contract about TLS. */
export function tlsPlaneContract(name: string, open: OpenPlane, certify: MakeCertificate): void {
  describe(`DataPlane contract, TLS: ${name}`, () => {
    const upstreams = new Upstreams();
    afterEach(() => upstreams.close());

    test("carries calls, and tells services that they came over https", async (t) => {
      const opened = await openTls(t, open, certify);
      if (opened === undefined) return;
      const { bench, ca } = opened;
      assert.equal(bench.plane.address?.url, `https://127.0.0.1:${bench.port}`);
      await bench.serve(servicePlan("mirror", await upstreams.http(mirror)));
      const answer = await ask(bench.port, ca, "/v1/mirror/a?b=1", "a body");
      assert.equal(answer.statusCode, 200);
      const seen = problemOf({ body: await bodyOf(answer) });
      assert.equal(seen["url"], "/a?b=1");
      assert.equal(seen["body"], "a body");
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the mirror's own form
      assert.equal((seen["headers"] as Record<string, string>)["x-forwarded-proto"], "https");
      const id = String(answer.headers["x-cellphone-call-id"]);
      assert.equal((await bench.recordOf((call) => call.id === id)).clientAddress, "127.0.0.1");
    });

    test("hands an event stream on event by event, and breaks one off that breaks", async (t) => {
      const opened = await openTls(t, open, certify);
      if (opened === undefined) return;
      const { bench, ca } = opened;
      const next = Promise.withResolvers<void>();
      const url = await upstreams.http((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
        void next.promise.then(() => response.write("data: 2\n\n", () => response.destroy()));
      });
      await bench.serve(servicePlan("events", url));
      const answer = await ask(bench.port, ca, "/v1/events/");
      answer.setEncoding("utf8");
      assert.deepEqual(await once(answer, "data"), ["data: 1\n\n"]);
      const broken = once(answer, "error");
      next.resolve();
      assert.deepEqual(await once(answer, "data"), ["data: 2\n\n"]);
      await broken;
      assert.equal(answer.complete, false);
    });

    test("lets bytes pass both ways once a service agreed to another protocol", async (t) => {
      const opened = await openTls(t, open, certify);
      if (opened === undefined) return;
      const { bench, ca } = opened;
      const { server, url } = await upstreams.server((_, response) => response.end());
      server.on("upgrade", ({ headers }: IncomingMessage, socket: Socket) => {
        const proto = `x-proto: ${String(headers["x-forwarded-proto"])}\r\n`;
        socket.write(`HTTP/1.1 101 Yes\r\nconnection: Upgrade\r\nupgrade: echo\r\n${proto}\r\nhi`);
        socket.pipe(socket);
      });
      await bench.serve(servicePlan("sockets", url));
      const socket = connectTls({ host: "127.0.0.1", port: bench.port, ca });
      socket.setEncoding("latin1");
      socket.write(
        "GET /v1/sockets/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n" +
          `Authorization: Bearer ${secretOf("alice")}\r\n\r\n`,
      );
      let seen = "";
      socket.on("data", (chunk: string) => (seen += chunk));
      while (!seen.endsWith("hi")) await once(socket, "data");
      assert.match(seen, /^HTTP\/1\.1 101 [^]*x-proto: https\r\n/);
      socket.write("ping");
      while (!seen.endsWith("ping")) await once(socket, "data");
      socket.end();
      await once(socket, "close");
    });

    test("drops callers who speak plain HTTP, and serves on", SOON, async (t) => {
      const opened = await openTls(t, open, certify);
      if (opened === undefined) return;
      const { bench, ca } = opened;
      await bench.serve(servicePlan("mirror", await upstreams.http(mirror)));
      const plain = await rawCall(bench.port, "GET /v1/mirror/ HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.doesNotMatch(plain, /^HTTP/);
      assert.equal((await ask(bench.port, ca, "/v1/mirror/")).statusCode, 200);
    });

    test("close() does not wait for a handshake that never ends", SOON, async (t) => {
      const opened = await openTls(t, open, certify);
      if (opened === undefined) return;
      const silent = connectPlain(opened.bench.port, "127.0.0.1");
      silent.on("error", () => undefined);
      await once(silent, "connect");
      const gone = Promise.withResolvers<void>();
      silent.once("close", () => gone.resolve());
      await opened.bench.close();
      await gone.promise;
    });
  });
}
