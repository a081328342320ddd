import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentCommunicationProtocol } from "./communication/index.ts";
import { ManualClock } from "./core/index.ts";
import { feedLine } from "./dashboard/index.ts";

/** The feed of a protocol on a manual clock, as it would be written. */
async function makeFeed() {
  const clock = new ManualClock();
  const comm = new AgentCommunicationProtocol({ heartbeatInterval: 10 }, { clock });
  const lines: string[] = [];
  comm.onEvent((event) => {
    const line = feedLine(event, (agentId) => comm.view(agentId));
    if (line !== undefined) lines.push(`${line.level} ${line.agentId} ${line.kind}: ${line.text}`);
  });
  await comm.start();
  return { clock, comm, lines };
}

test("feedLine() says who joined, with what, once", async () => {
  const { comm, lines } = await makeFeed();
  const instance = { id: "i", runtime: "python 3.11", pid: 4121 };
  await comm.registerAgent({ agentId: "worker-1", instance });
  await comm.registerAgent({ agentId: "worker-1", instance });
  assert.deepEqual(lines, ["info worker-1 joined: python 3.11, pid 4121"]);
  await comm.stop();
});

test("feedLine() tells of work a person asked for, not of what agents hand each other", async () => {
  const { comm, lines } = await makeFeed();
  await comm.registerAgent({ agentId: "worker-1" });
  lines.length = 0;
  const task = { title: "index repo" };
  for (const senderId of ["planner", "operator"]) {
    await comm.send({
      senderId,
      recipientId: "worker-1",
      type: "task_assignment",
      payload: {},
      task,
    });
    const [claimed] = await comm.claim("worker-1");
    await comm.done(claimed?.token ?? "");
  }
  assert.deepEqual(lines, [
    'info worker-1 state: working: "index repo", from operator',
    'info worker-1 state: done with "index repo", from operator',
  ]);
  await comm.stop();
});

test("feedLine() tells a lost agent from one that left, and when it is back", async () => {
  const { clock, comm, lines } = await makeFeed();
  await comm.registerAgent({ agentId: "worker-1" });
  await comm.heartbeat("worker-1");
  lines.length = 0;
  clock.advance(31_000);
  await comm.heartbeat("worker-1");
  await comm.heartbeat("worker-1", { left: true, status: "offline" });
  assert.equal(lines.length, 3, lines.join("\n"));
  assert.match(lines[0] ?? "", /^error worker-1 state: down: /);
  assert.equal(lines[1], "info worker-1 state: idle again");
  assert.match(lines[2] ?? "", /^info worker-1 left: /);
  await comm.stop();
});

test("feedLine() gives dead letters their reason", async () => {
  const { comm, lines } = await makeFeed();
  await comm.registerAgent({ agentId: "worker-1" });
  await comm.sendMessage("alice", "worker-1", "direct", 1);
  const [claimed] = await comm.claim("worker-1");
  lines.length = 0;
  await comm.deadLetter(claimed?.token ?? "", { note: "no such file" });
  const words = "direct from alice is a dead letter: no such file";
  assert.deepEqual(lines, [`warning worker-1 dead_letter: ${words}`]);
  await comm.stop();
});

test("feedLine() tells who cut an agent off, and who let it back, and nothing between", async () => {
  const { clock, comm, lines } = await makeFeed();
  await comm.registerAgent({ agentId: "worker-1" });
  lines.length = 0;
  await comm.quarantineAgent("worker-1", { by: "ana", reason: "sends secrets" });
  clock.advance(120_000); // it falls silent meanwhile
  await comm.releaseAgent("worker-1", { by: "ben" });
  assert.deepEqual(lines.slice(0, 2), [
    "warning worker-1 quarantined: quarantined by ana",
    "info worker-1 released: released by ben",
  ]);
  await comm.stop();
});

test("feedLine() says who writes to a person, and about what", async () => {
  const { comm, lines } = await makeFeed();
  await comm.registerAgent({ agentId: "planner" });
  lines.length = 0;
  const ask = { senderId: "planner", recipientId: "operator", type: "direct" };
  await comm.send({ ...ask, payload: { text: "Which\nbranch?" } });
  await comm.send({ ...ask, payload: 7, task: { title: "sign the release" } });
  await comm.send({ ...ask, type: "status_update", payload: [] });
  assert.deepEqual(lines, [
    "info planner message: writes to you: Which branch?",
    "info planner message: writes to you: sign the release",
    "info planner message: writes to you: status_update",
  ]);
  await comm.stop();
});
