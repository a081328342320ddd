import assert from "node:assert/strict";
import { test } from "node:test";

import type { Sample } from "./model.ts";
import { seriesStoreContract } from "./store-contract.ts";
import { VolatileSeriesStore } from "./volatile-series-store.ts";

seriesStoreContract("VolatileSeriesStore", () => ({ store: new VolatileSeriesStore() }));

function samplesFrom(first: number, count: number): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    metric: "cpu_usage",
    value: first + index,
    atMs: first + index,
    agentId: null,
    context: {},
    metadata: {},
  }));
}

test("VolatileSeriesStore.append() never shows more than maxSamples, the oldest go first", async () => {
  const store = new VolatileSeriesStore({ maxSamples: 100 });
  for (let first = 0; first < 1000; first += 7) {
    await store.append("default", { samples: samplesFrom(first, 7), minutes: [] });
    const found = await store.samples("default", { limit: 10_000 });
    assert.ok(found.length <= 100);
    assert.equal(found[0]?.value, first + 6);
  }
});

test("VolatileSeriesStore with maxSamples 0 keeps no raw samples", async () => {
  const store = new VolatileSeriesStore({ maxSamples: 0 });
  await store.append("default", { samples: samplesFrom(0, 5), minutes: [] });
  assert.deepEqual(await store.samples("default", {}), []);
});

test("VolatileSeriesStore.appendSnapshot() keeps maxSnapshots, the oldest go first", async () => {
  const store = new VolatileSeriesStore({ maxSnapshots: 2 });
  for (const atMs of [1, 2, 3]) {
    const snapshot = { id: `s${atMs}`, atMs, windowMs: 1, agents: [], metrics: {}, samples: 0 };
    await store.appendSnapshot("default", snapshot);
  }
  const ids = (await store.snapshots("default", 10)).map((one) => one.id);
  assert.deepEqual(ids, ["s3", "s2"]);
});
