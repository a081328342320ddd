// The part of a CommunicationStore's contract that answers questions about messages and
// conversations; communicationStoreContract registers it with the rest.

import assert from "node:assert/strict";

import type { Message } from "./model.ts";
import type { CommunicationStore } from "./store.ts";
import {
  BASE_MS,
  NAMESPACE,
  accepted,
  idsOf,
  makeDelivery,
  makeMessage,
} from "./test-support/store-records.ts";
import type { Check } from "./test-support/store-records.ts";

export function messageQueries(check: Check): void {
  check("message() and delivery() find by id in their namespace only", async (store) => {
    const message = makeMessage(1, { payload: { words: ["é", 1.5, null, true] } });
    const delivery = makeDelivery(message);
    await store.append(NAMESPACE, [accepted(message)]);
    const receipts = { message, deliveries: [delivery] };
    assert.deepEqual(await store.message(NAMESPACE, message.id), receipts);
    assert.deepEqual(await store.delivery(NAMESPACE, delivery.id), { message, delivery });
    assert.equal(await store.message("other", message.id), undefined);
    assert.equal(await store.delivery("other", delivery.id), undefined);
    assert.equal(await store.message(NAMESPACE, "msg_none"), undefined);
  });

  check("message() carries the receipt of every recipient of a broadcast", async (store) => {
    const message = makeMessage(1, { recipientId: null, type: "broadcast" });
    const deliveries = ["bob", "carol"].map((recipientId, index) =>
      makeDelivery(message, { id: `dlv_b${index}`, recipientId, sequence: index + 1 }),
    );
    await store.append(NAMESPACE, [{ kind: "message", message, deliveries, dedupeUntilMs: null }]);
    assert.deepEqual(await store.message(NAMESPACE, message.id), { message, deliveries });
    for (const agentId of ["alice", "bob", "carol"]) {
      assert.equal((await store.messages(NAMESPACE, { agentId })).length, 1, agentId);
    }
    assert.equal((await store.messages(NAMESPACE, { recipientId: "carol" })).length, 1);
    assert.equal((await store.messages(NAMESPACE, { senderId: "carol" })).length, 0);
  });

  check("messages() lists newest first, pages with beforeId and limit", async (store) => {
    const all = Array.from({ length: 120 }, (_, index) => makeMessage(index + 1));
    await store.append(
      NAMESPACE,
      all.map((message) => accepted(message)),
    );
    const ids = all.map((message) => message.id).toReversed();
    assert.deepEqual(idsOf(await store.messages(NAMESPACE, {})), ids.slice(0, 100));
    const page = await store.messages(NAMESPACE, { limit: 5, beforeId: makeMessage(50).id });
    assert.deepEqual(idsOf(page), ids.slice(71, 76));
    assert.equal((await store.messages(NAMESPACE, { limit: 9999 })).length, 120);
  });

  check("messages() holds every condition at once", async (store) => {
    const one = makeMessage(1, { type: "direct", payload: { text: "Index the Repository" } });
    const two = makeMessage(2, {
      senderId: "dave",
      recipientId: "carol",
      type: "status_update",
      conversationId: "talk",
      payload: { text: "repository ready" },
      acceptedAtMs: BASE_MS + 2000,
    });
    await store.append(NAMESPACE, [accepted(one), accepted(two)]);
    await store.append(NAMESPACE, [
      { kind: "delivery", delivery: makeDelivery(two, { state: "dead", deadReason: "expired" }) },
    ]);
    const find = async (query: Parameters<CommunicationStore["messages"]>[1]): Promise<string[]> =>
      idsOf(await store.messages(NAMESPACE, query));
    assert.deepEqual(await find({ senderId: "dave" }), [two.id]);
    assert.deepEqual(await find({ recipientId: "bob" }), [one.id]);
    assert.deepEqual(await find({ agentId: "carol" }), [two.id]);
    assert.deepEqual(await find({ conversationId: "talk" }), [two.id]);
    assert.deepEqual(await find({ type: "direct" }), [one.id]);
    assert.deepEqual(await find({ state: "dead" }), [two.id]);
    assert.deepEqual(await find({ state: "dead", recipientId: "bob" }), []);
    assert.deepEqual(await find({ text: "repository" }), [two.id, one.id]);
    assert.deepEqual(await find({ text: "REPOSITORY index" }), [one.id]);
    assert.deepEqual(await find({ text: "status_update" }), [two.id]);
    assert.deepEqual(await find({ text: "nothing" }), []);
    assert.deepEqual(await find({ text: "100%_'\"*" }), []);
    assert.deepEqual(await find({ fromMs: BASE_MS + 2000 }), [two.id]);
    assert.deepEqual(await find({ toMs: BASE_MS + 2000 }), [one.id]);
    assert.deepEqual(await find({ agentId: "alice", text: "ready" }), []);
  });
}

function traced(number: number, traceId: string | null, changes: Partial<Message> = {}): Message {
  const traceparent = traceId === null ? null : `00-${traceId}-b7ad6b716920333${number}-01`;
  return makeMessage(number, { traceparent, ...changes });
}

export function traceQueries(check: Check): void {
  check("messages() of one trace are those whose traceparent carries it", async (store) => {
    const [traceId, other] = ["0af7651916cd43dd8448eb211c80319c", "f".repeat(32)];
    const all = [
      traced(1, traceId),
      traced(2, other),
      traced(3, null),
      traced(4, traceId, { senderId: "carol", recipientId: "dave" }),
    ];
    await store.append(
      NAMESPACE,
      all.map((message) => accepted(message)),
    );
    const find = async (query: Parameters<CommunicationStore["messages"]>[1]): Promise<string[]> =>
      idsOf(await store.messages(NAMESPACE, query));
    assert.deepEqual(await find({ traceId }), [all[3]?.id, all[0]?.id]);
    assert.deepEqual(await find({ traceId, agentId: "dave" }), [all[3]?.id]);
    assert.deepEqual(await find({ traceId, senderId: "alice" }), [all[0]?.id]);
    assert.deepEqual(await find({ traceId: "a".repeat(32) }), []);
    assert.deepEqual(await store.messages("other", { traceId }), []);
    const before = all[3]?.id ?? "";
    assert.deepEqual(await find({ traceId, beforeId: before, limit: 1 }), [all[0]?.id]);
  });
}

export function conversationQueries(check: Check): void {
  check("conversations() sums up, newest first", async (store) => {
    const request = makeMessage(1, {
      conversationId: "c1",
      type: "task_assignment",
      task: { title: "index repo" },
    });
    const answer = makeMessage(2, {
      conversationId: "c1",
      senderId: "bob",
      recipientId: "alice",
      replyToId: request.id,
      acceptedAtMs: BASE_MS + 3000,
    });
    const other = makeMessage(3, {
      conversationId: "c2",
      senderId: "carol",
      acceptedAtMs: BASE_MS + 1000,
    });
    await store.append(NAMESPACE, [accepted(request), accepted(answer), accepted(other)]);
    await store.append(NAMESPACE, [
      { kind: "delivery", delivery: makeDelivery(request, { state: "done" }) },
      { kind: "delivery", delivery: makeDelivery(other, { state: "dead", deadReason: "expired" }) },
    ]);
    const first = {
      conversationId: "c1",
      participants: ["alice", "bob"],
      firstAtMs: request.acceptedAtMs,
      lastAtMs: BASE_MS + 3000,
      messages: 2,
      open: 1,
      dead: 0,
      subject: "task_assignment: index repo",
    };
    const second = {
      conversationId: "c2",
      participants: ["carol", "bob"],
      firstAtMs: BASE_MS + 1000,
      lastAtMs: BASE_MS + 1000,
      messages: 1,
      open: 0,
      dead: 1,
      subject: "direct",
    };
    assert.deepEqual(await store.conversations(NAMESPACE, {}), [first, second]);
    assert.deepEqual(await store.conversations(NAMESPACE, { agentId: "carol" }), [second]);
    assert.deepEqual(await store.conversations(NAMESPACE, { beforeMs: BASE_MS + 3000 }), [second]);
    assert.deepEqual(await store.conversations(NAMESPACE, { limit: 1 }), [first]);
  });

  check("conversations() of one instant are all found, page by page", async (store) => {
    const messages = Array.from({ length: 30 }, (_, index) =>
      makeMessage(index + 1, { acceptedAtMs: BASE_MS + Math.floor(index / 20) }),
    );
    await store.append(
      NAMESPACE,
      messages.map((message) => accepted(message)),
    );
    for (const about of [{}, { agentId: "bob" }]) {
      const ids: string[] = [];
      let page = await store.conversations(NAMESPACE, { ...about, limit: 7 });
      for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
        ids.push(...page.map(({ conversationId }) => conversationId));
        const place = { beforeMs: last.lastAtMs, beforeId: last.conversationId };
        page = await store.conversations(NAMESPACE, { ...about, ...place, limit: 7 });
      }
      assert.deepEqual(ids, messages.map(({ id }) => id).toReversed());
    }
  });

  check(
    "conversations() after one that moved on, or is gone, go on from its place",
    async (store) => {
      const messages = [1, 2, 3, 4].map((number) => makeMessage(number));
      await store.append(
        NAMESPACE,
        messages.map((message) => accepted(message)),
      );
      const third = { beforeMs: BASE_MS + 3, beforeId: messages[2]?.id ?? "" };
      const more = makeMessage(9, { conversationId: third.beforeId });
      await store.append(NAMESPACE, [accepted(more)]);
      const idsFrom = async (query: object): Promise<string[]> =>
        (await store.conversations(NAMESPACE, query)).map(({ conversationId }) => conversationId);
      const [first, second, , fourth] = messages.map(({ id }) => id);
      assert.deepEqual(await idsFrom(third), [second, first]);
      assert.deepEqual(await idsFrom({ beforeId: third.beforeId }), [fourth, second, first]);
      assert.deepEqual(await idsFrom({ ...third, beforeId: "gone" }), [second, first]);
      assert.deepEqual(await idsFrom({ beforeId: "gone" }), []);
    },
  );
}
