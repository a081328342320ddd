import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Heartbeat } from "./heartbeat.ts";
import type { HeartbeatEvents } from "./heartbeat.ts";
import { detectRuntime } from "./runtime.ts";
import { Transport } from "./transport.ts";

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/** One heartbeat as the control plane got it. */
interface Beat {
  readonly ackCommands?: readonly string[];
  readonly waitMs?: number;
  readonly left?: boolean;
}

/**
 * A control plane that wants one agent to restart.
 * @param loses whether the answer to a heartbeat gets lost.
 */
async function controlPlane(t: TestContext, loses: (beat: Beat) => boolean = () => false) {
  const log: string[] = [];
  let pending = ["r1"];
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the client's own body
      const beat = (await json(request)) as Beat;
      const acknowledged = beat.ackCommands ?? [];
      if (acknowledged.length > 0) log.push(`acknowledged ${acknowledged.join()}`);
      if (beat.left === true) log.push("left");
      pending = pending.filter((id) => !acknowledged.includes(id));
      if (loses(beat)) {
        request.socket.destroy();
        return;
      }
      // One that is open is answered when its connection ends: nothing more is to be told.
      if (pending.length === 0 && (beat.waitMs ?? 0) > 0) return;
      const commands = pending.map((id) => ({ id, kind: "restart" }));
      const standing = { intervalMs: 60_000, paused: false, quarantined: false };
      response.end(JSON.stringify({ ...standing, commands }));
    };
    answer().catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `http://127.0.0.1:${address.port}`, log };
}

/** An agent's heartbeats; those of the test's end are ended. */
async function beating(
  t: TestContext,
  url: string,
  events: Pick<HeartbeatEvents, "hearsRestart" | "onRestart">,
) {
  const closing = new AbortController();
  t.after(() => closing.abort());
  const heartbeat = new Heartbeat({
    transport: new Transport({ baseUrl: url, retryForMs: 0 }),
    runtime: await detectRuntime(),
    log: SILENT,
    agentId: () => "worker",
    instanceId: "i",
    measures: false,
    signal: closing.signal,
    onRefused: () => Promise.resolve(),
    held: () => ({ tokens: [], leaseMs: Infinity }),
    onPause: silent,
    onProfile: silent,
    ...events,
  });
  return { heartbeat, closing };
}

test("Heartbeat.start() tells of a restart once the server knows that the order came", async (t) => {
  const { url, log } = await controlPlane(t);
  const told = Promise.withResolvers<void>();
  const onRestart = (): void => {
    log.push("told");
    told.resolve();
  };
  const { heartbeat } = await beating(t, url, { hearsRestart: () => true, onRestart });
  await heartbeat.start(undefined, 0);
  await told.promise;
  assert.deepEqual(log, ["acknowledged r1", "told"]);
});

test("Heartbeat.start() tells of a restart once, though the answer to its acknowledgement is lost", async (t) => {
  let lost = 0;
  const isFirst = (beat: Beat): boolean => beat.ackCommands !== undefined && ++lost === 1;
  const { url, log } = await controlPlane(t, isFirst);
  const told = Promise.withResolvers<void>();
  const onRestart = (): void => {
    log.push("told");
    told.resolve();
  };
  const { heartbeat, closing } = await beating(t, url, { hearsRestart: () => true, onRestart });
  await heartbeat.start(undefined, 0);
  await told.promise;
  closing.abort();
  await heartbeat.leave();
  assert.deepEqual(log, ["acknowledged r1", "acknowledged r1", "told", "left"]);
});

test("Heartbeat.leave() acknowledges what came before it, and leaves a restart nobody hears", async (t) => {
  for (const [hears, expected] of [
    [true, ["acknowledged r1", "left", "told"]],
    [false, ["left"]],
  ] as const) {
    const { url, log } = await controlPlane(t);
    const onRestart = (): void => void log.push("told");
    const { heartbeat, closing } = await beating(t, url, { hearsRestart: () => hears, onRestart });
    closing.abort();
    await heartbeat.start(undefined, 0);
    await heartbeat.leave();
    assert.deepEqual(log, expected);
  }
});
