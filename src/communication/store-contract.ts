// What every CommunicationStore must do, as tests: each adapter's test file calls this suite, so
// that the rules above the port never depend on which store is below.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Agent, StateChange } from "./model.ts";
import { forgetting } from "./store-forgetting-contract.ts";
import { conversationQueries, messageQueries, traceQueries } from "./store-queries-contract.ts";
import type { CommunicationStore } from "./store.ts";
import {
  BASE_MS,
  EXPECTS,
  NAMESPACE,
  accepted,
  loadWhole,
  makeAgent,
  makeDelivery,
  makeMessage,
  makeTask,
} from "./test-support/store-records.ts";
import type { Check } from "./test-support/store-records.ts";

/** A store under test, and how to let go of it. */
export interface StoreUnderTest {
  readonly store: CommunicationStore;
  /** Closes it and removes what it left behind. */
  readonly close: () => Promise<void> | void;
}

/**
 * Registers the contract of {@link CommunicationStore} as a node:test suite.
 * @param name the adapter's name, shown in the test report.
 * @param factory makes an empty store for one test.
 * @example
 * communicationStoreContract("VolatileCommunicationStore", () => ({
 *   store: new VolatileCommunicationStore(),
 *   close: () => undefined,
 * }));
 */
export function communicationStoreContract(
  name: string,
  factory: () => Promise<StoreUnderTest> | StoreUnderTest,
): void {
  const check = (criterion: string, body: (store: CommunicationStore) => Promise<void>): void => {
    test(criterion, async () => {
      const { store, close } = await factory();
      try {
        await body(store);
      } finally {
        await close();
      }
    });
  };
  describe(`${name} keeps the contract of CommunicationStore`, () => {
    appendAndLoad(check);
    messageQueries(check);
    traceQueries(check);
    conversationQueries(check);
    taskAndStateQueries(check);
    forgetting(check);
  });
}

function appendAndLoad(check: Check): void {
  check("load() of an unknown namespace is empty", async (store) => {
    assert.deepEqual(await loadWhole(store, "nowhere"), {
      agents: [],
      unsettled: [],
      unanswered: [],
      openTasks: [],
      dedupe: [],
      lastSequence: 0,
      states: [],
    });
  });

  check("append() keeps the last version of an agent, and its removal", async (store) => {
    const first = makeAgent("planner");
    await store.append(NAMESPACE, [
      { kind: "agent", agent: first },
      { kind: "agent", agent: makeAgent("gone") },
    ]);
    const second: Agent = {
      ...first,
      capabilities: ["plan"],
      metadata: { deep: { list: [1, null, "é"] } },
      instance: { id: "i1", pid: 7 },
      paused: { sinceMs: BASE_MS, by: "local", reason: "tests" },
    };
    await store.append(NAMESPACE, [
      { kind: "agent", agent: second },
      { kind: "agent-removed", agentId: "gone" },
    ]);
    assert.deepEqual((await loadWhole(store, NAMESPACE)).agents, [second]);
  });

  check("load() gives unsettled deliveries by sequence, as last written", async (store) => {
    const late = makeMessage(3);
    const early = makeMessage(1);
    const settled = makeMessage(2);
    await store.append(NAMESPACE, [accepted(late), accepted(settled), accepted(early)]);
    const leased = makeDelivery(late, { state: "leased", attempts: 2, deliveredAtMs: BASE_MS });
    await store.append(NAMESPACE, [
      { kind: "delivery", delivery: leased },
      { kind: "delivery", delivery: makeDelivery(settled, { state: "done" }) },
    ]);
    const snapshot = await loadWhole(store, NAMESPACE);
    assert.deepEqual(snapshot.unsettled, [
      { message: early, delivery: makeDelivery(early) },
      { message: late, delivery: leased },
    ]);
    assert.equal(snapshot.lastSequence, 3);
  });

  check("load() gives open requests: done, expecting a reply, unanswered", async (store) => {
    const [open, answered] = [makeMessage(1, EXPECTS), makeMessage(2, EXPECTS)];
    const [dead, plain] = [makeMessage(3, EXPECTS), makeMessage(4)];
    const all = [open, answered, dead, plain];
    await store.append(
      NAMESPACE,
      all.map((message) => accepted(message)),
    );
    const done = makeDelivery(open, { state: "done", settledAtMs: BASE_MS + 9 });
    await store.append(NAMESPACE, [
      { kind: "delivery", delivery: done },
      {
        kind: "delivery",
        delivery: makeDelivery(answered, { state: "done", answeredAtMs: BASE_MS, answerId: "m9" }),
      },
      { kind: "delivery", delivery: makeDelivery(dead, { state: "dead", deadReason: "rejected" }) },
      { kind: "delivery", delivery: makeDelivery(plain, { state: "done" }) },
    ]);
    const snapshot = await loadWhole(store, NAMESPACE);
    assert.deepEqual(snapshot.unanswered, [
      {
        messageId: open.id,
        deliveryId: done.id,
        senderId: "alice",
        recipientId: "bob",
        acceptedAtMs: open.acceptedAtMs,
      },
    ]);
    assert.deepEqual(snapshot.unsettled, []);
  });

  check("load() remembers dedupe keys with their message and end", async (store) => {
    const message = makeMessage(1, { dedupeKey: "once" });
    await store.append(NAMESPACE, [accepted(message, BASE_MS + 5000), accepted(makeMessage(2))]);
    await store.append(NAMESPACE, [
      { kind: "delivery", delivery: makeDelivery(message, { state: "done" }) },
    ]);
    assert.deepEqual((await loadWhole(store, NAMESPACE)).dedupe, [
      {
        senderId: "alice",
        dedupeKey: "once",
        messageId: message.id,
        untilMs: BASE_MS + 5000,
      },
    ]);
  });

  check("append() lets a dedupe key be used again by a later message", async (store) => {
    const first = makeMessage(1, { dedupeKey: "once" });
    const again = makeMessage(2, { dedupeKey: "once", acceptedAtMs: BASE_MS + 90_000 });
    await store.append(NAMESPACE, [accepted(first, BASE_MS + 60_000)]);
    await store.append(NAMESPACE, [accepted(again, BASE_MS + 150_000)]);
    const { dedupe } = await loadWhole(store, NAMESPACE);
    assert.deepEqual(
      dedupe.map((entry) => [entry.messageId, entry.untilMs]),
      [[again.id, BASE_MS + 150_000]],
    );
  });

  check("append() writes all records of a batch or none", async (store) => {
    const message = makeMessage(1);
    await store.append(NAMESPACE, [accepted(message)]);
    await assert.rejects(
      store.append(NAMESPACE, [
        { kind: "agent", agent: makeAgent("half") },
        accepted(makeMessage(2)),
        accepted(message),
      ]),
    );
    const snapshot = await loadWhole(store, NAMESPACE);
    assert.deepEqual(snapshot.agents, []);
    assert.equal(snapshot.lastSequence, 1);
    assert.equal(await store.message(NAMESPACE, makeMessage(2).id), undefined);
  });

  check("append() resolves in order for calls made together", async (store) => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await store.append(NAMESPACE, [accepted(makeMessage(index + 1))]);
        order.push(index);
      }),
    );
    assert.deepEqual(
      order,
      Array.from({ length: 50 }, (_, index) => index),
    );
    const { unsettled } = await loadWhole(store, NAMESPACE);
    assert.equal(unsettled.length, 50);
  });
}

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

function taskAndStateQueries(check: Check): void {
  check("tasks() filters, newest first; load() gives the open ones", async (store) => {
    const tasks = [
      makeTask(1, { state: "completed", endedAtMs: BASE_MS + 5, result: { sum: 3 } }),
      makeTask(2, { agentId: "carol", parentId: "task_1" }),
      makeTask(3, {
        state: "input-required",
        progress: 0.5,
        note: "which branch?",
        traceparent: TRACEPARENT,
      }),
    ] as const;
    await store.append(NAMESPACE, [{ kind: "task", task: makeTask(1) }]);
    await store.append(
      NAMESPACE,
      tasks.map((task) => ({ kind: "task", task })),
    );
    assert.deepEqual(await store.tasks(NAMESPACE, {}), tasks.toReversed());
    assert.deepEqual(await store.tasks(NAMESPACE, { open: true }), [tasks[2], tasks[1]]);
    assert.deepEqual(await store.tasks(NAMESPACE, { open: true, limit: 1 }), [tasks[2]]);
    assert.deepEqual(await store.tasks(NAMESPACE, { agentId: "carol" }), [tasks[1]]);
    assert.deepEqual(await store.tasks(NAMESPACE, { parentId: "task_1" }), [tasks[1]]);
    assert.deepEqual(await store.tasks(NAMESPACE, { state: "completed" }), [tasks[0]]);
    const traceId = TRACEPARENT.slice(3, 35);
    assert.deepEqual(await store.tasks(NAMESPACE, { traceId }), [tasks[2]]);
    assert.deepEqual(await store.tasks(NAMESPACE, { traceId, agentId: "carol" }), []);
    assert.deepEqual(await store.tasks("other", { traceId }), []);
    assert.deepEqual(await store.task(NAMESPACE, "task_1"), tasks[0]);
    assert.equal(await store.task("other", "task_1"), undefined);
    const { openTasks } = await loadWhole(store, NAMESPACE);
    assert.deepEqual(openTasks.map((task) => task.id).toSorted(), ["task_2", "task_3"]);
  });

  check("tasks() of one instant are all found, page by page", async (store) => {
    const tasks = Array.from({ length: 25 }, (_, index) =>
      makeTask(index + 1, { createdAtMs: BASE_MS + Math.floor(index / 15) }),
    );
    await store.append(
      NAMESPACE,
      tasks.map((task) => ({ kind: "task", task })),
    );
    for (const about of [{}, { open: true }, { agentId: "bob" }]) {
      for (const usesInstant of [true, false]) {
        const ids: string[] = [];
        let page = await store.tasks(NAMESPACE, { ...about, limit: 4 });
        for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
          ids.push(...page.map(({ id }) => id));
          const place = usesInstant ? { beforeMs: last.createdAtMs } : {};
          page = await store.tasks(NAMESPACE, { ...about, ...place, beforeId: last.id, limit: 4 });
        }
        assert.deepEqual(ids, tasks.map(({ id }) => id).toReversed());
      }
    }
    const gone = { beforeId: "gone" };
    assert.deepEqual(await store.tasks(NAMESPACE, gone), []);
    assert.equal((await store.tasks(NAMESPACE, { ...gone, beforeMs: BASE_MS + 1 })).length, 15);
  });

  check("states() gives the range with each agent's last change before it", async (store) => {
    const changes: StateChange[] = [
      { agentId: "bob", state: "idle", atMs: BASE_MS, reason: "holds nothing" },
      { agentId: "bob", state: "working", atMs: BASE_MS + 1000, reason: "holds 1" },
      { agentId: "carol", state: "down", atMs: BASE_MS + 1500, reason: "left" },
      { agentId: "bob", state: "stuck", atMs: BASE_MS + 2000, reason: "no output for 10 min" },
      { agentId: "bob", state: "idle", atMs: BASE_MS + 3000, reason: "holds nothing" },
    ];
    await store.append(
      NAMESPACE,
      changes.map((change) => ({ kind: "state", change })),
    );
    const range = { fromMs: BASE_MS + 2000, toMs: BASE_MS + 3000 };
    assert.deepEqual(await store.states(NAMESPACE, range), changes.slice(1, 4));
    assert.deepEqual(await store.states(NAMESPACE, { ...range, agentId: "carol" }), [changes[2]]);
    const { states } = await loadWhole(store, NAMESPACE);
    assert.deepEqual(
      states.toSorted((a, b) => (a.agentId < b.agentId ? -1 : 1)),
      [changes[4], changes[2]],
    );
  });
}
