import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { ManualClock } from "../../core/index.ts";
import { PerformanceTracker } from "../../tracker/index.ts";
import type { Sample } from "../../tracker/index.ts";
import { seriesStoreContract } from "../../tracker/store-contract.ts";
import { storageLimits } from "../limits.ts";
import { openSeries } from "./open.ts";
import { SqliteSeriesStore } from "./series-store.ts";

seriesStoreContract("SqliteSeriesStore in memory", () => {
  const database = openSeries(":memory:");
  return { store: new SqliteSeriesStore(database), close: () => database.close() };
});

seriesStoreContract(
  "SqliteSeriesStore in a file",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "cellphone-"));
    const path = join(folder, "series.db");
    let database = openSeries(path);
    return {
      store: new SqliteSeriesStore(database),
      reopen: () => {
        database.close();
        database = openSeries(path);
        return Promise.resolve(new SqliteSeriesStore(database));
      },
      close: () => {
        database.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
  { durable: true },
);

function sample(agent: number, atMs: number): Sample {
  return { metric: "m", value: atMs, atMs, agentId: `agent-${agent}`, context: {}, metadata: {} };
}

test("SqliteSeriesStore.samples() of many series gives the newest of all", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteSeriesStore(database);
  const samples = Array.from({ length: 900 }, (_, index) => sample(index % 90, 1000 + index));
  await store.append("default", { samples, minutes: [] });
  await store.append("other", { samples: [sample(1, 5000)], minutes: [] });
  const newest = await store.samples("default", { metric: "m", limit: 4 });
  assert.deepEqual(
    newest.map(({ atMs }) => atMs),
    [1899, 1898, 1897, 1896],
  );
});

test("PerformanceTracker.exportMetrics() gives more samples of an instant than one read", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteSeriesStore(database);
  const clock = new ManualClock(1_700_000_000_000);
  const tracker = new PerformanceTracker({ maxMetricsHistory: 10 }, { clock, store });
  const most = storageLimits.listedSamples.value + 5000;
  for (let value = 0; value < most; value++) {
    tracker.recordMetric("m", value, "a");
    if (value % 20_000 === 0) await tracker.flush();
  }
  const { samples } = await tracker.exportMetrics();
  assert.equal(samples.length, most);
  assert.equal(new Set(samples.map(({ value }) => value)).size, most);
  await tracker.stop();
});

test("SqliteSeriesStore.prune() forgets more than one step's samples and empty series", async () => {
  using database = openSeries(":memory:");
  const store = new SqliteSeriesStore(database);
  const samples = Array.from({ length: 2_500 }, (_, index) => sample(0, index));
  await store.append("default", { samples, minutes: [] });
  const retention = { samplesBeforeMs: 2_499, minutesBeforeMs: 0 };
  assert.deepEqual(await store.prune("default", retention), { samples: 2_499, restBytes: null });
  assert.equal((await store.samples("default", {})).length, 1);
  await store.prune("default", { samplesBeforeMs: 9_999, minutesBeforeMs: 0 });
  assert.equal(database.prepare("SELECT count(*) AS n FROM series").get()?.["n"], 0);
});
