import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync } from "node:zlib";

import { ProfileTaker } from "./profile-taker.ts";
import { detectRuntime } from "./runtime.ts";
import { Transport } from "./transport.ts";

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/** One call that the control plane got. */
interface Call {
  readonly line: string;
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/**
 * A control plane, as far as profiles need one.
 * @param statusOf how a call is answered; 0 breaks its connection off.
 */
async function controlPlane(t: TestContext, statusOf: (line: string) => number = () => 204) {
  const calls: Call[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      const body = await buffer(request);
      const line = `${request.method} ${request.url}`;
      calls.push({ line, request, body });
      const status = statusOf(line);
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end();
      for (const look of waiting) look();
    };
    void take();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { port } = address;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    /** The first call to this end of a path. */
    call: (end: string): Promise<Call> =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = calls.find(({ line }) => line.endsWith(end));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

async function taker(url: string, retryForMs?: number): Promise<ProfileTaker> {
  const transport = new Transport({ baseUrl: url, retryForMs: 0 });
  transport.setHeader("authorization", "Bearer key");
  const patience = retryForMs === undefined ? {} : { retryForMs };
  return new ProfileTaker({ transport, runtime: await detectRuntime(), log: SILENT, ...patience });
}

/** The reason of a failure as it was told. */
function reasonOf({ body }: Call): string {
  return JSON.parse(body.toString()).reason;
}

test("ProfileTaker.take() hands in what V8 sampled, gzipped, after saying that it began", async (t) => {
  const plane = await controlPlane(t);
  const profiles = await taker(plane.url);
  profiles.take({ profileId: "p 1", kind: "cpu", seconds: 0.3 });
  const { request, body } = await plane.call("/data");
  assert.deepEqual(
    plane.calls.map(({ line }) => line),
    ["POST /api/v1/profiles/p%201/started", "PUT /api/v1/profiles/p%201/data"],
  );
  assert.equal(request.headers.authorization, "Bearer key");
  assert.equal(request.headers["content-encoding"], "gzip");
  const profile = JSON.parse(gunzipSync(body).toString());
  assert.ok(profile.nodes.length > 0);
  assert.equal(profile.samples.length, profile.timeDeltas.length);
  assert.ok(profile.endTime - profile.startTime > 250_000);
});

test("ProfileTaker.take() finds the function that blocks the whole event loop", async (t) => {
  const plane = await controlPlane(t);
  const folder = JSON.stringify(new URL("./", import.meta.url).href);
  const program = `
    const { ProfileTaker } = await import(${folder} + "profile-taker.ts");
    const { detectRuntime } = await import(${folder} + "runtime.ts");
    const { Transport } = await import(${folder} + "transport.ts");
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const transport = new Transport({ baseUrl: ${JSON.stringify(plane.url)}, retryForMs: 0 });
    const profiles = new ProfileTaker({ transport, runtime: await detectRuntime(), log });
    profiles.take({ profileId: "blocked", kind: "cpu", seconds: 0.5 });
    function neverLetsGo() { for (let x = 0; ; x++) Math.sqrt(x); }
    setTimeout(neverLetsGo, 5);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: "inherit",
  });
  t.after(() => child.kill("SIGKILL"));
  const { body } = await plane.call("/data");
  const profile = JSON.parse(gunzipSync(body).toString());
  const hits = new Map<string, number>();
  for (const { callFrame, hitCount } of profile.nodes) {
    const name = callFrame.functionName;
    hits.set(name, (hits.get(name) ?? 0) + hitCount);
  }
  const [busiest] = [...hits].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  assert.equal(busiest, "neverLetsGo");
});

test("ProfileTaker.take() samples where memory is allocated", async (t) => {
  const plane = await controlPlane(t);
  const profiles = await taker(plane.url);
  profiles.take({ profileId: "h", kind: "heap", seconds: 0.5 });
  await plane.call("/started");
  const kept: unknown[] = [];
  function allocates(): void {
    for (let index = 0; index < 100_000; index++) kept.push({ index, text: `n${index}` });
  }
  allocates();
  const { body } = await plane.call("/data");
  const { head } = JSON.parse(gunzipSync(body).toString());
  assert.match(JSON.stringify(head), /"functionName":"allocates"/);
});

test("ProfileTaker.take() refuses a second profile, and close() breaks off the first", async (t) => {
  const plane = await controlPlane(t);
  const profiles = await taker(plane.url);
  profiles.take({ profileId: "a", kind: "cpu", seconds: 60 });
  await plane.call("a/started");
  profiles.take({ profileId: "b", kind: "cpu", seconds: 60 });
  assert.match(reasonOf(await plane.call("b/failed")), /another profile/);
  await profiles.close();
  assert.match(reasonOf(await plane.call("a/failed")), /left/);
});

test("ProfileTaker.take() stops when nobody waits for the profile any longer", async (t) => {
  const plane = await controlPlane(t, () => 404);
  const profiles = await taker(plane.url);
  profiles.take({ profileId: "late", kind: "cpu", seconds: 0.1 });
  await plane.call("late/started");
  // The next order is taken once the thread of the first has ended.
  while (!plane.calls.some(({ line }) => line.endsWith("next/started"))) {
    profiles.take({ profileId: "next", kind: "cpu", seconds: 0.1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(!plane.calls.some(({ line }) => /late\/(data|failed)/.test(line)));
});

test("ProfileTaker.take() says so where there is no profiler", async (t) => {
  const plane = await controlPlane(t);
  const transport = new Transport({ baseUrl: plane.url, retryForMs: 0 });
  const runtime = { ...(await detectRuntime()), name: "browser", startWorker: undefined };
  const profiles = new ProfileTaker({ transport, runtime, log: SILENT });
  profiles.take({ profileId: "b", kind: "cpu", seconds: 1 });
  assert.match(reasonOf(await plane.call("/failed")), /browser/);
});

test("ProfileTaker.take() hands in what it sampled again while the server refuses for now", async (t) => {
  const answers = [503, 0, 429];
  const handedIn = Promise.withResolvers<void>();
  const plane = await controlPlane(t, (line) => {
    const status = line.endsWith("/data") ? (answers.shift() ?? 204) : 204;
    if (line.endsWith("/data") && status === 204) handedIn.resolve();
    return status;
  });
  const profiles = await taker(plane.url);
  profiles.take({ profileId: "p", kind: "cpu", seconds: 0.1 });
  await Promise.race([handedIn.promise, plane.call("/failed")]);
  assert.deepEqual(
    plane.calls.map(({ line }) => line.replace("/api/v1/profiles/p", "")),
    ["POST /started", "PUT /data", "PUT /data", "PUT /data", "PUT /data"],
  );
  const sizes = new Set(plane.calls.slice(1).map(({ body }) => body.length));
  assert.equal(sizes.size, 1, "the same profile each time");
});

test("ProfileTaker.take() gives up when its time is over, and at once what is refused for good", async (t) => {
  for (const [status, least, most] of [
    [503, 2, 4],
    [413, 1, 1],
  ] as const) {
    const plane = await controlPlane(t, (line) => (line.endsWith("/data") ? status : 204));
    const profiles = await taker(plane.url, 1000);
    profiles.take({ profileId: "p", kind: "cpu", seconds: 0.1 });
    assert.match(
      reasonOf(await plane.call("/failed")),
      new RegExp(`could not take it: .*${status}`),
    );
    const tries = plane.calls.filter(({ line }) => line.endsWith("/data")).length;
    assert.ok(tries >= least && tries <= most, `${tries} tries after ${status}`);
  }
});
