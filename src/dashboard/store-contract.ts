// What every FeedStore must do, as tests. Imported by its own path, never through index.ts: it
// pulls in node:test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { FeedEvent } from "./model.ts";
import type { FeedStore } from "./store.ts";

/** A store under test, and how to let go of it. */
export interface FeedStoreUnderTest {
  readonly store: FeedStore;
  readonly close: () => Promise<void> | void;
}

/**
 * Registers the contract of {@link FeedStore} as a node:test suite.
 * @param name the adapter's name, shown in the test report.
 * @param factory makes an empty store for one test.
 */
export function feedStoreContract(
  name: string,
  factory: () => Promise<FeedStoreUnderTest> | FeedStoreUnderTest,
): void {
  const check = (criterion: string, body: (store: FeedStore) => Promise<void>): void => {
    test(criterion, async () => {
      const { store, close } = await factory();
      try {
        await body(store);
      } finally {
        await close();
      }
    });
  };
  describe(`${name} keeps the contract of FeedStore`, () => {
    check("an empty store has nothing", async (store) => {
      assert.deepEqual(await store.events("default", {}), []);
      assert.equal(await store.lastEventId(), 0);
    });

    check("events() without afterId gives the newest, oldest of them first", async (store) => {
      const all = Array.from({ length: 30 }, (_, index) => makeEvent(index + 1));
      await store.appendEvents("default", all.slice(0, 10));
      await store.appendEvents("default", all.slice(10));
      assert.deepEqual(await store.events("default", {}), all);
      assert.deepEqual(await store.events("default", { limit: 3 }), all.slice(27));
    });

    check("events() with afterId goes on where a reader stopped", async (store) => {
      const all = Array.from({ length: 30 }, (_, index) => makeEvent(index + 1));
      await store.appendEvents("default", all);
      assert.deepEqual(await store.events("default", { afterId: 12, limit: 5 }), all.slice(12, 17));
      assert.deepEqual(await store.events("default", { afterId: 30 }), []);
      assert.deepEqual(await store.events("default", { afterId: 0, limit: 1 }), all.slice(0, 1));
    });

    check("events() of one agent leaves out all others", async (store) => {
      const all = [
        makeEvent(1, { agentId: "planner" }),
        makeEvent(2, { agentId: "reviewer", kind: "paused", level: "warning" }),
        makeEvent(3),
        makeEvent(4, { agentId: "planner", text: 'said "no", über' }),
      ];
      await store.appendEvents("default", all);
      assert.deepEqual(await store.events("default", { agentId: "planner" }), [all[0], all[3]]);
      assert.deepEqual(await store.events("default", { agentId: "planner", limit: 1 }), [all[3]]);
      assert.deepEqual(await store.events("default", { agentId: "planner", afterId: 1 }), [all[3]]);
    });

    check("lastEventId() is the highest of all namespaces", async (store) => {
      await store.appendEvents("default", [makeEvent(5)]);
      await store.appendEvents("demo", [makeEvent(9)]);
      await store.appendEvents("default", [makeEvent(7)]);
      assert.equal(await store.lastEventId(), 9);
    });

    check("deleteNamespace() forgets one namespace and no other", async (store) => {
      await store.appendEvents("default", [makeEvent(1)]);
      await store.appendEvents("demo", [makeEvent(2)]);
      await store.deleteNamespace("demo");
      assert.deepEqual(await store.events("demo", {}), []);
      assert.deepEqual(await store.events("default", {}), [makeEvent(1)]);
    });
  });
}

function makeEvent(id: number, changes: Partial<FeedEvent> = {}): FeedEvent {
  return {
    id,
    atMs: 1_700_000_000_000 + id,
    kind: "state",
    level: "info",
    agentId: null,
    text: `event ${id}`,
    ...changes,
  };
}
