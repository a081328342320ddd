// The part of the data plane's contract about other protocols, such as WebSockets. Called by
// dataPlaneContract().

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";

import { PlaneBench, Upstreams, secretOf, servicePlan } from "./data-plane-bench-contract.ts";
import type { OpenPlane } from "./data-plane-bench-contract.ts";

async function until(socket: Socket, text: RegExp): Promise<string> {
  let seen = "";
  while (!text.test(seen)) {
    const [chunk]: string[] = await once(socket, "data");
    seen += chunk ?? "";
  }
  return seen;
}

/** Registers the part of the contract about upgrades. */
export function upgradePlaneContract(name: string, open: OpenPlane): void {
  describe(`DataPlane contract, upgrades: ${name}`, () => {
    const upstreams = new Upstreams();
    let bench: PlaneBench;
    before(async () => {
      bench = await PlaneBench.open(await open({}));
    });
    afterEach(() => upstreams.close());
    after(() => bench.close());

    /** A service that agrees to any protocol, greets, and echoes. */
    async function echo(): Promise<string> {
      const { server, url } = await upstreams.server((_, response) => {
        response.writeHead(401, { "content-type": "text/plain" }).end("not without a ticket");
      });
      server.on("upgrade", (incoming: IncomingMessage, socket: Socket) => {
        const { url: path = "", headers } = incoming;
        if (path === "/refused") {
          socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
          return;
        }
        const seen = `x-seen: ${headers.authorization ?? "none"}\r\n`;
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n${seen}\r\nhi`,
        );
        socket.pipe(socket);
      });
      return url;
    }

    function upgrade(path: string, headers = ""): Socket {
      const socket = connect(bench.port, "127.0.0.1");
      socket.setEncoding("latin1");
      socket.on("error", () => undefined);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n` +
          `Authorization: Bearer ${secretOf("alice")}\r\n${headers}\r\n`,
      );
      return socket;
    }

    test("lets bytes pass both ways once the service agreed to another protocol", async () => {
      await bench.serve(servicePlan("sockets", await echo()));
      const socket = upgrade("/v1/sockets/chat");
      const head = await until(socket, /hi$/);
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.match(head, /upgrade: echo/i);
      assert.match(head, /x-seen: none/, "the caller's key reached the service");
      const id = /x-cellphone-call-id: ([0-9a-f]{16})/.exec(head)?.[1];
      socket.write("ping");
      await until(socket, /ping/);
      socket.end();
      await once(socket, "close");
      const record = await bench.recordOf((call) => call.id === id);
      assert.equal(record.status, 101);
      assert.equal(record.agentId, "alice");
      assert.equal(record.requestBytes, 4);
      assert.equal(record.responseBytes, 6);
    });

    test("passes a service's refusal of an upgrade on", async () => {
      await bench.serve(servicePlan("sockets", await echo()));
      const socket = upgrade("/v1/sockets/refused");
      assert.match(await until(socket, /no$/), /^HTTP\/1\.1 403 Forbidden\r\n/);
      await once(socket, "close");
    });

    test("counts a 503 to an upgrade as the endpoint's failure, and passes it on", async () => {
      const url = await upstreams.http((_, response) => response.writeHead(503).end("no"));
      await bench.serve(servicePlan("sockets", url));
      const socket = upgrade("/v1/sockets/chat");
      assert.match(await until(socket, /no/), /^HTTP\/1\.1 503 /);
      socket.destroy();
      const found = () =>
        bench.batches.flatMap((batch) => batch.outcomes).find((one) => one.baseUrl === url);
      await bench.until(() => found() !== undefined);
      assert.deepEqual([found()?.succeeded, found()?.failed], [0, 1]);
      assert.equal(found()?.reason, "answered 503");
    });

    test("holds upgrades to keys and limits like any call", async () => {
      const rateLimit = { requestsPerMinute: 1, burst: 1 };
      await bench.serve(servicePlan("few", await echo(), { rateLimit }));
      const first = upgrade("/v1/few/");
      await until(first, /hi$/);
      const second = upgrade("/v1/few/");
      assert.match(await until(second, /\}$/), /^HTTP\/1\.1 429 /);
      first.destroy();
      second.destroy();
      const stranger = connect(bench.port, "127.0.0.1");
      stranger.setEncoding("latin1");
      stranger.write(
        "GET /v1/few/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n",
      );
      assert.match(await until(stranger, /\}$/), /^HTTP\/1\.1 401 /);
      stranger.destroy();
    });

    test("cut() ends an agent's upgraded connections", async () => {
      await bench.serve(servicePlan("sockets", await echo()));
      const socket = upgrade("/v1/sockets/chat");
      await until(socket, /hi$/);
      const closed = once(socket, "close");
      assert.equal(await bench.plane.cut("default", "alice"), 1);
      await closed;
    });

    test("refuses an upgrade that brings a body", async () => {
      await bench.serve(servicePlan("sockets", await echo()));
      const socket = upgrade("/v1/sockets/chat", "Content-Length: 3\r\n");
      assert.match(await until(socket, /\}$/), /^HTTP\/1\.1 400 /);
      socket.destroy();
    });

    test("takes an offer of HTTP/2 for an ordinary call", async () => {
      const url = await upstreams.http((incoming, response) => {
        response.end(String(incoming.headers.upgrade));
      });
      await bench.serve(servicePlan("plain", url));
      const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c" };
      assert.equal((await bench.call("/v1/plain/", { headers })).body, "undefined");
    });
  });
}
