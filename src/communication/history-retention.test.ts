import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { makeBench, settleAll } from "./test-support/test-bench.ts";

const DIRECT = { senderId: "alice", recipientId: "bob", type: "direct", payload: 1 } as const;
const DAY_MS = 86_400_000;

describe("AgentCommunicationProtocol forgets its history", () => {
  test("by age, while nothing else happens; what is not settled stays", async () => {
    const bench = await makeBench(["alice", "bob", "carol"], {
      messageRetentionDays: 2,
      messageTimeout: "30d",
    });
    const { comm, clock } = bench;
    await comm.send(DIRECT);
    const [claimed] = await comm.claim("bob");
    await comm.done(claimed?.token ?? "");
    clock.advance(2000);
    await settleAll();
    const waiting = await comm.send({ ...DIRECT, recipientId: "carol" });
    const idsLeft = async (): Promise<string[]> =>
      (await comm.getMessages({})).map(({ message }) => message.id);
    assert.equal((await idsLeft()).length, 2);
    for (let hour = 0; hour < 47; hour++) {
      clock.advance(3_600_000);
      await settleAll();
    }
    assert.equal((await idsLeft()).length, 2);
    for (let hour = 0; hour < 3; hour++) {
      clock.advance(DAY_MS / 24);
      await settleAll();
    }
    assert.deepEqual(await idsLeft(), [waiting.messageId]);
  });

  test("a request settled without an answer, and with it the wait", async () => {
    const { comm, clock } = await makeBench(["alice", "bob"], {
      messageRetentionDays: 2,
      messageTimeout: "30d",
    });
    const { messageId } = await comm.send({ ...DIRECT, expectsReply: true });
    const [claimed] = await comm.claim("bob");
    await comm.done(claimed?.token ?? "");
    const waitsOn = async (): Promise<string[]> =>
      (await comm.getPresence("alice")).waitsOn.map((edge) => edge.messageId);
    clock.advance(DAY_MS);
    await settleAll();
    assert.deepEqual(await waitsOn(), [messageId]);
    for (let hour = 0; hour < 26; hour++) {
      clock.advance(3_600_000);
      await settleAll();
    }
    assert.deepEqual(await comm.getMessages({ senderId: "alice" }), []);
    assert.deepEqual(await waitsOn(), []);
  });

  test("by number, but no dead letter for the sake of ordinary messages", async () => {
    const { comm, clock } = await makeBench(["alice", "bob"], {
      maxMessageHistory: 20,
      messageTimeout: "30d",
    });
    await comm.send(DIRECT);
    const [lost] = await comm.claim("bob");
    await comm.deadLetter(lost?.token ?? "", { note: "broken" });
    for (let number = 0; number < 300; number++) {
      await comm.send(DIRECT);
      const [claimed] = await comm.claim("bob");
      await comm.done(claimed?.token ?? "");
    }
    clock.advance(3_600_000);
    await settleAll();
    assert.equal((await comm.getMessages({ state: "done", limit: 1000 })).length, 20);
    assert.equal(comm.deadLetterCount().count, 1);
    assert.equal((await comm.redrive(lost?.deliveryId ?? "")).state, "ready");
  });

  test("dead letters beyond maxDeadLetters, and no longer counts them", async () => {
    const { comm, clock } = await makeBench(["alice", "bob"], {
      maxDeadLetters: 2,
      messageTimeout: "30d",
    });
    for (let number = 0; number < 5; number++) {
      await comm.send({ ...DIRECT, payload: number });
      const [claimed] = await comm.claim("bob");
      await comm.deadLetter(claimed?.token ?? "", { note: "broken" });
    }
    clock.advance(3_600_000);
    await settleAll();
    const left = (await comm.getDeadLetters()).map(({ message }) => message.payload);
    assert.deepEqual(left, [4, 3]);
    assert.equal(comm.deadLetterCount().count, 2);
  });
});
