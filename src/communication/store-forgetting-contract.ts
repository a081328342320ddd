// The part of a CommunicationStore's contract that is about forgetting: by number, by age, and
// whole namespaces; communicationStoreContract registers it with the rest.

import assert from "node:assert/strict";

import {
  BASE_MS,
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
    for (let step = await store.prune(NAMESPACE, 2); step.messages > 0;) {
      pruned += step.messages;
      step = await store.prune(NAMESPACE, 2);
    }
    assert.equal(pruned, 3);
    const left = idsOf(await store.messages(NAMESPACE, {}));
    assert.deepEqual(left, [settled[4]?.id, settled[3]?.id, unsettled.id, expects.id]);
    assert.equal(await store.delivery(NAMESPACE, "dlv_000003"), undefined);
    const snapshot = await loadWhole(store, NAMESPACE);
    assert.equal(snapshot.dedupe.length, 6, "dedupe keys outlive their messages");
    assert.equal(snapshot.lastSequence, 7);
  });

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
    for (let step = await store.prune(NAMESPACE, 100, beforeMs); step.messages > 0;) {
      pruned += step.messages;
      step = await store.prune(NAMESPACE, 100, beforeMs);
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
      await store.prune(NAMESPACE, 100, BASE_MS + 1000);
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
