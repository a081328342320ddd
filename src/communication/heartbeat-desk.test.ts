import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { communicationLimits } from "./limits.ts";
import { makeBench, settleAll } from "./test-support/test-bench.ts";

const ORDER = { profileId: "prof_1", kind: "cpu", seconds: 10 } as const;

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await settleAll();
  return settled;
}

describe("HeartbeatDesk.heartbeat() with waitMs", () => {
  test("is recorded at once and answered when the time is over", async () => {
    const { comm, clock } = await makeBench(["bob"]);
    clock.advance(5000);
    const beat = comm.heartbeat("bob", { waitMs: 20_000 });
    await settleAll();
    assert.equal((await comm.getPresence("bob")).lastHeartbeatAtMs, clock.now());
    clock.advance(19_999);
    assert.equal(await isSettled(beat), false);
    clock.advance(1);
    const reply = await beat;
    assert.deepEqual([reply.commands, reply.paused, reply.atMs], [[], false, clock.now()]);
  });

  test("is answered at once by each kind of order and hold", async () => {
    const { comm } = await makeBench(["bob"]);
    const causes: [() => Promise<unknown>, string][] = [
      [() => comm.requestRestart("bob"), "restart"],
      [() => comm.requestProfile("bob", ORDER), "profile"],
      [() => comm.pauseAgent("bob"), "pause"],
      [() => comm.resumeAgent("bob"), "resume"],
    ];
    let ackCommands: string[] = [];
    for (const [cause, kind] of causes) {
      const beat = comm.heartbeat("bob", { waitMs: 60_000, ackCommands });
      assert.equal(await isSettled(beat), false);
      await cause();
      const { commands } = await beat;
      assert.deepEqual(
        commands.map((command) => command.kind),
        [kind],
      );
      ackCommands = commands.map(({ id }) => id);
    }
    for (const barred of [true, false]) {
      const beat = comm.heartbeat("bob", { waitMs: 60_000, ackCommands });
      assert.equal(await isSettled(beat), false);
      await (barred ? comm.quarantineAgent("bob") : comm.releaseAgent("bob"));
      assert.equal((await beat).quarantined, barred);
    }
  });

  test("does not wait when things stand otherwise than the caller knows", async () => {
    const { comm } = await makeBench(["bob"]);
    await comm.quarantineAgent("bob");
    const knows = { paused: false, quarantined: false };
    assert.ok((await comm.heartbeat("bob", { waitMs: 60_000, knows })).quarantined);
    const { id } = await comm.requestRestart("bob");
    const [command] = (await comm.heartbeat("bob", { waitMs: 60_000 })).commands;
    assert.equal(command?.id, id);
    const lost = comm.heartbeat("bob", { waitMs: 60_000, ackCommands: [id], leases: ["x.y.1.z"] });
    assert.deepEqual((await lost).lostLeases, ["x.y.1.z"]);
  });

  test("waits although there is a command that the caller leaves to others", async () => {
    const { comm } = await makeBench(["bob"]);
    const { id } = await comm.requestRestart("bob");
    const knows = { commands: [id] };
    const beat = comm.heartbeat("bob", { waitMs: 60_000, knows });
    assert.equal(await isSettled(beat), false);
    await comm.requestProfile("bob", ORDER);
    assert.deepEqual(
      (await beat).commands.map(({ kind }) => kind),
      ["restart", "profile"],
    );
  });

  test("is no sign of life beyond its arrival: a frozen process is noticed", async () => {
    const { comm, clock } = await makeBench(["bob"], { heartbeatInterval: 10 });
    const beat = comm.heartbeat("bob", { waitMs: 60_000 });
    await settleAll();
    clock.advance(29_000);
    assert.equal((await comm.getPresence("bob")).state, "idle");
    clock.advance(2000);
    assert.equal((await comm.getPresence("bob")).state, "down");
    clock.advance(29_000);
    await beat;
    assert.equal((await comm.getPresence("bob")).state, "down", "an answer proves nothing");
  });

  test("ends when its caller goes, when the agent is removed and when all stops", async () => {
    const { comm } = await makeBench(["bob", "gone"]);
    const caller = new AbortController();
    const cut = comm.heartbeat("bob", { waitMs: 60_000, signal: caller.signal });
    const removed = comm.heartbeat("gone", { waitMs: 60_000 });
    const left = comm.heartbeat("bob", { waitMs: 60_000 });
    await settleAll();
    caller.abort();
    await cut;
    const refused = assert.rejects(removed, { code: "communication.agent_unknown" });
    await comm.unregisterAgent("gone");
    await refused;
    assert.equal(await isSettled(left), false);
    await comm.stop();
    await left;
  });

  test("keeps few open per agent: a newer one answers the oldest", async () => {
    const { comm } = await makeBench(["bob"]);
    const most = communicationLimits.waitingHeartbeats.value;
    const beats = Array.from({ length: most + 1 }, () => comm.heartbeat("bob", { waitMs: 60_000 }));
    const [oldest, second] = beats;
    assert.ok(oldest !== undefined && second !== undefined);
    await oldest;
    assert.equal(await isSettled(second), false);
    await comm.pauseAgent("bob");
    for (const beat of beats.slice(1)) assert.equal((await beat).paused, true);
  });

  test("keeps thousands of agents' heartbeats open, and tells only the one concerned", async () => {
    const ids = Array.from({ length: 5000 }, (_, index) => `agent-${index}`);
    const { comm, clock } = await makeBench(ids);
    const beats = ids.map((id) => comm.heartbeat(id, { waitMs: 30_000 }));
    await settleAll();
    await comm.requestProfile("agent-4321", ORDER);
    const [command] = (await beats[4321])?.commands ?? [];
    assert.ok(command?.kind === "profile" && command.profile.profileId === "prof_1");
    assert.equal(await isSettled(Promise.race(beats.toSpliced(4321, 1))), false);
    clock.advance(30_000);
    const replies = await Promise.all(beats);
    assert.equal(replies.filter(({ commands }) => commands.length > 0).length, 1);
  });

  test("refuses a wait that is too long", async () => {
    const { comm } = await makeBench(["bob"]);
    const beat = comm.heartbeat("bob", { waitMs: 60_001 });
    await assert.rejects(beat, { code: "communication.argument_invalid" });
  });
});

describe("CommandDesk.requestProfile()", () => {
  test("keeps one order per profile, beside other commands", async () => {
    const { comm } = await makeBench(["bob"]);
    const first = await comm.requestProfile("bob", ORDER);
    assert.deepEqual(await comm.requestProfile("bob", ORDER), first);
    await comm.requestProfile("bob", { profileId: "prof_2", kind: "heap", seconds: 1 });
    await comm.pauseAgent("bob");
    await comm.resumeAgent("bob");
    const { commands } = await comm.heartbeat("bob");
    assert.deepEqual(
      commands.map(({ kind }) => kind),
      ["profile", "profile", "resume"],
    );
    assert.deepEqual(commands[0], { id: first.id, kind: "profile", profile: ORDER });
  });

  test("refuses orders that cannot be carried out", async () => {
    const { comm } = await makeBench(["bob"]);
    const unknown = { code: "communication.agent_unknown" };
    await assert.rejects(comm.requestProfile("nobody", ORDER), unknown);
    const invalid = { code: "communication.argument_invalid" };
    for (const wrong of [{ seconds: 0 }, { seconds: 121 }, { profileId: "" }]) {
      await assert.rejects(comm.requestProfile("bob", { ...ORDER, ...wrong }), invalid);
    }
  });
});
