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
});
