// What every SeriesStore must do, as one reusable suite. An adapter's test calls
// seriesStoreContract() and nothing about the port is tested anywhere else.
// Imported by its own path, never through index.ts: it pulls in node:test.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import type { PerformanceSnapshot, Sample, TimeRange } from "./model.ts";
import { mergedReadsContract } from "./store-merge-contract.ts";
import type { MinuteAggregate, SeriesStore } from "./store.ts";

/** A store under test. */
export interface SeriesStoreFixture {
  readonly store: SeriesStore;
  /** Closes the store and opens it again over the same data; durable stores must have it. */
  readonly reopen?: () => Promise<SeriesStore>;
  /** Closes the store and removes its data. */
  readonly close?: () => Promise<void> | void;
}

const MINUTE_MS = 60_000;
const START_MS = 1_700_000_040_000;
const FOREVER = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

function sampleOf(fields: Partial<Sample> = {}): Sample {
  return {
    metric: "response_time",
    value: 0.5,
    atMs: START_MS,
    agentId: "worker-1",
    context: {},
    metadata: {},
    ...fields,
  };
}

function minuteOf(fields: Partial<MinuteAggregate> = {}): MinuteAggregate {
  return {
    metric: "response_time",
    agentId: "worker-1",
    labels: {},
    minuteMs: START_MS,
    count: 2,
    sum: 1.5,
    min: 0.5,
    max: 1,
    last: 1,
    lastAtMs: START_MS + 10,
    sketch: Uint8Array.of(1, 0, 255, 7),
    ...fields,
  };
}

function snapshotOf(id: string, atMs: number): PerformanceSnapshot {
  const summary = { count: 1, min: 1, max: 1, avg: 1, latest: 1, sum: 1 };
  return {
    id,
    atMs,
    windowMs: MINUTE_MS,
    agents: ["worker-1"],
    metrics: { cpu_usage: { ...summary, p50: 1, p90: 1, p95: 1, p99: 1 } },
    samples: 1,
  };
}

/** The newest snapshots of a range, by their ids. */
async function idsOf(store: SeriesStore, count: number, range: TimeRange): Promise<string[]> {
  return (await store.snapshots("default", count, range)).map(({ id }) => id);
}

function plain(row: MinuteAggregate): unknown {
  return { ...row, labels: { ...row.labels }, sketch: [...row.sketch] };
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/**
 * Registers the contract tests of a {@link SeriesStore} under `name`.
 * @param open makes a fresh, empty store; called before each test.
 * @param options.durable true when the data must outlive the store's object; the fixture then
 * needs `reopen`. @default false
 */
export function seriesStoreContract(
  name: string,
  open: () => Promise<SeriesStoreFixture> | SeriesStoreFixture,
  options: { readonly durable?: boolean } = {},
): void {
  describe(`${name} keeps the SeriesStore contract`, () => {
    let fixture: SeriesStoreFixture;
    let store: SeriesStore;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(async () => {
      await fixture.close?.();
    });

    mergedReadsContract(() => store);

    test("samples() returns what append() took, unchanged, after its promise", async () => {
      const samples = [
        sampleOf({ value: -0.1, atMs: START_MS }),
        sampleOf({ value: 1e300, atMs: START_MS + 1, agentId: null }),
        sampleOf({
          metric: "a.user:metric-1",
          value: 5e-324,
          atMs: START_MS + 2,
          context: { operation: "über \"quoted\" 'text'; \n", attempt: 3, retried: true },
          metadata: { nested: { list: [1, null, "x"], deep: { ok: false } } },
        }),
        sampleOf({ value: 0.1 + 0.2, atMs: START_MS + 3 }),
      ];
      await store.append("default", { samples, minutes: [] });
      const found = await store.samples("default", {});
      assert.deepEqual(JSON.parse(JSON.stringify(found)), samples.toReversed());
    });

    test("samples() filters by metric, agent and range, from inclusive and to exclusive", async () => {
      const samples = [];
      for (let index = 0; index < 10; index++) {
        samples.push(
          sampleOf({
            metric: index % 2 === 0 ? "even" : "odd",
            agentId: index < 5 ? "worker-1" : "worker-2",
            value: index,
            atMs: START_MS + index,
          }),
        );
      }
      await store.append("default", { samples, minutes: [] });
      const values = async (query: Parameters<SeriesStore["samples"]>[1]): Promise<number[]> =>
        (await store.samples("default", query)).map((sample) => sample.value);
      assert.deepEqual(await values({ metric: "even" }), [8, 6, 4, 2, 0]);
      assert.deepEqual(await values({ agentId: "worker-2", metric: "odd" }), [9, 7, 5]);
      assert.deepEqual(await values({ fromMs: START_MS + 3, toMs: START_MS + 6 }), [5, 4, 3]);
      assert.deepEqual(await values({ metric: "unknown" }), []);
      assert.deepEqual(await values({ fromMs: START_MS + 100 }), []);
    });

    test("samples() gives the newest `limit`, newest first, later appended first on a tie", async () => {
      const tie = [sampleOf({ value: 1 }), sampleOf({ value: 2 }), sampleOf({ value: 3 })];
      await store.append("default", { samples: tie, minutes: [] });
      await store.append("default", {
        samples: [sampleOf({ value: 0, atMs: START_MS - 5 }), sampleOf({ value: 4 })],
        minutes: [],
      });
      const values = (await store.samples("default", { limit: 3 })).map((one) => one.value);
      assert.deepEqual(values, [4, 3, 2]);
      const all = (await store.samples("default", {})).map((one) => one.value);
      assert.deepEqual(all, [4, 3, 2, 1, 0]);
    });

    test("samples() keeps equal samples apart: nothing is deduplicated", async () => {
      await store.append("default", { samples: [sampleOf(), sampleOf()], minutes: [] });
      await store.append("default", { samples: [sampleOf()], minutes: [] });
      assert.equal((await store.samples("default", {})).length, 3);
    });

    test("minutes() returns rows unchanged, sketch bytes included, by time", async () => {
      const rows = [
        minuteOf({ minuteMs: START_MS + MINUTE_MS, sum: 0.1 + 0.2 }),
        minuteOf({ labels: { operation: 'q"uote', zone: "eu" } }),
        minuteOf({ agentId: null, sketch: Uint8Array.from({ length: 3000 }, (_, i) => i & 255) }),
      ];
      await store.append("default", { samples: [], minutes: rows });
      const found = await store.minutes("default", FOREVER);
      assert.equal(found.length, 3);
      assert.deepEqual(
        found.map((row) => row.minuteMs),
        [START_MS, START_MS, START_MS + MINUTE_MS],
      );
      assert.deepEqual(found.map(plain).sort(byText), rows.map(plain).sort(byText));
    });

    test("append() replaces the row of the same series and minute, label order aside", async () => {
      await store.append("default", {
        samples: [],
        minutes: [minuteOf({ labels: { a: "1", b: "2" }, count: 1 }), minuteOf({ count: 10 })],
      });
      await store.append("default", {
        samples: [],
        minutes: [minuteOf({ labels: { b: "2", a: "1" }, count: 5, sketch: Uint8Array.of(9) })],
      });
      const rows = await store.minutes("default", FOREVER);
      assert.deepEqual(
        rows.map((row) => row.count).sort((a, b) => a - b),
        [5, 10],
      );
      const replaced = rows.find((row) => row.count === 5);
      assert.deepEqual([...(replaced?.sketch ?? [])], [9]);
    });

    test("append() keeps series apart by metric, agent (null too), labels and minute", async () => {
      const rows = [
        minuteOf(),
        minuteOf({ metric: "cpu_usage" }),
        minuteOf({ agentId: null }),
        minuteOf({ agentId: "worker-2" }),
        minuteOf({ labels: { a: "1" } }),
        minuteOf({ labels: { a: "2" } }),
        minuteOf({ labels: { a: "1", b: "" } }),
        minuteOf({ minuteMs: START_MS + MINUTE_MS }),
      ];
      await store.append("default", { samples: [], minutes: rows });
      assert.equal((await store.minutes("default", FOREVER)).length, rows.length);
    });

    test("minutes() filters by metric, agent and range, from inclusive and to exclusive", async () => {
      const minutes = [];
      for (let index = 0; index < 6; index++) {
        minutes.push(
          minuteOf({
            minuteMs: START_MS + index * MINUTE_MS,
            metric: index % 2 === 0 ? "even" : "odd",
            agentId: index < 3 ? "worker-1" : null,
            count: index,
          }),
        );
      }
      await store.append("default", { samples: [], minutes });
      const counts = async (query: Parameters<SeriesStore["minutes"]>[1]): Promise<number[]> =>
        (await store.minutes("default", query)).map((row) => row.count);
      assert.deepEqual(await counts({ ...FOREVER, metric: "odd" }), [1, 3, 5]);
      assert.deepEqual(await counts({ ...FOREVER, agentId: "worker-1" }), [0, 1, 2]);
      const range = { fromMs: START_MS + MINUTE_MS, toMs: START_MS + 3 * MINUTE_MS };
      assert.deepEqual(await counts(range), [1, 2]);
    });

    test("snapshots() gives the newest, newest first; the same id replaces", async () => {
      for (let index = 0; index < 5; index++) {
        await store.appendSnapshot("default", snapshotOf(`snap_${index}`, START_MS + index));
      }
      await store.appendSnapshot("default", { ...snapshotOf("snap_4", START_MS + 4), samples: 77 });
      const found = await store.snapshots("default", 3);
      assert.deepEqual(
        found.map((one) => one.id),
        ["snap_4", "snap_3", "snap_2"],
      );
      assert.equal(found[0]?.samples, 77);
      assert.deepEqual(found[1], snapshotOf("snap_3", START_MS + 3));
      assert.equal((await store.snapshots("default", 100)).length, 5);
      assert.deepEqual(await store.snapshots("default", 0), []);
    });

    test("snapshots() of a range gives its newest, from inclusive and to exclusive", async () => {
      for (let index = 0; index < 5; index++) {
        await store.appendSnapshot("default", snapshotOf(`snap_${index}`, START_MS + index));
      }
      const range = { fromMs: START_MS + 1, toMs: START_MS + 4 };
      assert.deepEqual(await idsOf(store, 10, range), ["snap_3", "snap_2", "snap_1"]);
      assert.deepEqual(await idsOf(store, 1, range), ["snap_3"]);
      assert.deepEqual(await idsOf(store, 10, { toMs: START_MS + 1 }), ["snap_0"]);
      assert.deepEqual(await idsOf(store, 10, { fromMs: START_MS + 4 }), ["snap_4"]);
      assert.deepEqual(await idsOf(store, 10, { fromMs: START_MS + 5 }), []);
    });

    test("prune() removes what is older than the retention and counts samples", async () => {
      const samples = [0, 1, 2, 3].map((hour) => sampleOf({ atMs: START_MS + hour * 3_600_000 }));
      const minutes = samples.map((sample) => minuteOf({ minuteMs: sample.atMs }));
      await store.append("default", { samples, minutes });
      await store.appendSnapshot("default", snapshotOf("snap_old", START_MS));
      await store.appendSnapshot("default", snapshotOf("snap_new", START_MS + 3_600_000));
      const pruned = await store.prune("default", {
        samplesBeforeMs: START_MS + 2 * 3_600_000,
        minutesBeforeMs: START_MS + 3_600_000,
      });
      assert.equal(pruned.samples, 2);
      const left = await store.samples("default", {});
      assert.deepEqual(
        left.map((sample) => sample.atMs),
        [START_MS + 3 * 3_600_000, START_MS + 2 * 3_600_000],
      );
      assert.equal((await store.minutes("default", FOREVER)).length, 3);
      const snapshots = await store.snapshots("default", 10);
      assert.deepEqual(
        snapshots.map((one) => one.id),
        ["snap_new"],
      );
    });

    test("namespaces do not see each other, and deleteNamespace() empties one only", async () => {
      for (const namespace of ["default", "demo"]) {
        await store.append(namespace, { samples: [sampleOf()], minutes: [minuteOf()] });
        await store.appendSnapshot(namespace, snapshotOf("snap_1", START_MS));
      }
      const pruned = await store.prune("demo", {
        samplesBeforeMs: START_MS - 1,
        minutesBeforeMs: START_MS - 1,
      });
      assert.equal(pruned.samples, 0);
      await store.deleteNamespace("demo");
      assert.deepEqual(await store.samples("demo", {}), []);
      assert.deepEqual(await store.minutes("demo", FOREVER), []);
      assert.deepEqual(await store.snapshots("demo", 10), []);
      assert.equal((await store.samples("default", {})).length, 1);
      assert.equal((await store.minutes("default", FOREVER)).length, 1);
      assert.equal((await store.snapshots("default", 10)).length, 1);
      await store.append("demo", { samples: [sampleOf()], minutes: [minuteOf()] });
      assert.equal((await store.samples("demo", {})).length, 1);
    });

    test("an unknown namespace and an empty batch are no errors", async () => {
      await store.append("default", { samples: [], minutes: [] });
      assert.deepEqual(await store.samples("nobody", {}), []);
      assert.deepEqual(await store.minutes("nobody", FOREVER), []);
      assert.deepEqual(await store.snapshots("nobody", 1), []);
      const pruned = await store.prune("nobody", { samplesBeforeMs: 1, minutesBeforeMs: 1 });
      assert.equal(pruned.samples, 0);
      await store.deleteNamespace("nobody");
    });

    test("append() takes batches of thousands, sent at once, and loses none", async () => {
      const batches = [0, 1, 2, 3].map((batch) => ({
        samples: Array.from({ length: 2000 }, (_, index) =>
          sampleOf({ value: batch * 2000 + index, atMs: START_MS + index }),
        ),
        minutes: [minuteOf({ minuteMs: START_MS + batch * MINUTE_MS })],
      }));
      await Promise.all(batches.map((batch) => store.append("default", batch)));
      const found = await store.samples("default", { limit: 100_000 });
      assert.equal(new Set(found.map((sample) => sample.value)).size, 8000);
      assert.equal((await store.minutes("default", FOREVER)).length, 4);
    });

    if (options.durable !== true) return;
    test("a store that was closed and opened again finds everything", async () => {
      assert.ok(fixture.reopen, "a durable fixture needs reopen()");
      await store.append("default", { samples: [sampleOf()], minutes: [minuteOf()] });
      await store.appendSnapshot("default", snapshotOf("snap_1", START_MS));
      store = await fixture.reopen();
      const found = await store.samples("default", {});
      assert.deepEqual(JSON.parse(JSON.stringify(found)), [sampleOf()]);
      assert.deepEqual((await store.minutes("default", FOREVER)).map(plain), [plain(minuteOf())]);
      assert.equal((await store.snapshots("default", 10)).length, 1);
    });
  });
}
