// What was acknowledged is there after kill -9, whenever the kill comes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ControlSocket } from "../support/control.ts";
import { requireDebian } from "../support/debian.ts";
import { spawnServer } from "../support/server.ts";
import { readSyncTrace } from "../support/sync-trace.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROUNDS = 20;
const SENDS_IN_FLIGHT = 256;

/** Mulberry32: a small seeded generator, so that a failing round can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test("A server killed among 256 sends in flight has every acknowledged message", async (t) => {
  const seed = Number(process.env["CELLPHONE_TEST_SEED"] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed} (repeat with CELLPHONE_TEST_SEED)`);
  const random = seeded(seed);
  const dataFolder = temporaryFolder(t);
  const acknowledged = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    await playRound(t, dataFolder, round, random() * 200, acknowledged);
  }
  const server = await spawnServer(t, dataFolder);
  using control = new ControlSocket(server.socketPath);
  const found = await claimAll(control);
  const lost = [...acknowledged].filter((id) => !found.has(id));
  assert.deepEqual(lost, [], `${lost.length} of ${acknowledged.size} acknowledged are lost`);
  assert.ok(acknowledged.size > 0, "no send was ever acknowledged: the rounds prove nothing");
  t.diagnostic(`${acknowledged.size} acknowledged, ${found.size} found after ${ROUNDS} kills`);
  assert.equal(await server.end("SIGTERM"), 0);
});

test("A server killed in a flood of alerts has every one that was answered, as it was", async (t) => {
  const dataFolder = temporaryFolder(t);
  const server = await spawnServer(t, dataFolder);
  const answered = new Map<string, { readonly state: string; readonly startsAtMs: number }>();
  let taken = "";
  {
    using control = new ControlSocket(server.socketPath);
    const say = async (level: string, message: string, source: string): Promise<string> => {
      const { status, body } = await control.call("POST", "/api/v1/alerts", {
        level,
        message,
        source,
      });
      assert.equal(status, 201, JSON.stringify(body));
      answered.set(body.id, body);
      return body.state;
    };
    const chatter = Array.from({ length: 150 }, (_, index) =>
      say("info", `chatter ${index}`, "chatty"),
    );
    const states = await Promise.all(chatter);
    assert.equal(states.filter((state) => state === "queued").length, 50);
    assert.equal(await say("critical", "the disk is full", "cron"), "firing");
    taken = [...answered.keys()].at(-1) ?? "";
    const path = `/api/v1/alerts/${taken}/acknowledge`;
    assert.equal((await control.call("POST", path, { owner: "ana" })).status, 200);
  }
  await server.end("SIGKILL");
  const next = await spawnServer(t, dataFolder);
  using control = new ControlSocket(next.socketPath);
  for (const [id, { state, startsAtMs }] of answered) {
    const { body } = await control.call("GET", `/api/v1/alerts/${id}`);
    assert.deepEqual([body.state, body.startsAtMs], [state, startsAtMs], id);
    if (id === taken) assert.equal(body.acknowledged?.owner, "ana");
  }
  assert.equal(await next.end("SIGTERM"), 0);
});

test("A send is answered over HTTP only after the fdatasync of its commit returned", async (t) => {
  const strace = requireDebian(t, "strace");
  if (strace === undefined) return;
  const folder = temporaryFolder(t);
  const output = path.join(folder, "trace");
  const calls = "trace=fdatasync,fsync,write,writev,pwrite64";
  const wrapper = [strace, "-f", "-y", "-s", "65536", "-e", calls, "-o", output];
  const server = await spawnServer(t, path.join(folder, "data"), wrapper);
  using control = new ControlSocket(server.socketPath);
  await control.call("POST", "/api/v1/agents", { agentId: "keeper" });
  const sends = Array.from({ length: 100 }, () =>
    control.call("POST", "/api/v1/messages", { recipientId: "keeper", payload: {} }),
  );
  const ids = (await Promise.all(sends)).map((answer) => String(answer.body.messageId));
  assert.equal(await server.end("SIGTERM"), 0);
  const trace = readFileSync(output, "utf8");
  const findings = readSyncTrace(trace, /msg_[0-9a-z]{26}/);
  const acknowledged = new Set(findings.acknowledged);
  assert.deepEqual(
    ids.filter((id) => !acknowledged.has(id)),
    [],
    "every answer was seen to leave",
  );
  assert.deepEqual(findings.early, []);
  t.diagnostic(`${ids.length} answers after ${findings.syncs} syncs of the log`);
});

async function playRound(
  t: TestContext,
  dataFolder: string,
  round: number,
  killAfterMs: number,
  acknowledged: Set<string>,
): Promise<void> {
  const server = await spawnServer(t, dataFolder);
  using control = new ControlSocket(server.socketPath);
  if (round === 0) {
    const registered = await control.call("POST", "/api/v1/agents", { agentId: "keeper" });
    assert.ok(registered.status < 300, JSON.stringify(registered.body));
  }
  const stopped = new AbortController();
  const first = Promise.withResolvers<void>();
  const senders = Array.from({ length: SENDS_IN_FLIGHT }, async () => {
    while (!stopped.signal.aborted) {
      try {
        const answer = await control.call("POST", "/api/v1/messages", {
          recipientId: "keeper",
          payload: { round },
        });
        if (answer.status !== 201) return first.reject(new Error(JSON.stringify(answer.body)));
        acknowledged.add(answer.body.messageId);
        first.resolve();
      } catch {
        return; // the kill
      }
    }
  });
  await first.promise;
  await sleep(killAfterMs);
  await server.end("SIGKILL");
  stopped.abort();
  await Promise.all(senders);
}

async function claimAll(control: ControlSocket): Promise<Set<string>> {
  const found = new Set<string>();
  for (;;) {
    const claim = await control.call("POST", "/api/v1/inbox/keeper/claim", { max: 256 });
    assert.equal(claim.status, 200, JSON.stringify(claim.body));
    const { messages } = claim.body;
    if (messages.length === 0) return found;
    for (const { message } of messages) found.add(message.id);
  }
}
