import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { CommunicationError } from "./errors.ts";
import { makeBench, settleAll } from "./test-support/test-bench.ts";
import type { TestBench } from "./test-support/test-bench.ts";

const DIRECT = { senderId: "alice", recipientId: "bob", type: "direct", payload: 1 } as const;

async function restart(bench: TestBench): Promise<TestBench> {
  await bench.comm.stop();
  const { clock, store } = bench;
  return makeBench([], bench.comm.settings.maxAttempts === 2 ? { maxAttempts: 2 } : {}, {
    clock,
    store,
  });
}

describe("AgentCommunicationProtocol after a restart over the same store", () => {
  test("unsettled messages are claimable again, attempts kept, old tokens refused", async () => {
    const bench = await makeBench(["alice", "bob"], { maxAttempts: 2 });
    await bench.comm.send(DIRECT);
    await bench.comm.send({ ...DIRECT, priority: "urgent", payload: 2 });
    const [claimed] = await bench.comm.claim("bob");
    const { comm, clock } = await restart(bench);
    await assert.rejects(
      comm.done(claimed?.token ?? ""),
      (error) => error instanceof CommunicationError && /restarted/.test(error.message),
    );
    const [urgent, normal] = await comm.claim("bob", { max: 2 });
    assert.deepEqual([urgent?.message.payload, urgent?.attempt], [2, 2]);
    assert.deepEqual([normal?.message.payload, normal?.attempt], [1, 1]);
    clock.advance(60_000);
    await settleAll();
    assert.equal((await comm.getDeadLetters())[0]?.deliveries[0]?.deadReason, "attempts_exhausted");
  });

  test("sequences go on, retries keep their delay, orderingKeys their order", async () => {
    const bench = await makeBench(["bob"]);
    const first = await bench.comm.send({ ...DIRECT, orderingKey: "k" });
    await bench.comm.send({ ...DIRECT, orderingKey: "k" });
    const [claimed] = await bench.comm.claim("bob");
    await bench.comm.retry(claimed?.token ?? "", { delayMs: 30_000 });
    const { comm, clock } = await restart(bench);
    assert.deepEqual(await comm.claim("bob"), []);
    clock.advance(30_000);
    const [again] = await comm.claim("bob", { max: 5 });
    assert.equal(again?.message.id, first.messageId);
    const third = await comm.send(DIRECT);
    const found = await comm.getDelivery(third.deliveryId);
    assert.equal(found?.delivery.sequence, 3);
  });

  test("dedupe keys are remembered, with the first message's ids", async () => {
    const bench = await makeBench(["bob"]);
    const first = await bench.comm.send({ ...DIRECT, dedupeKey: "k" });
    const { comm } = await restart(bench);
    const again = await comm.send({ ...DIRECT, dedupeKey: "k" });
    assert.deepEqual(
      [again.messageId, again.deliveryId, again.duplicate],
      [first.messageId, first.deliveryId, true],
    );
  });

  test("open requests, tasks, pauses and dead letters are there again", async () => {
    const bench = await makeBench(["alice", "bob", "carol"]);
    const request = { ...DIRECT, expectsReply: true, task: { title: "t" } };
    await bench.comm.send(request);
    const answered = await bench.comm.send(request);
    const [, second] = await bench.comm.claim("bob", { max: 2 });
    await bench.comm.done(second?.token ?? "");
    const own = await bench.comm.startTask("bob", { title: "own" });
    await bench.comm.pauseAgent("carol", { by: "local", reason: "r" });
    await bench.comm.send({ ...DIRECT, recipientId: "carol" });
    const { comm } = await restart(bench);
    const { waitsOn, state } = await comm.getPresence("alice");
    assert.equal(state, "waiting");
    assert.equal(waitsOn.length, 2, "one unsettled, one done but unanswered");
    assert.equal((await comm.getTasks({ open: true })).length, 2);
    assert.equal((await comm.updateTask(own.id, { progress: 0.5 })).progress, 0.5);
    assert.deepEqual(await comm.claim("carol"), []);
    const waiting = comm.waitForReply(answered.messageId, { timeoutMs: 1000 });
    await comm.reply(answered.messageId, "late");
    assert.equal((await waiting).payload, "late");
    const [claimed] = await comm.claim("bob");
    await comm.deadLetter(claimed?.token ?? "", { note: "no" });
    const third = await restart({ ...bench, comm });
    assert.equal(third.comm.deadLetterCount().count, 1);
    assert.deepEqual((await third.comm.getPresence("alice")).waitsOn, []);
  });

  test("of two answers to an old request the first counts, and its result stays", async () => {
    const bench = await makeBench(["alice", "bob"]);
    const { messageId } = await bench.comm.send({ ...DIRECT, expectsReply: true });
    const [claimed] = await bench.comm.claim("bob");
    await bench.comm.done(claimed?.token ?? "", { result: { sum: 3 } });
    const { comm } = await restart(bench);
    const [first] = await Promise.all([comm.reply(messageId, "a"), comm.reply(messageId, "b")]);
    const [delivery] = (await comm.getMessage(messageId))?.deliveries ?? [];
    assert.equal(delivery?.answerId, first.messageId);
    assert.deepEqual([delivery?.state, delivery?.result], ["done", { sum: 3 }]);
    assert.deepEqual((await comm.getPresence("alice")).waitsOn, []);
  });

  test("an agent that does not come back is down, with no change in between", async () => {
    const bench = await makeBench(["bob"]);
    await bench.comm.heartbeat("bob");
    const since = (await bench.comm.getPresence("bob")).sinceMs;
    bench.clock.advance(5000);
    const { comm, clock, events } = await restart(bench);
    assert.deepEqual(
      events.filter((event) => event.kind === "agent.state"),
      [],
    );
    const before = await comm.getPresence("bob");
    assert.deepEqual([before.state, before.sinceMs], ["idle", since]);
    clock.advance(91_000);
    assert.equal((await comm.getPresence("bob")).state, "down");
    const third = await restart({ ...bench, comm });
    assert.equal((await third.comm.getPresence("bob")).state, "down");
  });

  test("a message of an agent removed at the last moment becomes a dead letter", async () => {
    const bench = await makeBench(["bob"]);
    await bench.comm.send(DIRECT);
    await bench.store.append("default", [{ kind: "agent-removed", agentId: "bob" }]);
    const { comm } = await restart(bench);
    await settleAll();
    assert.equal((await comm.getDeadLetters())[0]?.deliveries[0]?.deadReason, "recipient_removed");
  });
});
