// The part of a CommunicationStore's contract that is about forgetting: by number, by age, and
// whole namespaces; communicationStoreContract registers it with the rest.

import assert from "node:assert/strict";

import type { CommunicationRecord } from "./store.ts";
import {
  BASE_MS,
  EXPECTS,
  NAMESPACE,
  accepted,
  loadWhole,
  idsOf,
  makeAgent,
  makeDelivery,
  makeMessage,
  makeTask,
} from "./test-support/store-records.ts";
import type { Check } from "./test-support/store-records.ts";

const PLENTY = { keep: 100, keepDead: 100 };

export function forgetting(check: Check): void {
  check("prune() forgets the oldest settled, never unsettled or open requests", async (store) => {
    const expects = makeMessage(1, { expectsReply: true, dedupeKey: "kept" });
    const unsettled = makeMessage(2);
    const settled = [3, 4, 5, 6, 7].map((n) => makeMessage(n, { dedupeKey: `key ${n}` }));
    const until = BASE_MS + 86_400_000;
    await store.append(
      NAMESPACE,
      [expects, unsettled, ...settled].map((message) => accepted(message, until)),
    );
    await store.append(
      NAMESPACE,
      [expects, ...settled].map((message) => ({
        kind: "delivery",
        delivery: makeDelivery(message, { state: "done" }),
      })),
    );
    let pruned = 0;
    for (let step = await store.prune(NAMESPACE, { keep: 2, keepDead: 0 }); step.messages > 0;) {
      pruned += step.messages;
      step = await store.prune(NAMESPACE, { keep: 2, keepDead: 0 });
    }
    assert.equal(pruned, 3);
    const left = idsOf(await store.messages(NAMESPACE, {}));
    assert.deepEqual(left, [settled[4]?.id, settled[3]?.id, unsettled.id, expects.id]);
    assert.equal(await store.delivery(NAMESPACE, "dlv_000003"), undefined);
    const snapshot = await loadWhole(store, NAMESPACE);
    assert.equal(snapshot.dedupe.length, 6, "dedupe keys outlive their messages");
    assert.equal(snapshot.lastSequence, 7);
  });

  deadLetters(check);
  unansweredRequests(check);

  check("prune() forgets settled messages of before the instant, however few", async (store) => {
    const all = [1, 2, 3, 4].map((n) => makeMessage(n));
    await store.append(
      NAMESPACE,
      all.map((message) => accepted(message)),
    );
    const settled = all.filter((_, index) => index !== 1);
    await store.append(
      NAMESPACE,
      settled.map((message) => ({
        kind: "delivery",
        delivery: makeDelivery(message, { state: "done" }),
      })),
    );
    const beforeMs = BASE_MS + 4;
    let pruned = 0;
    for (let step = await store.prune(NAMESPACE, { ...PLENTY, beforeMs }); step.messages > 0;) {
      pruned += step.messages;
      step = await store.prune(NAMESPACE, { ...PLENTY, beforeMs });
    }
    assert.equal(pruned, 2);
    assert.deepEqual(idsOf(await store.messages(NAMESPACE, {})), [all[3]?.id, all[1]?.id]);
    const [summary] = await store.conversations(NAMESPACE, {});
    assert.equal(summary?.conversationId, all[3]?.conversationId);
    assert.equal((await store.conversations(NAMESPACE, {})).length, 2);
  });

  check(
    "prune() forgets tasks and states of before the instant, but not the last",
    async (store) => {
      const tasks = [
        makeTask(1, { state: "completed", endedAtMs: BASE_MS + 10 }),
        makeTask(2),
        makeTask(3, { state: "failed", endedAtMs: BASE_MS + 5000 }),
      ];
      const states = [
        { agentId: "alice", state: "idle", atMs: BASE_MS + 1, reason: "quiet" },
        { agentId: "bob", state: "working", atMs: BASE_MS + 2, reason: "holds 1" },
        { agentId: "alice", state: "down", atMs: BASE_MS + 3000, reason: "silent" },
      ] as const;
      await store.append(NAMESPACE, [
        ...tasks.map((task) => ({ kind: "task", task }) as const),
        ...states.map((change) => ({ kind: "state", change }) as const),
      ]);
      await store.prune(NAMESPACE, { ...PLENTY, beforeMs: BASE_MS + 1000 });
      const left = (await store.tasks(NAMESPACE, {})).map(({ id }) => id);
      assert.deepEqual(left, ["task_3", "task_2"]);
      const range = { fromMs: 0, toMs: BASE_MS + 10_000 };
      assert.deepEqual(await store.states(NAMESPACE, range), states.slice(1));
    },
  );

  check("deleteNamespace() forgets one namespace and no other", async (store) => {
    for (const namespace of ["demo", NAMESPACE]) {
      await store.append(namespace, [
        { kind: "agent", agent: { ...makeAgent("planner"), namespace } },
        accepted({ ...makeMessage(1), namespace }),
        { kind: "task", task: { ...makeTask(1), namespace } },
      ]);
    }
    await store.deleteNamespace("demo");
    assert.deepEqual((await loadWhole(store, "demo")).agents, []);
    assert.deepEqual(await store.messages("demo", {}), []);
    assert.deepEqual(await store.tasks("demo", {}), []);
    assert.equal((await loadWhole(store, NAMESPACE)).agents.length, 1);
    assert.equal((await store.messages(NAMESPACE, {})).length, 1);
  });
}

function unansweredRequests(check: Check): void {
  check("prune() forgets requests settled without an answer by age alone", async (store) => {
    const asked = [1, 2, 3].map((number) => makeMessage(number, EXPECTS));
    const records = asked.map((message) => accepted(message));
    await store.append(NAMESPACE, records);
    await store.append(NAMESPACE, [settle(1, "done"), settle(3, "done")]);
    const none = { keep: 0, keepDead: 0 };
    assert.equal((await store.prune(NAMESPACE, none)).messages, 0);
    assert.equal((await loadWhole(store, NAMESPACE)).unanswered.length, 2);
    const pruned = await store.prune(NAMESPACE, { ...none, beforeMs: BASE_MS + 3 });
    assert.equal(pruned.messages, 1, "neither the younger nor the unsettled one");
    const { unanswered, unsettled } = await loadWhole(store, NAMESPACE);
    assert.deepEqual(
      unanswered.map(({ messageId }) => messageId),
      [asked[2]?.id],
    );
    assert.deepEqual(idsOf(unsettled), [asked[1]?.id]);
  });

  check("prune() counts a request as settled once it is answered", async (store) => {
    const message = makeMessage(1, EXPECTS);
    await store.append(NAMESPACE, [accepted(message), settle(1, "done")]);
    const none = { keep: 0, keepDead: 0 };
    assert.equal((await store.prune(NAMESPACE, none)).messages, 0);
    const answered = makeDelivery(message, { state: "done", answeredAtMs: BASE_MS, answerId: "m" });
    await store.append(NAMESPACE, [{ kind: "delivery", delivery: answered }]);
    assert.equal((await store.prune(NAMESPACE, none)).messages, 1);
  });
}

function settle(number: number, state: "done" | "dead"): CommunicationRecord {
  return { kind: "delivery", delivery: makeDelivery(makeMessage(number), { state }) };
}

function deadLetters(check: Check): void {
  check("prune() keeps dead letters however many messages are settled after", async (store) => {
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
    const records = numbers.map((number) => accepted(makeMessage(number)));
    await store.append(NAMESPACE, records);
    const settled = numbers.map((number) => settle(number, number <= 3 ? "dead" : "done"));
    await store.append(NAMESPACE, settled);
    const pruned = await store.prune(NAMESPACE, { keep: 5, keepDead: 3 });
    assert.deepEqual(pruned, { messages: 32, deadDeliveryIds: [] });
    assert.equal((await store.messages(NAMESPACE, { state: "dead" })).length, 3);
    assert.equal((await store.messages(NAMESPACE, { state: "done" })).length, 5);
  });

  check("prune() forgets the oldest dead letters beyond their own number", async (store) => {
    await store.append(
      NAMESPACE,
      [1, 2, 3, 4].map((number) => accepted(makeMessage(number))),
    );
    await store.append(
      NAMESPACE,
      [1, 2, 3, 4].map((number) => settle(number, number === 4 ? "done" : "dead")),
    );
    const pruned = await store.prune(NAMESPACE, { keep: 9, keepDead: 1 });
    assert.deepEqual(pruned, { messages: 2, deadDeliveryIds: ["dlv_000001", "dlv_000002"] });
    const left = idsOf(await store.messages(NAMESPACE, {}));
    assert.deepEqual(left, [makeMessage(4).id, makeMessage(3).id]);
    const aged = await store.prune(NAMESPACE, { ...PLENTY, beforeMs: BASE_MS + 4 });
    assert.deepEqual(aged, { messages: 1, deadDeliveryIds: ["dlv_000003"] });
  });

  check(
    "prune() counts a message as it stands now: redriven, done, or one copy dead",
    async (store) => {
      const both = makeMessage(2, { recipientId: null });
      const copies = ["bob", "carol"].map((recipientId, index) =>
        makeDelivery(both, { id: `dlv_000002-${index}`, recipientId, sequence: 2 + index }),
      );
      await store.append(NAMESPACE, [
        accepted(makeMessage(1)),
        { kind: "message", message: both, deliveries: copies, dedupeUntilMs: null },
        settle(1, "dead"),
        ...copies.map((delivery, index) => {
          const state = index === 0 ? "dead" : "done";
          return { kind: "delivery", delivery: { ...delivery, state } } as const;
        }),
        { kind: "delivery", delivery: makeDelivery(makeMessage(1)) },
      ]);
      assert.equal((await store.prune(NAMESPACE, { keep: 0, keepDead: 1 })).messages, 0);
      await store.append(NAMESPACE, [settle(1, "done")]);
      assert.equal((await store.prune(NAMESPACE, { keep: 0, keepDead: 1 })).messages, 1);
      const { deadDeliveryIds } = await store.prune(NAMESPACE, { keep: 0, keepDead: 0 });
      assert.deepEqual(deadDeliveryIds, ["dlv_000002-0"]);
    },
  );
}
