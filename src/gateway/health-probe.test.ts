import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { Server, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { ManualClock, systemClock } from "../core/index.ts";
import { HealthProbe } from "./health-probe.ts";

async function listening(t: TestContext, server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

function serve(t: TestContext, answer: RequestListener): Promise<string> {
  return listening(t, createHttpServer(answer));
}

function probeOf(t: TestContext, timeoutMs = 5000): HealthProbe {
  const probe = new HealthProbe(systemClock, timeoutMs);
  t.after(() => probe.close());
  return probe;
}

test("HealthProbe.ask() counts 200 to 399 as well, and names the status", async (t) => {
  const url = await serve(t, (request, response) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end("some words");
  });
  const probe = probeOf(t);
  for (const [status, ok] of [
    [200, true],
    [204, true],
    [302, true],
    [404, false],
    [503, false],
  ] as const) {
    const result = await probe.ask(`${url}/${status}`, "status");
    assert.equal(result.ok, ok, String(status));
    assert.equal(result.reason, `answered ${status}`);
    assert.ok(result.durationMs !== null && result.durationMs >= 0);
  }
  assert.equal((await probe.ask(`${url}/503`, "any")).ok, true);
});

test("HealthProbe.ask() says in words that nobody is there", async (t) => {
  const server = createTcpServer();
  const url = await listening(t, server);
  server.close();
  await once(server, "close");
  const probe = probeOf(t);
  const result = await probe.ask(url, "any");
  assert.deepEqual(result, { ok: false, reason: "connection refused", durationMs: null });
  const unknown = await probe.ask("http://no-such-host.invalid/", "any");
  assert.equal(unknown.ok, false);
  assert.match(unknown.reason, /host name/);
});

test("HealthProbe.ask() gives up on an endpoint that does not answer, when its time is over", async (t) => {
  const server = createTcpServer();
  const url = await listening(t, server);
  const clock = new ManualClock();
  const probe = new HealthProbe(clock, 5000);
  t.after(() => probe.close());
  const connected = once(server, "connection");
  const asked = probe.ask(url, "status");
  await connected;
  clock.advance(4999);
  clock.advance(1);
  assert.deepEqual(await asked, { ok: false, reason: "no answer in 5 s", durationMs: null });
});

test("HealthProbe.ask() does not take talk for an answer, nor wait for the end of one", async (t) => {
  const talking = await listening(
    t,
    createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("SSH-2.0-OpenSSH_9.2\r\n");
    }),
  );
  const probe = probeOf(t);
  const talk = await probe.ask(talking, "any");
  assert.equal(talk.ok, false);
  assert.match(talk.reason, /no HTTP|closed the connection/);
  const hangingUp = await listening(
    t,
    createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.destroy());
    }),
  );
  const cut = await probe.ask(hangingUp, "any");
  assert.equal(cut.ok, false);
  assert.match(cut.reason, /closed the connection|reset the connection/);
});

test("HealthProbe.ask() takes a huge body for an answer and reads little of it", async (t) => {
  let written = 0;
  const url = await serve(t, (_, response) => {
    const chunk = Buffer.alloc(65_536, "x");
    const more = (): void => {
      while (!response.destroyed && written < 500_000_000) {
        written += chunk.length;
        if (!response.write(chunk)) {
          response.once("drain", more);
          return;
        }
      }
    };
    response.on("error", () => undefined);
    more();
  });
  const result = await probeOf(t).ask(url, "status");
  assert.equal(result.ok, true);
  assert.ok(written < 50_000_000, `${written} bytes were written`);
});

test("HealthProbe.ask() of a body that never ends is over when its time is", async (t) => {
  const url = await serve(t, (_, response) => {
    response.write("begun");
  });
  const probe = probeOf(t, 200);
  assert.deepEqual((await probe.ask(url, "status")).reason, "answered 200");
});

test("HealthProbe.ask() uses a connection of its own each time, and shows no credential", async (t) => {
  const ports = new Set<number | undefined>();
  let headers: unknown;
  const url = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    headers = request.headers;
    response.end();
  });
  const probe = probeOf(t);
  for (let index = 0; index < 3; index++) await probe.ask(url, "status");
  assert.equal(ports.size, 3);
  assert.deepEqual(headers, {
    host: url.slice("http://".length),
    connection: "close",
    "user-agent": "agent-cellphone-health-check",
    accept: "*/*",
  });
});

test("HealthProbe.ask() ends early when it is told to", async (t) => {
  const server = createTcpServer();
  const url = await listening(t, server);
  const stop = new AbortController();
  const connected = once(server, "connection");
  const asked = probeOf(t).ask(url, "status", stop.signal);
  await connected;
  stop.abort();
  assert.equal((await asked).ok, false);
});
