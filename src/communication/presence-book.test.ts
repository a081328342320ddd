import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { makeBench, settleAll } from "./test-support/test-bench.ts";

const MINUTE_MS = 60_000;

describe("PresenceBook", () => {
  test("an agent that never showed life is idle, one that did goes down", async () => {
    const { comm, clock, events } = await makeBench(["quiet", "loud"], { heartbeatInterval: 30 });
    await comm.heartbeat("loud");
    clock.advance(89_000);
    assert.equal((await comm.getPresence("loud")).state, "idle");
    clock.advance(2000);
    const presence = await comm.getPresence("loud");
    assert.equal(presence.state, "down");
    assert.match(presence.reason, /^no sign of life for 1 min$/);
    assert.equal((await comm.getPresence("quiet")).state, "idle");
    const change = events.findLast((event) => event.kind === "agent.state");
    assert.equal(change?.kind === "agent.state" && change.previous, "idle");
    await comm.heartbeat("loud");
    assert.equal((await comm.getPresence("loud")).state, "idle");
  });

  test("heartbeats without output, while work is held, make an agent stuck", async () => {
    const { comm, clock } = await makeBench(["bob"], {
      stuckAfter: 600,
      leaseDuration: 3600,
      messageTimeout: 7200,
    });
    await comm.sendMessage("alice", "bob", "task_assignment", { task: "index repo" });
    const [claimed] = await comm.claim("bob");
    const beat = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute++) {
        clock.advance(MINUTE_MS);
        await comm.heartbeat("bob", { leases: [claimed?.token ?? ""] });
      }
    };
    await beat(9);
    assert.equal((await comm.getPresence("bob")).state, "working");
    await comm.progress(claimed?.token ?? "", { progress: 0.2 });
    await beat(9);
    assert.equal((await comm.getPresence("bob")).state, "working", "output starts the clock anew");
    await beat(5);
    const presence = await comm.getPresence("bob");
    assert.equal(presence.state, "stuck");
    assert.equal(presence.reason, 'no output for 14 min while it holds "index repo"');
    await comm.done(claimed?.token ?? "");
    assert.equal((await comm.getPresence("bob")).state, "idle");
  });

  test("expectMs allows longer silence, and paused time is not counted", async () => {
    const { comm, clock } = await makeBench(["bob"], { stuckAfter: 60, heartbeatInterval: 3600 });
    await comm.startTask("bob", { title: "long", expectMs: 10 * MINUTE_MS });
    clock.advance(9 * MINUTE_MS);
    assert.equal((await comm.getPresence("bob")).state, "working");
    await comm.pauseAgent("bob");
    clock.advance(60 * MINUTE_MS);
    assert.equal((await comm.getPresence("bob")).state, "working");
    await comm.resumeAgent("bob");
    clock.advance(MINUTE_MS - 1000);
    assert.equal((await comm.getPresence("bob")).state, "working");
    clock.advance(1000);
    assert.equal((await comm.getPresence("bob")).state, "stuck");
  });

  test("an online agent that takes no mail is stuck, until it claims", async () => {
    const { comm, clock } = await makeBench(["bob"], { stuckAfter: 60 });
    await comm.sendMessage("alice", "bob", "direct", 1);
    clock.advance(61_000);
    const presence = await comm.getPresence("bob");
    assert.equal(presence.state, "stuck");
    assert.equal(presence.reason, "takes no mail for 1 min while 1 message waits");
    await comm.claim("bob");
    assert.equal((await comm.getPresence("bob")).state, "working");
  });

  test("a circle of waits is a deadlock of all in it, and ends with any answer", async () => {
    const ids = ["planner", "reviewer", "coder"];
    const { comm, clock, events } = await makeBench([...ids, "visitor"], { deadlockAfter: 10 });
    const ask = (senderId: string, recipientId: string): Promise<{ messageId: string }> =>
      comm.send({ senderId, recipientId, type: "direct", payload: "?", expectsReply: true });
    await ask("planner", "reviewer");
    await ask("reviewer", "coder");
    await ask("visitor", "planner");
    clock.advance(20_000);
    const closing = await ask("coder", "planner");
    clock.advance(9000);
    assert.equal((await comm.getPresence("planner")).state, "waiting", "the last wait is young");
    clock.advance(1000);
    const changed = events.filter(
      (event) => event.kind === "agent.state" && event.change.state === "stuck",
    );
    assert.equal(changed.length, 3, "noticed by the clock alone");
    const presence = await comm.getPresence("planner");
    assert.deepEqual(presence.cycle, ["planner", "reviewer", "coder"]);
    assert.equal(
      presence.reason,
      "waits on reviewer, which waits on coder, which waits on planner",
    );
    assert.equal((await comm.getPresence("visitor")).state, "waiting");
    await comm.reply(closing.messageId, "!");
    for (const id of ["planner", "reviewer"]) {
      const after = await comm.getPresence(id);
      assert.equal(after.state, "waiting", id);
      assert.deepEqual(after.cycle, []);
    }
    assert.equal((await comm.getPresence("coder")).state, "idle");
  });

  test("exit code, goodbye and offline make an agent down, by its own instance", async () => {
    const { comm } = await makeBench();
    await comm.registerAgent({ agentId: "bob", instance: { id: "new" } });
    await comm.heartbeat("bob", { instanceId: "old", exitCode: 1 });
    assert.equal((await comm.getPresence("bob")).state, "idle", "an old process's last words");
    await comm.heartbeat("bob", { instanceId: "new", exitCode: 137 });
    const presence = await comm.getPresence("bob");
    assert.equal(presence.state, "down");
    assert.equal(presence.reason, "its process ended with exit code 137");
    await comm.registerAgent({ agentId: "bob", instance: { id: "newer" } });
    assert.equal((await comm.getPresence("bob")).state, "idle");
    await comm.heartbeat("bob", { left: true });
    assert.equal((await comm.getPresence("bob")).reason, "it left");
    await comm.heartbeat("bob", { status: "offline" });
    assert.equal((await comm.getPresence("bob")).reason, "it says it is offline");
  });

  test("a goodbye is said as offline, until life takes it back", async () => {
    const { comm } = await makeBench();
    await comm.registerAgent({ agentId: "bob", instance: { id: "new" } });
    await comm.heartbeat("bob", { instanceId: "old", left: true });
    assert.equal((await comm.getAgentInfo("bob"))?.status, "online", "an old process's last words");
    await comm.heartbeat("bob", { instanceId: "new", left: true });
    assert.equal((await comm.getAgentInfo("bob"))?.status, "offline");
    await comm.heartbeat("bob", { instanceId: "new", waitMs: 0 });
    const gone = await comm.getAgentInfo("bob");
    const overtaken = [gone?.status, gone?.presence.state, gone?.presence.reason];
    assert.deepEqual(overtaken, ["offline", "down", "it left"], "the goodbye overtook a heartbeat");
    await comm.registerAgent({ agentId: "bob", instance: { id: "new" } });
    const anew = await comm.getAgentInfo("bob");
    assert.deepEqual([anew?.status, anew?.presence.state], ["online", "idle"]);
    await comm.heartbeat("bob", { left: true });
    await comm.heartbeat("bob", {});
    const back = await comm.getAgentInfo("bob");
    assert.deepEqual([back?.status, back?.presence.state], ["online", "idle"]);
    await comm.heartbeat("bob", { status: "offline" });
    await comm.heartbeat("bob", {});
    assert.equal((await comm.getAgentInfo("bob"))?.status, "offline", "what it said itself stays");
    await comm.heartbeat("bob", { left: true, status: "error" });
    assert.equal((await comm.getAgentInfo("bob"))?.status, "error", "its own word wins");
  });

  for (const [what, end] of [
    ["its exit", { exitCode: 1 }],
    ["its goodbye", { left: true }],
  ] as const) {
    test(`a process that ended by ${what} gives back what it held, at once`, async () => {
      const { comm, clock } = await makeBench([], { leaseDuration: 3600, retryDelay: 1 });
      await comm.registerAgent({ agentId: "bob", instance: { id: "first" } });
      await comm.sendMessage("alice", "bob", "direct", 1);
      const [lost] = await comm.claim("bob");
      assert.ok(lost);
      await comm.heartbeat("bob", { instanceId: "first", ...end });
      await assert.rejects(comm.done(lost.token), { code: "communication.lease_lost" });
      clock.advance(1000);
      assert.equal((await comm.claim("bob"))[0]?.attempt, 2);
    });
  }

  test("a new process ends the leases of the one it replaces, not its own", async () => {
    const { comm, clock } = await makeBench([], { leaseDuration: 3600, retryDelay: 1 });
    await comm.registerAgent({ agentId: "bob", instance: { id: "first" } });
    await comm.sendMessage("alice", "bob", "direct", 1);
    await comm.claim("bob");
    await comm.registerAgent({ agentId: "bob", instance: { id: "second" } });
    clock.advance(1000);
    const [again] = await comm.claim("bob");
    assert.equal(again?.attempt, 2);
    await comm.registerAgent({ agentId: "bob", instance: { id: "second" } });
    await comm.done(again?.token ?? "");
  });

  test("commands are handed out with every heartbeat until acknowledged", async () => {
    const { comm } = await makeBench(["bob"]);
    const restart = await comm.requestRestart("bob", { by: "local" });
    await comm.pauseAgent("bob");
    await comm.resumeAgent("bob");
    for (let turn = 0; turn < 2; turn++) {
      const { commands } = await comm.heartbeat("bob");
      assert.deepEqual(
        commands.map((command) => command.kind),
        ["restart", "resume"],
      );
    }
    const { commands } = await comm.heartbeat("bob", { ackCommands: [restart.id] });
    assert.deepEqual(
      commands.map((command) => command.kind),
      ["resume"],
    );
  });

  test("a waiting claim is a sign of life", async () => {
    const { comm, clock } = await makeBench(["bob"], { heartbeatInterval: 10 });
    const claiming = comm.claim("bob", { waitMs: 120_000 });
    await settleAll();
    clock.advance(119_000);
    assert.equal((await comm.getPresence("bob")).state, "idle");
    clock.advance(1000);
    await claiming;
    clock.advance(30_000);
    assert.equal((await comm.getPresence("bob")).state, "down");
  });

  test("a waiting claim does not stand in for the heartbeats of an agent that sends them", async () => {
    const { comm, clock } = await makeBench(["bob"], { heartbeatInterval: 10 });
    await comm.heartbeat("bob");
    const claiming = comm.claim("bob", { waitMs: 120_000 });
    await settleAll();
    clock.advance(29_000);
    assert.equal((await comm.getPresence("bob")).state, "idle");
    clock.advance(2000);
    assert.equal((await comm.getPresence("bob")).state, "down", "frozen with an open connection");
    await comm.sendMessage("alice", "bob", "direct", 1);
    await claiming;
    assert.equal((await comm.getPresence("bob")).state, "down", "mail handed out proves nothing");
    await comm.heartbeat("bob");
    assert.equal((await comm.getPresence("bob")).state, "working");
  });

  test("agents down for longer than forgetAfter leave the registry, not the history", async () => {
    const { comm, clock, events } = await makeBench(["bob", "held"], { forgetAfter: "1h" });
    await comm.quarantineAgent("held");
    await comm.heartbeat("bob", { left: true });
    await comm.heartbeat("held", { left: true });
    clock.advance(62 * MINUTE_MS);
    await settleAll();
    assert.equal(await comm.getAgentInfo("bob"), undefined);
    assert.ok((await comm.getAgentInfo("held"))?.quarantined, "or it would come back without");
    assert.ok(events.some((event) => event.kind === "agent.removed"));
    const states = await comm.getStates({ agentId: "bob", fromMs: 0, toMs: clock.now() });
    assert.equal(states.at(-1)?.state, "down");
  });

  test("discovery puts those who are there and least loaded first", async () => {
    const { comm } = await makeBench();
    for (const agentId of ["barred", "busy", "free", "gone", "ill", "paused"]) {
      await comm.registerAgent({ agentId, capabilities: ["sort"] });
    }
    await comm.sendMessage("alice", "busy", "direct", 1);
    await comm.heartbeat("gone", { left: true });
    await comm.updateAgentStatus("ill", "error");
    await comm.pauseAgent("paused");
    await comm.quarantineAgent("barred");
    const ids = async (includeOffline: boolean): Promise<string[]> => {
      const found = await comm.findAgentsByCapability("sort", { includeOffline });
      return found.map((agent) => agent.id);
    };
    assert.deepEqual(await ids(false), ["free", "busy", "ill"]);
    assert.deepEqual(await ids(true), ["free", "busy", "ill", "gone", "paused", "barred"]);
    const found = await comm.findAgents({ text: "SORT bus", state: "idle", limit: 1 });
    assert.deepEqual(
      found.map((agent) => agent.id),
      ["busy"],
    );
    assert.deepEqual(await comm.findAgentsByCapability("none"), []);
  });
});
