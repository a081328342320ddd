import assert from "node:assert/strict";
import { test } from "node:test";

import { callOf, callStoreContract } from "./call-store-contract.ts";
import { VolatileCallStore } from "./volatile-call-store.ts";

callStoreContract("VolatileCallStore", () => ({ store: new VolatileCallStore() }));

test("VolatileCallStore.appendCalls() never holds more than its room, failures longest", async () => {
  const store = new VolatileCallStore({ keep: 50, keepNotable: 5 });
  for (let sequence = 1; sequence <= 5000; sequence++) {
    const notable = sequence % 100 === 0;
    const call = callOf(sequence, { status: notable ? 503 : 200 });
    await store.appendCalls("default", [{ call, notable }]);
  }
  const calls = await store.calls("default", { limit: 1000 });
  assert.equal(calls.length, 55);
  const failed = calls.filter((call) => call.status === 503).map((call) => call.sequence);
  assert.deepEqual(failed, [5000, 4900, 4800, 4700, 4600, 4500]);
});
