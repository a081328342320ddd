// What happens to an agent while something of it is being stored.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeBench, settleAll } from "./test-support/test-bench.ts";

const LARGE = "x".repeat(600);

test("send() to an agent removed meanwhile gives its room back and ends its task", async () => {
  const { comm, store } = await makeBench(["a", "b", "c"], { maxPendingBytes: 4096 });
  const release = store.hold();
  const request = { senderId: "a", recipientId: "b", type: "direct", payload: LARGE };
  const sent = comm.send({ ...request, task: { title: "count" } });
  await settleAll();
  const removed = comm.unregisterAgent("b");
  // The removal overtakes nothing, but the sender hears of it only now.
  release();
  const { deliveryId } = await sent;
  await removed;
  await settleAll();
  const found = await comm.getDelivery(deliveryId);
  assert.equal(found?.delivery.state, "dead");
  assert.equal(found?.delivery.deadReason, "recipient_removed");
  assert.deepEqual(
    (await comm.getTasks()).map(({ state }) => state),
    ["failed"],
  );
  await comm.send({ ...request, recipientId: "c" });
  await comm.stop();
});

test("send() stored after its recipient was removed counts for nobody", async () => {
  const { comm, store } = await makeBench(["a", "b", "c"], { maxPendingBytes: 2048 });
  const releaseRemoval = store.hold();
  const removed = comm.unregisterAgent("b");
  await settleAll();
  const request = { senderId: "a", recipientId: "b", type: "direct", payload: LARGE };
  releaseRemoval();
  const releaseSend = store.hold();
  const sent = comm.send({ ...request, expectsReply: true, task: { title: "count" } });
  const waiting = assert.rejects(
    removed.then(() => comm.getMailbox("b")),
    {
      code: "communication.agent_unknown",
    },
  );
  await waiting;
  releaseSend();
  const { messageId } = await sent;
  await settleAll();
  const states = (await comm.getTasks()).map(({ state }) => state);
  assert.deepEqual(states, ["failed"]);
  assert.deepEqual(await comm.getTasks({ open: true }), []);
  await assert.rejects(comm.waitForReply(messageId, { timeoutMs: 0 }), {
    code: "communication.request_dead",
  });
  await comm.send({ ...request, recipientId: "c" });
  await comm.stop();
});

test("send() to an agent removed and registered again counts in its new mailbox", async () => {
  const { comm, store } = await makeBench(["a", "b"], { maxMailboxMessages: 2 });
  const releaseRemoval = store.hold();
  const removed = comm.unregisterAgent("b");
  await settleAll();
  releaseRemoval();
  const releaseSend = store.hold();
  const request = { senderId: "a", recipientId: "b", type: "direct", payload: 1 };
  const sent = comm.send(request);
  await removed;
  const renewed = comm.registerAgent({ agentId: "b" });
  releaseSend();
  await Promise.all([sent, renewed]);
  const claimed = await comm.claim("b");
  for (const { token } of claimed) await comm.done(token);
  for (let index = 0; index < 2; index++) await comm.send(request);
  await assert.rejects(comm.send(request), { code: "communication.mailbox_full" });
  await comm.stop();
});

test("redrive() of a letter whose recipient is removed meanwhile leaves it dead", async () => {
  const { comm, store } = await makeBench(["a", "b", "c"], { maxPendingBytes: 2048 });
  const request = { senderId: "a", recipientId: "b", type: "direct", payload: LARGE };
  const { deliveryId } = await comm.send(request);
  const [claimed] = await comm.claim("b");
  await comm.deadLetter(claimed?.token ?? "", { note: "no" });
  for (const { token } of await comm.claim("a")) await comm.done(token);
  const releaseRemoval = store.hold();
  const removed = comm.unregisterAgent("b");
  const redriven = comm.redrive(deliveryId);
  await settleAll();
  releaseRemoval();
  await assert.rejects(redriven, { code: "communication.recipient_unknown" });
  await removed;
  await settleAll();
  assert.equal((await comm.getDelivery(deliveryId))?.delivery.state, "dead");
  await comm.send({ ...request, recipientId: "c" });
  await comm.stop();
});

test("pauseAgent() while the agent registers again holds, and can be resumed", async () => {
  const { comm, store } = await makeBench(["a"]);
  const release = store.hold();
  const registered = comm.registerAgent({ agentId: "a", capabilities: ["sort"] });
  await settleAll();
  const paused = comm.pauseAgent("a", { by: "operator", reason: "look" });
  release();
  await Promise.all([registered, paused]);
  const agent = await comm.getAgentInfo("a");
  assert.equal(agent?.paused?.by, "operator");
  assert.deepEqual(agent?.capabilities, ["sort"]);
  await comm.send({ senderId: "s", recipientId: "a", type: "direct", payload: 1 });
  assert.equal((await comm.claim("a")).length, 0);
  await comm.resumeAgent("a");
  assert.equal((await comm.claim("a")).length, 1);
  await comm.stop();
});

test("pauseAgent() that cannot be stored hands out what came meanwhile", async () => {
  const { comm, store } = await makeBench(["a"]);
  const claim = comm.claim("a", { waitMs: 60_000 });
  await settleAll();
  store.fail();
  const release = store.hold();
  const paused = assert.rejects(comm.pauseAgent("a"), { code: "communication.store_failed" });
  await settleAll();
  store.fail(false);
  const sent = comm.send({ senderId: "s", recipientId: "a", type: "direct", payload: 1 });
  release();
  await Promise.all([paused, sent]);
  assert.equal((await claim).length, 1);
  await comm.stop();
});
