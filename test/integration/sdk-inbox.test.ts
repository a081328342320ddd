// What becomes of mail whose handler's result cannot be sent, whose handler is gone, or which was
// meant for everybody.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CellphoneClientError } from "../../src/client/index.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

/** What became of the copy an agent got. */
async function deliveryOf(server: TestServer, messageId: string, recipientId: string) {
  const { deliveries } = await asAdmin(server, "GET", `/api/v1/messages/${messageId}`);
  return deliveries.find((each: { recipientId: string }) => each.recipientId === recipientId);
}

test("a handler's result that is no JSON makes a dead letter at once, and the asker hears of it", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const asker = await agent(t, url, "asker");
  const worker = await agent(t, url, "worker");
  let runs = 0;
  worker.on("direct", () => {
    runs += 1;
    return { count: 10n };
  });
  const asked = asker.request("worker", "direct", null, { timeout: "30s" });
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof CellphoneClientError);
    assert.equal(error.code, "client.request_failed");
    return /the outcome was refused: .*BigInt/.test(error.message);
  });
  assert.equal(runs, 1);
});

test("Phone.on() claims nothing while the last handler is taken away", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const worker = await agent(t, url, "worker");
  const sender = await agent(t, url, "sender");
  const attempts: number[] = [];
  const takeAway = worker.on("direct", (_, delivery) => void attempts.push(delivery.attempt));
  const first = await sender.send("worker", "direct", 1);
  await until("the first", async () => {
    return (await deliveryOf(server, first.messageId, "worker")).state === "done";
  });
  takeAway();
  const second = await sender.send("worker", "direct", 2);
  // Each look is a call: a claim that were open would long have been answered.
  for (let look = 1; look <= 20; look++) {
    const { state } = await deliveryOf(server, second.messageId, "worker");
    assert.equal(state, "ready", `look ${look}`);
  }
  worker.on("direct", (_, delivery) => void attempts.push(delivery.attempt));
  await until("the second", async () => {
    return (await deliveryOf(server, second.messageId, "worker")).state === "done";
  });
  assert.deepEqual(attempts, [1, 1]);
});

test("a broadcast nobody handles is done with a note; direct mail and tasks are dead letters", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const sender = await agent(t, url, "sender");
  const worker = await agent(t, url, "worker");
  worker.on("something else", () => undefined);
  const { messageId } = await sender.broadcast("news", "hi");
  const direct = await sender.send("worker", "news", "hi");
  const task = await sender.send("worker", "task_assignment", {}, { task: "t" });
  const settled = async (id: string) =>
    until("its end", async () => {
      const delivery = await deliveryOf(server, id, "worker");
      return delivery.settledAtMs !== null && delivery;
    });
  const broadcast = await settled(messageId);
  assert.deepEqual([broadcast.state, broadcast.result], ["done", { note: "no handler" }]);
  for (const { messageId: id } of [direct, task]) {
    const { state, note } = await settled(id);
    assert.equal(state, "dead");
    assert.match(note, /has no handler for/);
  }
});
