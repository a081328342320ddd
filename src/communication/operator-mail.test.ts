import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { communicationLimits } from "./limits.ts";
import { makeBench, settleAll } from "./test-support/test-bench.ts";

const TO_OPERATOR = { senderId: "planner", recipientId: "operator", type: "direct" } as const;
const ASKING = { ...TO_OPERATOR, payload: { text: "Which branch?" }, expectsReply: true } as const;

describe("AgentCommunicationProtocol takes mail to the operator", () => {
  test("send() keeps it with a receipt that is done, without inbox or lease", async () => {
    const { comm } = await makeBench(["planner"]);
    const sent = await comm.send({ ...TO_OPERATOR, payload: "fyi" });
    const found = await comm.getMessages({ recipientId: "operator" });
    assert.equal(found[0]?.message.id, sent.messageId);
    assert.equal(found[0]?.deliveries[0]?.state, "done");
    assert.deepEqual((await comm.getPresence("planner")).waitsOn, []);
    assert.equal(comm.operatorMail().count, 0);
    const [talk] = await comm.getConversations({});
    assert.deepEqual(talk?.participants, ["planner", "operator"]);
  });

  test("a question is open until it is answered, and the asker gets the answer", async () => {
    const { clock, comm, store } = await makeBench(["planner"]);
    const { messageId } = await comm.send(ASKING);
    const expected = { count: 1, agentIds: ["planner"], oldestAtMs: clock.now() };
    assert.deepEqual(comm.operatorMail(), expected);
    assert.equal((await comm.getPresence("planner")).waitsOn[0]?.agentId, "operator");
    await comm.stop();
    const again = await makeBench([], {}, { clock, store });
    assert.deepEqual(again.comm.operatorMail(), expected, "also after a restart");
    const waiting = again.comm.waitForReply(messageId, { timeoutMs: 1000, collect: false });
    await again.comm.reply(messageId, "main");
    assert.equal((await waiting).payload, "main");
    assert.equal(again.comm.operatorMail().count, 0);
    const [claimed] = await again.comm.claim("planner");
    assert.deepEqual([claimed?.message.senderId, claimed?.message.payload], ["operator", "main"]);
  });

  test("a task waits for an answer too, and is no task of an agent", async () => {
    const { comm } = await makeBench(["planner"]);
    await comm.send({ ...TO_OPERATOR, type: "task_assignment", payload: { title: "sign" } });
    assert.equal(comm.operatorMail().count, 1);
    assert.deepEqual(await comm.getTasks({}), []);
  });

  test("whom the operator asked may ask back, which is no circle of waits", async () => {
    const { clock, comm } = await makeBench(["planner"]);
    const request = { ...ASKING, senderId: "operator", recipientId: "planner" };
    await comm.send(request);
    await comm.claim("planner", { leaseMs: 3_600_000 });
    await comm.send(ASKING);
    clock.advance(60_000);
    await comm.heartbeat("planner");
    await settleAll();
    assert.deepEqual((await comm.getPresence("planner")).cycle, []);
  });

  test("send() refuses questions beyond the limit, and takes what wants no answer", async () => {
    const { comm } = await makeBench(["planner"]);
    const most = communicationLimits.operatorRequests.value;
    for (let sent = 0; sent < most; sent += 250) {
      await comm.sendMany(Array.from({ length: 250 }, () => ASKING));
    }
    await assert.rejects(comm.send(ASKING), { code: "communication.mailbox_full" });
    await comm.send({ ...TO_OPERATOR, payload: "fyi" });
    assert.equal(comm.operatorMail().count, most);
  });

  test("a failed store leaves nothing open", async () => {
    const { comm, store } = await makeBench(["planner"]);
    store.fail();
    await assert.rejects(comm.send(ASKING));
    assert.equal(comm.operatorMail().count, 0);
  });
});
