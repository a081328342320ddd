import assert from "node:assert/strict";
import { test } from "node:test";

import { VolatileFeedStore } from "../../dashboard/index.ts";
import { feedStoreContract } from "../../dashboard/store-contract.ts";
import { storageLimits } from "../limits.ts";
import { SqliteFeedStore } from "./feed-store.ts";
import { openLedger } from "./open.ts";

feedStoreContract("SqliteFeedStore", () => {
  const database = openLedger(":memory:");
  return { store: new SqliteFeedStore(database), close: () => database.close() };
});

feedStoreContract("VolatileFeedStore", () => ({
  store: new VolatileFeedStore(),
  close: () => undefined,
}));

test("SqliteFeedStore.appendEvents() keeps a bounded tail", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteFeedStore(database);
  const kept = storageLimits.storedEvents.value;
  const event = { agentId: null, atMs: 1, kind: "server", level: "info", text: "x" } as const;
  const events = Array.from({ length: kept + 500 }, (_, index) => ({ ...event, id: index + 1 }));
  await store.appendEvents("default", events);
  const [oldest] = await store.events("default", { afterId: 0, limit: 1 });
  assert.equal(oldest?.id, 501);
});
