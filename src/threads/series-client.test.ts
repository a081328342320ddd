import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { callOf, callStoreContract } from "../gateway/call-store-contract.ts";
import type { SpanRecord } from "../profiler/index.ts";
import { profileStoreContract } from "../profiler/store-contract.ts";
import { storageLimits } from "../storage/index.ts";
import { seriesStoreContract } from "../tracker/store-contract.ts";
import { SeriesClient } from "./series-client.ts";

async function openTemporary(): Promise<{
  store: SeriesClient;
  reopen: () => Promise<SeriesClient>;
  close: () => Promise<void>;
}> {
  const folder = mkdtempSync(path.join(tmpdir(), "agent-cellphone-"));
  const file = path.join(folder, "series.db");
  let store = await SeriesClient.open(file);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await SeriesClient.open(file);
      return store;
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

seriesStoreContract("SeriesClient", openTemporary, { durable: true });
callStoreContract("SeriesClient", openTemporary, { durable: true });
profileStoreContract("SeriesClient", openTemporary, { durable: true });

const SPAN: SpanRecord = {
  spanId: "0000000000000001",
  traceId: "00000000000000000000000000000007",
  parentSpanId: null,
  namespace: "default",
  agentId: null,
  name: "sort",
  kind: "function",
  startMs: 1,
  durationMs: 1,
  ok: true,
  error: null,
  context: {},
};

test("SeriesClient.deleteNamespace() forgets calls, spans and their numbers too", async (t) => {
  const { store, close } = await openTemporary();
  t.after(close);
  for (const namespace of ["default", "demo"]) {
    await store.appendCalls(namespace, [{ call: callOf(9, { namespace }), notable: true }]);
    await store.appendSpans(namespace, [{ ...SPAN, namespace }]);
  }
  await store.deleteNamespace("demo");
  assert.deepEqual(await store.calls("demo", {}), []);
  assert.deepEqual(await store.spans("demo", {}), []);
  assert.equal(await store.lastCallSequence("demo"), 0);
  assert.equal(await store.lastCallSequence("default"), 9);
  assert.equal((await store.spans("default", {})).length, 1);
});

test("SeriesClient.prune() of many namespaces at once takes no room from writes", async (t) => {
  const { store, close } = await openTemporary();
  t.after(close);
  const retention = { samplesBeforeMs: 0, minutesBeforeMs: 0 };
  const prunings = Array.from({ length: 2 * storageLimits.pendingBatches.value }, (_, index) =>
    store.prune(`namespace-${index}`, retention),
  );
  await store.appendSpans("default", [SPAN]);
  await store.appendCalls("default", [{ call: callOf(1), notable: false }]);
  await Promise.all(prunings);
  const most = storageLimits.pendingJobs.value;
  const outcomes = await Promise.allSettled(
    Array.from({ length: most + 1 }, () => store.prune("default", retention)),
  );
  const refused = outcomes.filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 1);
});

test("SeriesClient.appendSpans() is refused before metrics and calls are", async (t) => {
  const { store, close } = await openTemporary();
  t.after(close);
  const bound = storageLimits.pendingSpanBatches.value;
  const metrics = Array.from({ length: bound }, () =>
    store.append("default", { samples: [], minutes: [] }),
  );
  const refused = assert.rejects(store.appendSpans("default", [SPAN]), {
    code: "storage.overloaded",
    retryAfterSeconds: 1,
  });
  const taken = store.appendCalls("default", [{ call: callOf(1), notable: false }]);
  await Promise.all([...metrics, refused, taken]);
  await store.appendSpans("default", [SPAN]);
  assert.equal((await store.spans("default", {})).length, 1);
});
