import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { EventNumbers, Feed } from "./feed.ts";
import { VolatileFeedStore } from "./volatile-feed-store.ts";

/** A store on a disk that can be full. */
class LimitedStore extends VolatileFeedStore {
  full = false;

  override async appendEvents(...batch: Parameters<VolatileFeedStore["appendEvents"]>) {
    if (this.full) throw new Error("the disk is full");
    await super.appendEvents(...batch);
  }
}

const LINE = { kind: "server", level: "info", agentId: null } as const;

test("Feed keeps lines that the store refused, and stores them in order when it takes them", async () => {
  const store = new LimitedStore();
  const feed = new Feed("default", store, new EventNumbers(0), new ManualClock());
  store.full = true;
  feed.add({ ...LINE, text: "first" });
  feed.add({ ...LINE, text: "second" });
  await assert.rejects(feed.flush(), /the disk is full/);
  store.full = false;
  feed.add({ ...LINE, text: "third" });
  await feed.flush();
  const stored = await store.events("default", { limit: 10 });
  assert.deepEqual(
    stored.map(({ text }) => text),
    ["first", "second", "third"],
  );
});
