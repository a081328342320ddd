// What every CommunicationStore must do, as tests: each adapter's test file calls this suite, so
// that the rules above the port never depend on which store is below.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Agent, Delivery, Message, StateChange, Task } from "./model.ts";
import type { CommunicationRecord, CommunicationStore } from "./store.ts";

/** A store under test, and how to let go of it. */
export interface StoreUnderTest {
  readonly store: CommunicationStore;
  /** Closes it and removes what it left behind. */
  readonly close: () => Promise<void> | void;
}

const NAMESPACE = "default";
const BASE_MS = 1_700_000_000_000;
const EXPECTS = { expectsReply: true };

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
    conversationQueries(check);
    taskAndStateQueries(check);
    forgetting(check);
  });
}

type Check = (criterion: string, body: (store: CommunicationStore) => Promise<void>) => void;

function appendAndLoad(check: Check): void {
  check("load() of an unknown namespace is empty", async (store) => {
    assert.deepEqual(await store.load("nowhere"), {
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
    assert.deepEqual((await store.load(NAMESPACE)).agents, [second]);
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
    const snapshot = await store.load(NAMESPACE);
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
    const snapshot = await store.load(NAMESPACE);
    assert.deepEqual(snapshot.unanswered, [{ message: open, delivery: done }]);
    assert.deepEqual(snapshot.unsettled, []);
  });

  check("load() remembers dedupe keys with their message and end", async (store) => {
    const message = makeMessage(1, { dedupeKey: "once" });
    await store.append(NAMESPACE, [accepted(message, BASE_MS + 5000), accepted(makeMessage(2))]);
    await store.append(NAMESPACE, [
      { kind: "delivery", delivery: makeDelivery(message, { state: "done" }) },
    ]);
    assert.deepEqual((await store.load(NAMESPACE)).dedupe, [
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
    const { dedupe } = await store.load(NAMESPACE);
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
    const snapshot = await store.load(NAMESPACE);
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
    const { unsettled } = await store.load(NAMESPACE);
    assert.equal(unsettled.length, 50);
  });
}

function messageQueries(check: Check): void {
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

function conversationQueries(check: Check): void {
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
}

function taskAndStateQueries(check: Check): void {
  check("tasks() filters, newest first; load() gives the open ones", async (store) => {
    const tasks = [
      makeTask(1, { state: "completed", endedAtMs: BASE_MS + 5, result: { sum: 3 } }),
      makeTask(2, { agentId: "carol", parentId: "task_1" }),
      makeTask(3, { state: "input-required", progress: 0.5, note: "which branch?" }),
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
    assert.deepEqual(await store.task(NAMESPACE, "task_1"), tasks[0]);
    assert.equal(await store.task("other", "task_1"), undefined);
    const { openTasks } = await store.load(NAMESPACE);
    assert.deepEqual(openTasks.map((task) => task.id).toSorted(), ["task_2", "task_3"]);
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
    const { states } = await store.load(NAMESPACE);
    assert.deepEqual(
      states.toSorted((a, b) => (a.agentId < b.agentId ? -1 : 1)),
      [changes[4], changes[2]],
    );
  });
}

function forgetting(check: Check): void {
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
    for (let step = await store.prune(NAMESPACE, 2); step.messages > 0;) {
      pruned += step.messages;
      step = await store.prune(NAMESPACE, 2);
    }
    assert.equal(pruned, 3);
    const left = idsOf(await store.messages(NAMESPACE, {}));
    assert.deepEqual(left, [settled[4]?.id, settled[3]?.id, unsettled.id, expects.id]);
    assert.equal(await store.delivery(NAMESPACE, "dlv_000003"), undefined);
    const snapshot = await store.load(NAMESPACE);
    assert.equal(snapshot.dedupe.length, 6, "dedupe keys outlive their messages");
    assert.equal(snapshot.lastSequence, 7);
  });

  check("deleteNamespace() forgets one namespace and no other", async (store) => {
    for (const namespace of ["demo", NAMESPACE]) {
      await store.append(namespace, [
        { kind: "agent", agent: { ...makeAgent("planner"), namespace } },
        accepted({ ...makeMessage(1), namespace }),
        { kind: "task", task: { ...makeTask(1), namespace } },
      ]);
    }
    await store.deleteNamespace("demo");
    assert.deepEqual((await store.load("demo")).agents, []);
    assert.deepEqual(await store.messages("demo", {}), []);
    assert.deepEqual(await store.tasks("demo", {}), []);
    assert.equal((await store.load(NAMESPACE)).agents.length, 1);
    assert.equal((await store.messages(NAMESPACE, {})).length, 1);
  });
}

function idsOf(found: readonly { readonly message: Message }[]): string[] {
  return found.map((entry) => entry.message.id);
}

function makeAgent(id: string): Agent {
  return {
    id,
    namespace: NAMESPACE,
    name: id,
    capabilities: [],
    endpoint: null,
    kind: id,
    version: null,
    instance: null,
    metadata: {},
    status: "online",
    registeredAtMs: BASE_MS,
    paused: null,
  };
}

function makeMessage(number: number, changes: Partial<Message> = {}): Message {
  const id = `msg_${String(number).padStart(6, "0")}`;
  return {
    id,
    namespace: NAMESPACE,
    senderId: "alice",
    recipientId: "bob",
    type: "direct",
    payload: { number },
    priority: "normal",
    conversationId: id,
    replyToId: null,
    expectsReply: false,
    orderingKey: null,
    dedupeKey: null,
    traceparent: null,
    task: null,
    acceptedAtMs: BASE_MS + number,
    ...changes,
  };
}

function makeDelivery(message: Message, changes: Partial<Delivery> = {}): Delivery {
  const digits = message.id.slice("msg_".length);
  return {
    id: `dlv_${digits}`,
    messageId: message.id,
    recipientId: message.recipientId ?? "bob",
    priority: message.priority,
    sequence: Number(digits),
    state: "ready",
    attempts: 0,
    acceptedAtMs: message.acceptedAtMs,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
    ...changes,
  };
}

function accepted(message: Message, dedupeUntilMs: number | null = null): CommunicationRecord {
  return { kind: "message", message, deliveries: [makeDelivery(message)], dedupeUntilMs };
}

function makeTask(number: number, changes: Partial<Task> = {}): Task {
  return {
    id: `task_${number}`,
    namespace: NAMESPACE,
    agentId: "bob",
    title: `task ${number}`,
    parentId: null,
    messageId: null,
    state: "working",
    attempt: 1,
    progress: null,
    note: null,
    result: null,
    expectMs: null,
    createdAtMs: BASE_MS + number,
    updatedAtMs: BASE_MS + number,
    endedAtMs: null,
    ...changes,
  };
}
