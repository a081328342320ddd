// What every ProfileStore must do, as one reusable suite. An adapter's test calls
// profileStoreContract() and nothing about the port is tested anywhere else.
// Imported by its own path, never through index.ts: it pulls in node:test.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import type { ProfileRecord, SpanRecord } from "./model.ts";
import { profileStoreForgetting } from "./store-forgetting-contract.ts";
import { hex, KEEP_ALL, profileOf, spanOf, START_MS } from "./test-support/profile-rows.ts";
import type { ProfileStore } from "./store.ts";

/** A store under test. */
export interface ProfileStoreFixture {
  readonly store: ProfileStore;
  /** Closes the store and opens it again over the same data; durable stores must have it. */
  readonly reopen?: () => Promise<ProfileStore>;
  /** Closes the store and removes its data. */
  readonly close?: () => Promise<void> | void;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/**
 * Registers the contract tests of a {@link ProfileStore} under `name`.
 * @param open makes a fresh, empty store; called before each test.
 * @param options.durable true when the data must outlive the store's object; the fixture then
 * needs `reopen`. @default false
 */
export function profileStoreContract(
  name: string,
  open: () => Promise<ProfileStoreFixture> | ProfileStoreFixture,
  options: { readonly durable?: boolean } = {},
): void {
  describe(`${name} keeps the ProfileStore contract`, () => {
    let fixture: ProfileStoreFixture;
    let store: ProfileStore;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(async () => {
      await fixture.close?.();
    });

    spanTests(() => store);
    profileTests(() => store);
    profileStoreForgetting(() => store);

    if (options.durable !== true) return;
    test("a store that was closed and opened again finds everything", async () => {
      assert.ok(fixture.reopen, "a durable fixture needs reopen()");
      await store.appendSpans("default", [spanOf(0)]);
      await store.putProfile(profileOf(0), Uint8Array.of(1, 0, 255));
      store = await fixture.reopen();
      assert.deepEqual(plain(await store.spans("default", {})), [spanOf(0)]);
      assert.deepEqual(plain(await store.profile("default", "prof_0")), profileOf(0));
      const data = await store.profileData("default", "prof_0");
      assert.deepEqual([...(data ?? [])], [1, 0, 255]);
    });
  });
}

function spanTests(current: () => ProfileStore): void {
  test("spans() returns what appendSpans() took, unchanged, after its promise", async () => {
    const spans = [
      spanOf(0, { parentSpanId: hex(99, 16), ok: false, error: "über \"quoted\" 'text'; \n" }),
      spanOf(1, { agentId: null, durationMs: 0, kind: "wait", name: "naïve name with spaces" }),
      spanOf(2, {
        startMs: START_MS + 2.125,
        durationMs: 1.000_123,
        context: { nested: { list: [1, null, "x"], deep: { ok: false } }, batch_size: 1000 },
      }),
    ];
    await current().appendSpans("default", spans);
    assert.deepEqual(plain(await current().spans("default", {})), spans.toReversed());
  });

  test("spans() filters by trace, agent (null: the server), name and range of starts", async () => {
    const spans = Array.from({ length: 10 }, (_, index) =>
      spanOf(index, {
        name: index % 2 === 0 ? "even" : "odd",
        agentId: index < 5 ? "worker-1" : index < 8 ? "worker-2" : null,
        traceId: hex(index < 3 ? 1 : 2, 32),
        durationMs: 1000,
      }),
    );
    await current().appendSpans("default", spans);
    const starts = async (query: Parameters<ProfileStore["spans"]>[1]): Promise<number[]> =>
      (await current().spans("default", query)).map((span) => span.startMs - START_MS);
    assert.deepEqual(await starts({ name: "even" }), [8, 6, 4, 2, 0]);
    assert.deepEqual(await starts({ agentId: "worker-2", name: "odd" }), [7, 5]);
    assert.deepEqual(await starts({ agentId: null }), [9, 8]);
    assert.deepEqual(await starts({ traceId: hex(1, 32) }), [2, 1, 0]);
    assert.deepEqual(await starts({ fromMs: START_MS + 3, toMs: START_MS + 6 }), [5, 4, 3]);
    assert.deepEqual(await starts({ name: "unknown" }), []);
    assert.deepEqual(await starts({ fromMs: START_MS + 100 }), []);
  });

  test("spans() gives the newest `limit`, 100 by default, later appended first on a tie", async () => {
    const ties = [1, 2, 3].map((index) => spanOf(index, { startMs: START_MS + 500 }));
    await current().appendSpans("default", ties);
    const older = Array.from({ length: 120 }, (_, index) => spanOf(index + 10, { name: "older" }));
    await current().appendSpans("default", older);
    const found = await current().spans("default", { limit: 4 });
    assert.deepEqual(
      found.map((span) => span.spanId),
      [ties[2]?.spanId, ties[1]?.spanId, ties[0]?.spanId, older[119]?.spanId],
    );
    assert.equal((await current().spans("default", {})).length, 100);
    assert.equal((await current().spans("default", { limit: 5000 })).length, 123);
  });

  test("spanPage() walks what spans() gives, each once, whatever starts and ids they share", async () => {
    const spans = Array.from({ length: 23 }, (_, index) =>
      spanOf(index, {
        startMs: START_MS + (index < 17 ? 0.125 : index),
        spanId: hex(1 + Math.floor(index / 12), 16),
        traceId: hex(index % 2, 32),
        durationMs: index,
      }),
    );
    await current().appendSpans("default", spans);
    for (const filter of [{}, { traceId: hex(1, 32) }, { name: "sort" }, { toMs: START_MS + 20 }]) {
      const whole = await current().spans("default", filter);
      for (const limit of [1, 4, 23, 100]) {
        const walked: SpanRecord[] = [];
        let pages = 0;
        let after: string | undefined;
        do {
          const page = await current().spanPage("default", { ...filter, limit }, after);
          walked.push(...page.spans);
          after = page.next ?? undefined;
        } while (after !== undefined && ++pages < 30);
        assert.deepEqual(walked, whole, `${JSON.stringify(filter)} by ${limit}`);
      }
    }
    assert.deepEqual(await current().spanPage("nobody", {}), { spans: [], next: null });
  });

  test("spanPage() goes on where a page ended, also when its spans are gone", async () => {
    const spans = [0, 1, 2, 3].map((index) => spanOf(index, { durationMs: 10 - 3 * index }));
    await current().appendSpans("default", spans);
    const first = await current().spanPage("default", { limit: 2 });
    assert.deepEqual(
      first.spans.map(({ startMs }) => startMs - START_MS),
      [3, 2],
    );
    // Those of the first page have ended before, those that are to come have not.
    await current().pruneProfiles("default", { ...KEEP_ALL, spansBeforeMs: START_MS + 8 });
    await current().appendSpans("default", [spanOf(9)]);
    const second = await current().spanPage("default", { limit: 2 }, first.next ?? "");
    assert.deepEqual(
      second.spans.map(({ startMs }) => startMs - START_MS),
      [1, 0],
    );
  });

  test("appendSpans() takes batches of thousands, sent at once, and loses none", async () => {
    const batches = [0, 1, 2].map((batch) =>
      Array.from({ length: 1000 }, (_, index) => spanOf(batch * 1000 + index)),
    );
    await Promise.all(batches.map((batch) => current().appendSpans("default", batch)));
    await current().appendSpans("default", []);
    const found = await current().spans("default", { limit: 5000 });
    assert.equal(new Set(found.map((span) => span.spanId)).size, 3000);
  });

  test("namespaces do not see each other, and deleteNamespace() empties one only", async () => {
    for (const namespace of ["default", "demo"]) {
      await current().appendSpans(namespace, [spanOf(0, { namespace })]);
      await current().putProfile(profileOf(0, { namespace }), Uint8Array.of(1));
    }
    assert.equal((await current().spans("demo", {}))[0]?.namespace, "demo");
    await current().deleteNamespace("demo");
    await current().deleteNamespace("nobody");
    assert.deepEqual(await current().spans("demo", {}), []);
    assert.deepEqual(await current().profiles("demo", {}), []);
    assert.equal(await current().profile("demo", "prof_0"), undefined);
    assert.equal(await current().profileData("demo", "prof_0"), undefined);
    assert.equal((await current().spans("default", {})).length, 1);
    assert.equal((await current().profiles("default", {})).length, 1);
    assert.deepEqual([...((await current().profileData("default", "prof_0")) ?? [])], [1]);
  });
}

function profileTests(current: () => ProfileStore): void {
  const ids = async (query: Parameters<ProfileStore["profiles"]>[1]): Promise<string[]> =>
    (await current().profiles("default", query)).map((record) => record.id.slice(5));

  test("profile() returns what putProfile() took, unchanged; unknown ids are undefined", async () => {
    const record = profileOf(0, {
      agentId: null,
      kind: "heap",
      state: "requested",
      startedAtMs: null,
      endedAtMs: null,
      runtime: null,
      seconds: 0.5,
      samples: 0,
      bytes: 0,
    });
    await current().putProfile(record);
    assert.deepEqual(plain(await current().profile("default", "prof_0")), record);
    assert.equal(await current().profileData("default", "prof_0"), undefined);
    assert.equal(await current().profile("default", "prof_9"), undefined);
    assert.equal(await current().profileData("default", "prof_9"), undefined);
    assert.equal(await current().profile("demo", "prof_0"), undefined);
  });

  test("putProfile() replaces the row of the same id; data stays unless new data comes", async () => {
    const data = Uint8Array.from({ length: 70_000 }, (_, index) => index & 255);
    await current().putProfile(profileOf(0, { state: "running", bytes: 0 }));
    await current().putProfile(profileOf(0, { bytes: data.length }), data);
    await current().putProfile(profileOf(0, { bytes: data.length, reason: "later" }));
    assert.equal((await current().profile("default", "prof_0"))?.reason, "later");
    const found = await current().profileData("default", "prof_0");
    assert.ok(found !== undefined && Buffer.from(data).equals(found));
    await current().putProfile(profileOf(0, { bytes: 2 }), Uint8Array.of(9, 8));
    assert.deepEqual([...((await current().profileData("default", "prof_0")) ?? [])], [9, 8]);
    assert.equal((await current().profiles("default", {})).length, 1);
  });

  test("profiles() filters by agent (null: the server), kind, state and range of asking", async () => {
    const records = [
      profileOf(0),
      profileOf(1, { agentId: "worker-2", kind: "heap" }),
      profileOf(2, { agentId: null, state: "failed", reason: "worker-1 did not answer" }),
      profileOf(3, { state: "running" }),
    ];
    for (const record of records) await current().putProfile(record);
    assert.deepEqual(await ids({}), ["3", "2", "1", "0"]);
    assert.deepEqual(await ids({ agentId: "worker-1" }), ["3", "0"]);
    assert.deepEqual(await ids({ agentId: null }), ["2"]);
    assert.deepEqual(await ids({ kind: "heap" }), ["1"]);
    assert.deepEqual(await ids({ state: "running" }), ["3"]);
    assert.deepEqual(await ids({ fromMs: START_MS + 1, toMs: START_MS + 3 }), ["2", "1"]);
    assert.deepEqual(await ids({ limit: 2 }), ["3", "2"]);
    for (let index = 4; index < 110; index++) await current().putProfile(profileOf(index));
    assert.equal((await ids({})).length, 100);
  });

  test("profiles() pages by their place, however many were asked for at one instant", async () => {
    for (const index of [3, 0, 5, 2, 1, 4]) {
      const requestedAtMs = START_MS + (index < 2 ? 0 : 1);
      await current().putProfile(profileOf(index, { requestedAtMs }));
    }
    const found: string[] = [];
    for (let after: ProfileRecord | undefined; ;) {
      const page = await current().profiles("default", {
        ...(after === undefined ? {} : { after }),
        limit: 2,
      });
      found.push(...page.map((record) => record.id.slice(5)));
      after = page.at(-1);
      if (after === undefined) break;
    }
    assert.deepEqual(found, ["5", "4", "3", "2", "1", "0"]);
  });

  test("deleteProfile() removes row and data and says whether there was one", async () => {
    await current().putProfile(profileOf(0), Uint8Array.of(1));
    assert.equal(await current().deleteProfile("demo", "prof_0"), false);
    assert.equal(await current().deleteProfile("default", "prof_0"), true);
    assert.equal(await current().deleteProfile("default", "prof_0"), false);
    assert.equal(await current().profile("default", "prof_0"), undefined);
    assert.equal(await current().profileData("default", "prof_0"), undefined);
  });
}
