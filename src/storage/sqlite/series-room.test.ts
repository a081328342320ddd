import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { ManualClock } from "../../core/index.ts";
import type { ProfileRecord } from "../../profiler/index.ts";
import { PerformanceTracker } from "../../tracker/index.ts";
import type { MinuteAggregate, Sample } from "../../tracker/index.ts";
import { storageLimits } from "../limits.ts";
import { Database } from "./database.ts";
import { openSeries } from "./open.ts";
import { SqliteProfileStore } from "./profile-store.ts";
import { seriesSchema } from "./series-schema.ts";
import { SqliteSeriesStore } from "./series-store.ts";

const START_MS = 1_700_000_040_000;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const KEEP_BY_AGE = { samplesBeforeMs: 0, minutesBeforeMs: 0 };

function fileFor(t: TestContext): { file: string; database: Database } {
  const file = path.join(temporaryFolder(t), "series.db");
  const database = openSeries(file);
  t.after(() => database.close());
  return { file, database };
}

function samplesOf(count: number, firstMs: number): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    metric: "m",
    value: index,
    atMs: firstMs + index * SECOND_MS,
    agentId: `agent-${index % 20}`,
    context: {},
    metadata: {},
  }));
}

function minutesOf(count: number): MinuteAggregate[] {
  return Array.from({ length: count * 10 }, (_, index) => ({
    metric: "m",
    agentId: `agent-${index % 10}`,
    labels: {},
    minuteMs: START_MS + Math.floor(index / 10) * MINUTE_MS,
    count: 1,
    sum: 1,
    min: 1,
    max: 1,
    last: 1,
    lastAtMs: START_MS,
    sketch: new Uint8Array(50),
  }));
}

function count(database: Database, table: "samples" | "minutes"): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
}

test("SqliteSeriesStore.prune() by bytes forgets the oldest samples until the rest fits", async (t) => {
  const { database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  await store.append("default", { samples: samplesOf(60_000, START_MS), minutes: minutesOf(120) });
  const { usedBytes } = database.room();
  const bytes = Math.round(usedBytes * 0.6);
  const { samples } = await store.prune("default", { ...KEEP_BY_AGE, bytes });
  assert.ok(database.room().usedBytes <= bytes);
  assert.ok(database.room().usedBytes > bytes * 0.85, "no more than it had to");
  assert.equal(count(database, "samples"), 60_000 - samples);
  assert.equal(count(database, "minutes"), 1200, "minutes go after all samples");
  const oldest = database.prepare("SELECT min(at) AS at FROM samples").get()?.["at"];
  assert.equal(oldest, START_MS + samples * SECOND_MS);
  assert.equal((await store.prune("default", { ...KEEP_BY_AGE, bytes })).samples, 0);
});

test("SqliteSeriesStore.prune() by bytes takes minutes last, and never the newest hour", async (t) => {
  const { database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  await store.append("default", { samples: samplesOf(5000, START_MS), minutes: minutesOf(600) });
  await store.prune("default", { ...KEEP_BY_AGE, bytes: 1 });
  assert.equal(count(database, "samples"), 3601);
  const rows = await store.minutes("default", { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  const last = START_MS + 599 * MINUTE_MS;
  assert.equal(rows[0]?.minuteMs, last - 60 * MINUTE_MS);
  assert.equal(rows.length, 61 * 10);
});

test("SqliteSeriesStore.prune() by bytes lets no namespace pay for another's older samples", async (t) => {
  const { database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  await store.append("hoarder", { samples: samplesOf(60_000, START_MS), minutes: [] });
  const younger = samplesOf(2000, START_MS + 100_000 * SECOND_MS);
  await store.append("frugal", { samples: younger, minutes: [] });
  const bytes = Math.round(database.room().usedBytes * 0.7);
  assert.equal((await store.prune("frugal", { ...KEEP_BY_AGE, bytes })).samples, 0);
  const { samples } = await store.prune("hoarder", { ...KEEP_BY_AGE, bytes });
  assert.ok(samples > 10_000 && database.room().usedBytes <= bytes);
  assert.equal((await store.samples("frugal", {})).length, 2000);
});

const PROFILE: ProfileRecord = {
  id: "prof_1",
  namespace: "default",
  agentId: null,
  kind: "cpu",
  state: "done",
  by: "admin",
  requestedAtMs: 1000,
  startedAtMs: null,
  endedAtMs: null,
  seconds: 1,
  runtime: null,
  reason: null,
  samples: 1,
  bytes: 1_000_000,
};

/** Profiles in the same file, within bounds of their own. */
async function keepProfiles(database: Database, count: number): Promise<void> {
  const store = new SqliteProfileStore(database);
  for (let number = 0; number < count; number++) {
    await store.putProfile({ ...PROFILE, id: `prof_${number}` }, new Uint8Array(1_000_000));
  }
}

test("SqliteSeriesStore.prune() by bytes takes nothing for what profiles keep in the file", async (t) => {
  const { database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  await keepProfiles(database, 20);
  await store.append("default", { samples: samplesOf(5000, START_MS), minutes: minutesOf(120) });
  const bytes = 16_777_216;
  assert.ok(database.room().usedBytes > bytes);
  const { samples, restBytes } = await store.prune("default", { ...KEEP_BY_AGE, bytes });
  assert.equal(samples, 0);
  assert.equal(count(database, "samples"), 5000);
  assert.ok(restBytes !== null && restBytes > 20_000_000 && restBytes < 20_400_000);
});

test("SqliteSeriesStore.prune() by bytes counts samples and minutes beside profiles", async (t) => {
  const { database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  await store.append("default", { samples: samplesOf(60_000, START_MS), minutes: [] });
  const bytes = Math.round(database.room().usedBytes * 0.6);
  await keepProfiles(database, 5);
  const { samples } = await store.prune("default", { ...KEEP_BY_AGE, bytes });
  assert.ok(samples > 20_000 && samples < 35_000, `${samples} samples went`);
});

test("SqliteSeriesStore.prune() works in steps of bounded size", async (t) => {
  const { database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  await store.append("default", { samples: samplesOf(20_000, START_MS), minutes: minutesOf(600) });
  const changes = (): number =>
    Number(database.prepare("SELECT total_changes() AS n").get()?.["n"] ?? 0);
  const transaction = database.transaction.bind(database);
  let most = 0;
  database.transaction = (body) => {
    const before = changes();
    const result = transaction(body);
    most = Math.max(most, changes() - before);
    return result;
  };
  await store.prune("default", { ...KEEP_BY_AGE, bytes: 1 });
  assert.ok(most > 100 && most <= storageLimits.stepRows.value, `${most} rows in one transaction`);
});

test("SqliteSeriesStore.prune() gives room back to the disk once much of the file is free", async (t) => {
  const { file, database } = fileFor(t);
  const store = new SqliteSeriesStore(database);
  for (let part = 0; part < 6; part++) {
    const samples = samplesOf(60_000, START_MS + part * 60_000 * SECOND_MS);
    await store.append("default", { samples, minutes: [] });
  }
  database.checkpoint("TRUNCATE");
  const full = statSync(file).size;
  assert.ok(full > storageLimits.keptFreeBytes.value);
  await store.prune("default", {
    samplesBeforeMs: START_MS + 330_000 * SECOND_MS,
    minutesBeforeMs: 0,
  });
  database.checkpoint("TRUNCATE");
  const after = statSync(file).size;
  assert.ok(after < full, `${full} to ${after} bytes`);
  assert.ok(database.room().freeBytes <= storageLimits.keptFreeBytes.value);
  assert.equal(count(database, "samples"), 30_000);
});

test("PerformanceTracker keeps its store within maxStoredBytes while it runs", async (t) => {
  const { database } = fileFor(t);
  const clock = new ManualClock(START_MS);
  const store = new SqliteSeriesStore(database);
  const maxStoredBytes = 16_777_216;
  const tracker = new PerformanceTracker({ maxStoredBytes, rawRetention: "30d" }, { store, clock });
  await tracker.start();
  t.after(() => tracker.stop());
  await store.append("default", { samples: samplesOf(300_000, START_MS), minutes: [] });
  assert.ok(database.room().usedBytes > maxStoredBytes);
  const pruned = Promise.withResolvers<void>();
  const prune = store.prune.bind(store);
  store.prune = async (...parameters) => {
    const result = await prune(...parameters);
    pruned.resolve();
    return result;
  };
  clock.advance(600_000);
  await pruned.promise;
  assert.ok(database.room().usedBytes <= maxStoredBytes);
  assert.ok(count(database, "samples") > 100_000);
});

test("Database.shrink() of a file that has no map of its pages does nothing, without harm", (t) => {
  const file = path.join(temporaryFolder(t), "old.db");
  new Database(file, { name: "series", migrations: seriesSchema.migrations.slice(0, 1) }).close();
  using database = openSeries(file);
  database.transaction(() => {
    database.prepare("CREATE TABLE much (data BLOB) STRICT").run();
    database.prepare("INSERT INTO much VALUES (zeroblob(1000000))").run();
    database.prepare("DELETE FROM much").run();
  });
  assert.ok(database.room().freeBytes > 900_000);
  assert.equal(
    database.transaction(() => database.shrink(10)),
    false,
  );
});
