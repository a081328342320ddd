import assert from "node:assert/strict";
import { test } from "node:test";

import { profileOf } from "./test-support/profile-rows.ts";
import { profileStoreContract } from "./store-contract.ts";
import { VolatileProfileStore } from "./volatile-profile-store.ts";
import type { ProfileRecord, SpanRecord } from "./model.ts";

profileStoreContract("VolatileProfileStore", () => ({ store: new VolatileProfileStore() }));

test("VolatileProfileStore.appendSpans() keeps no more than maxSpans and a tenth", async () => {
  const store = new VolatileProfileStore({ maxSpans: 10 });
  for (let index = 0; index < 100; index++) {
    const span: SpanRecord = {
      spanId: index.toString(16).padStart(16, "0"),
      traceId: "1".padStart(32, "0"),
      parentSpanId: null,
      namespace: "default",
      agentId: null,
      name: "sort",
      kind: "function",
      startMs: index,
      durationMs: 1,
      ok: true,
      error: null,
      context: {},
    };
    await store.appendSpans("default", [span]);
  }
  const kept = await store.spans("default", { limit: 1000 });
  assert.ok(kept.length >= 10 && kept.length <= 11, `${kept.length} spans`);
  assert.equal(kept[0]?.startMs, 99);
});

test("VolatileProfileStore.putProfile() drops the oldest beyond maxProfileBytes", async () => {
  const store = new VolatileProfileStore({ maxProfileBytes: 250 });
  for (let index = 0; index < 4; index++) {
    const record: ProfileRecord = {
      id: `prof_${index}`,
      namespace: "default",
      agentId: null,
      kind: "cpu",
      state: "done",
      by: "admin",
      requestedAtMs: index,
      startedAtMs: index,
      endedAtMs: index,
      seconds: 1,
      runtime: null,
      reason: null,
      samples: 1,
      bytes: 100,
    };
    await store.putProfile(record, new Uint8Array(100));
  }
  const left = (await store.profiles("default", {})).map(({ id }) => id);
  assert.deepEqual(left, ["prof_3", "prof_2"]);
});

test("VolatileProfileStore.putProfile() drops the oldest settled beyond maxProfiles", async () => {
  const store = new VolatileProfileStore({ maxProfiles: 3 });
  for (const [index, state] of (
    ["running", "done", "failed", "done", "failed"] as const
  ).entries()) {
    await store.putProfile(profileOf(index, { state }));
  }
  const left = (await store.profiles("default", {})).map(({ id }) => id);
  assert.deepEqual(left, ["prof_4", "prof_3", "prof_0"]);
  const byDefault = new VolatileProfileStore();
  for (let index = 0; index < 1100; index++) await byDefault.putProfile(profileOf(index));
  assert.equal((await byDefault.profiles("default", { limit: 2000 })).length, 1000);
});
