// What the tracker and its store hold together: through restarts, failures, late samples,
// forgotten agents and clocks set back, every sample is counted once.

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ManualClock } from "../core/index.ts";
import { TrackerError } from "./errors.ts";
import type { Sample } from "./model.ts";
import { PerformanceTracker } from "./performance-tracker.ts";
import { DistributionSketch } from "./sketch.ts";
import { trackerLimits } from "./limits.ts";
import type { GroupedMinuteQuery, MinuteAggregate, MinuteQuery, StoredMetric } from "./store.ts";
import { VolatileSeriesStore } from "./volatile-series-store.ts";

const START_MS = 1_700_000_040_000;

/** The real volatile store, whose disk can be slow or "unplugged". */
class UnpluggableStore extends VolatileSeriesStore {
  unplugged = false;
  /** Turns of the event loop's microtasks a write takes. */
  slowTurns = 0;

  override async append(
    namespace: string,
    batch: { readonly samples: readonly Sample[]; readonly minutes: readonly MinuteAggregate[] },
  ): Promise<void> {
    for (let turn = 0; turn < this.slowTurns; turn++) await Promise.resolve();
    if (this.unplugged) throw new Error("disk unplugged");
    await super.append(namespace, batch);
  }
}

/** A clock whose wall time may jump, as a machine's does when it is set. */
class JumpingClock extends ManualClock {
  #offsetMs = 0;

  override now(): number {
    return super.now() + this.#offsetMs;
  }

  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }
}

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof TrackerError && error.code === "tracker.store_unavailable" && error.retryable
  );
}

/** Lets everything that does not wait for a timer finish. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

interface Recorded {
  readonly metric: string;
  readonly agentId: string;
  readonly value: number;
  readonly atMs: number;
}

// Few names, so that the same series is met again and again.
const agent = fc.constantFrom("a", "a", "a", "b", "c");
const metric = fc.constantFrom("m", "m", "m", "n");
const value = fc.integer({ min: -1000, max: 1000 });
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("record" as const),
      metric,
      agent,
      value,
      label: fc.constantFrom(0, 0, 1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("late" as const),
      metric,
      agent,
      value,
      agoMs: fc.integer({ min: 0, max: 400_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      byMs: fc.integer({ min: -90_000, max: 130_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("flushBehind" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), agent }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("unplug" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("query" as const), metric }) },
);

function check(
  summary: Awaited<ReturnType<PerformanceTracker["getMetricSummary"]>>,
  expected: readonly Recorded[],
): void {
  if (expected.length === 0) {
    assert.equal(summary, undefined);
    return;
  }
  const values = expected.map((one) => one.value);
  const latestAtMs = Math.max(...expected.map((one) => one.atMs));
  const latest = expected.filter((one) => one.atMs === latestAtMs).map((one) => one.value);
  assert.ok(summary);
  assert.equal(summary.count, values.length);
  assert.equal(
    summary.sum,
    values.reduce((sum, one) => sum + one, 0),
  );
  assert.equal(summary.min, Math.min(...values));
  assert.equal(summary.max, Math.max(...values));
  assert.ok(latest.includes(summary.latest), `${summary.latest} is not of ${latest.join()}`);
  const median = values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
  assert.ok(Math.abs(summary.p50 - median) <= 0.0101 * Math.abs(median));
}

test("PerformanceTracker counts every sample once, whatever happens between", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 60, size: "max" }),
      fc.record({
        maxMetricsHistory: fc.integer({ min: 1, max: 20 }),
        slowTurns: fc.integer({ min: 0, max: 30 }),
      }),
      async (commands, { maxMetricsHistory, slowTurns }) => {
        const clock = new JumpingClock(START_MS);
        const store = new UnpluggableStore();
        store.slowTurns = slowTurns;
        const open = (): PerformanceTracker =>
          new PerformanceTracker({ maxMetricsHistory }, { clock, store });
        let tracker = open();
        const recorded: Recorded[] = [];
        const background: Promise<unknown>[] = [];
        const record = (one: Recorded, label?: number): void => {
          recorded.push(one);
          const context = label === undefined ? undefined : { label };
          const { metric, agentId, value, atMs } = one;
          tracker.record({
            metric,
            agentId,
            value,
            context,
            ...(label === undefined ? { atMs } : {}),
          });
        };
        for (const step of commands) {
          if (step.kind === "record") {
            const { metric, agent: agentId, value, label } = step;
            record({ metric, agentId, value, atMs: clock.now() }, label);
          } else if (step.kind === "late") {
            const { metric, agent: agentId, value, agoMs } = step;
            record({ metric, agentId, value, atMs: clock.now() - agoMs });
          } else if (step.kind === "advance") clock.jump(step.byMs);
          else if (step.kind === "flush") await tracker.flush().catch(() => undefined);
          else if (step.kind === "flushBehind")
            background.push(tracker.flush().catch(() => undefined));
          else if (step.kind === "forget") tracker.forgetAgent(step.agent);
          else if (step.kind === "unplug") store.unplugged = !store.unplugged;
          else if (step.kind === "query") {
            store.unplugged = false;
            const expected = recorded.filter((one) => one.metric === step.metric);
            check(await tracker.getMetricSummary(step.metric), expected);
          } else {
            store.unplugged = false;
            await tracker.stop();
            tracker = open();
          }
        }
        store.unplugged = false;
        await Promise.all(background);
        for (const metric of ["m", "n"]) {
          const expected = recorded.filter((one) => one.metric === metric);
          check(await tracker.getMetricSummary(metric), expected);
          for (const agentId of ["a", "b", "c"]) {
            const ofAgent = expected.filter((one) => one.agentId === agentId);
            check(await tracker.getMetricSummary(metric, agentId), ofAgent);
          }
        }
        const samples = await tracker.getMetrics();
        const texts = (list: readonly Recorded[]): string[] =>
          list.map((one) => `${one.atMs} ${one.metric} ${one.agentId} ${one.value}`).sort();
        // An agent is always named here.
        const found = samples.map((sample) => ({ ...sample, agentId: sample.agentId ?? "" }));
        assert.deepEqual(texts(found), texts(recorded));
        const times = samples.map((sample) => sample.atMs);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => b - a),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("PerformanceTracker counts a minute that is on its way to a slow store", async () => {
  const clock = new ManualClock(START_MS);
  const store = new UnpluggableStore();
  store.slowTurns = 100;
  const tracker = new PerformanceTracker({ maxMetricsHistory: 1 }, { clock, store });
  await tracker.start();
  tracker.recordMetric("m", 1, "a");
  const flushed = tracker.flush();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  // The minute's row is handed over but not written, and its series has moved on.
  clock.advance(60_000);
  tracker.recordMetric("m", 2, "a");
  assert.equal((await tracker.getMetricSummary("m"))?.sum, 3);
  await flushed;
  assert.equal((await tracker.getMetricSummary("m"))?.sum, 3);
  store.slowTurns = 0;
  await tracker.stop();
});

test("PerformanceTracker continues a minute after a restart over the same store", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const before = new PerformanceTracker({}, { clock, store });
  await before.start();
  for (let value = 1; value <= 30; value++) before.recordMetric("m", value, "a", { x: 1 });
  await before.takeSnapshot();
  await before.stop();
  clock.advance(5000);
  const after = new PerformanceTracker({}, { clock, store });
  await after.start();
  for (let value = 31; value <= 50; value++) after.recordMetric("m", value, "a", { x: 1 });
  await after.flush();
  const rows = await store.minutes("default", { fromMs: 0, toMs: START_MS + 60_000 });
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.count, 50);
  assert.equal(DistributionSketch.deserialize(rows[0].sketch).sum, 1275);
  assert.equal((await after.getMetrics()).length, 50);
  assert.equal((await after.getLatestMetric("m", "a"))?.value, 50);
  const [snapshot] = await after.getPerformanceSnapshots(1);
  assert.equal(snapshot?.samples, 30);
  await after.stop();
});

test("PerformanceTracker.start() flushes, snapshots and prunes on time", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const options = { rawRetention: "2m", metricRetentionDays: 1, snapshotInterval: 60 };
  const tracker = new PerformanceTracker(options, { clock, store });
  await tracker.start();
  await settled();
  tracker.recordMetric("m", 1, "a");
  clock.advance(999);
  await settled();
  assert.equal((await store.samples("default", {})).length, 0);
  clock.advance(1);
  await settled();
  assert.equal((await store.samples("default", {})).length, 1);
  assert.equal((await store.minutes("default", { fromMs: 0, toMs: 2e12 })).length, 1);
  clock.advance(60_000);
  await settled();
  assert.equal((await store.snapshots("default", 10)).length, 1);
  clock.advance(3_600_000);
  await settled();
  assert.equal((await store.samples("default", {})).length, 0);
  assert.equal((await store.minutes("default", { fromMs: 0, toMs: 2e12 })).length, 1);
  await tracker.stop();
  const { flushes } = tracker.statistics();
  tracker.recordMetric("m", 2, "a");
  clock.advance(600_000);
  await settled();
  assert.equal(tracker.statistics().flushes, flushes);
});

test("PerformanceTracker keeps recording while the store fails, sheds the oldest, and says so", async () => {
  const clock = new ManualClock(START_MS);
  const store = new UnpluggableStore();
  const errors: unknown[] = [];
  const onStoreError = (error: unknown): void => void errors.push(error);
  const options = { maxPendingSamples: 100, maxMetricsHistory: 10 };
  const tracker = new PerformanceTracker(options, { clock, store, onStoreError });
  store.unplugged = true;
  for (let value = 0; value < 250; value++) {
    tracker.recordMetric("m", value, "a");
    clock.advance(1000);
  }
  await assert.rejects(tracker.flush(), isUnavailable);
  await assert.rejects(tracker.getMetrics(), isUnavailable);
  const broken = tracker.statistics();
  assert.deepEqual(
    [broken.pendingSamples, broken.droppedAtFlush, broken.flushFailures, broken.lastFlushError],
    [100, 150, 2, "disk unplugged"],
  );
  assert.equal(errors.length, 2);
  assert.equal((await tracker.getMetricSummary("m"))?.count, 250);
  store.unplugged = false;
  await tracker.flush();
  assert.equal((await store.samples("default", {})).length, 100);
  assert.equal((await tracker.getMetricSummary("m"))?.count, 250);
  assert.equal(tracker.statistics().lastFlushError, null);
});

test("PerformanceTracker adds late samples of thousands of series to their stored minutes", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const tracker = new PerformanceTracker({}, { clock, store });
  const recordAll = (atMs: number): void => {
    for (let index = 0; index < 3000; index++) {
      tracker.record({ metric: "m", value: index, agentId: `a${index}`, atMs });
    }
  };
  recordAll(clock.now());
  await tracker.flush();
  clock.advance(60_000);
  recordAll(clock.now());
  recordAll(START_MS + 5);
  recordAll(START_MS - 60_000);
  await tracker.flush();
  const rows = await store.minutes("default", { fromMs: 0, toMs: 2e12 });
  const counts = Map.groupBy(rows, (row) => `${(row.minuteMs - START_MS) / 60_000}: ${row.count}`);
  assert.deepEqual(
    [...counts].map(([key, { length }]) => `${key} x${length}`),
    ["-1: 1 x3000", "0: 2 x3000", "1: 1 x3000"],
  );
  assert.equal(tracker.statistics().dropped, 0);
});

test("PerformanceTracker.stop() writes every open minute, however many", async () => {
  const store = new VolatileSeriesStore();
  const tracker = new PerformanceTracker({}, { clock: new ManualClock(START_MS), store });
  for (let index = 0; index < 9500; index++) tracker.recordMetric("m", index, `a${index}`);
  await tracker.stop();
  assert.equal((await store.samples("default", { limit: 100_000 })).length, 9500);
  assert.equal((await store.minutes("default", { fromMs: 0, toMs: 2e12 })).length, 9500);
});

test("PerformanceTracker flushes more than a batch of samples and minutes in one flush", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const tracker = new PerformanceTracker({}, { clock, store });
  for (let index = 0; index < 12_000; index++) {
    tracker.recordMetric("m", index, `a${index % 3000}`);
    if (index === 6000) clock.advance(60_000);
  }
  await tracker.flush();
  assert.equal((await store.samples("default", { limit: 100_000 })).length, 12_000);
  const rows = await store.minutes("default", { fromMs: 0, toMs: 2e12 });
  assert.equal(
    rows.reduce((count, row) => count + row.count, 0),
    12_000,
  );
  assert.equal(rows.length, 6000);
});

/** A store of a large fleet, as far as it says itself; notes what it is asked. */
class LargeFleetStore extends VolatileSeriesStore {
  readonly minutesAsked: MinuteQuery[] = [];
  readonly groupedAsked: MinuteQuery[] = [];
  readonly mergedAsked: MinuteQuery[] = [];

  override async metrics(): Promise<readonly StoredMetric[]> {
    return [{ metric: "m", agents: ["a"], series: 20_000 }];
  }

  override async minutes(namespace: string, query: MinuteQuery) {
    this.minutesAsked.push(query);
    return super.minutes(namespace, query);
  }

  override async groupedMinutes(namespace: string, query: GroupedMinuteQuery) {
    this.groupedAsked.push(query);
    return super.groupedMinutes(namespace, query);
  }

  override async mergedMinutes(namespace: string, query: Omit<MinuteQuery, "agentId">) {
    this.mergedAsked.push(query);
    return super.mergedMinutes(namespace, query);
  }
}

test("PerformanceTracker.start() reads rows of the running minute only", async () => {
  const store = new LargeFleetStore();
  const clock = new ManualClock(START_MS + 5000);
  const tracker = new PerformanceTracker({}, { clock, store });
  await tracker.start();
  assert.deepEqual(
    store.minutesAsked.map(({ fromMs }) => fromMs),
    [START_MS],
  );
  assert.deepEqual(await tracker.getMetricNames(), [{ metric: "m", agents: 1 }]);
  await tracker.stop();
});

test("PerformanceTracker.getSeries() after a start reads a large fleet's day in parts", async () => {
  const store = new LargeFleetStore();
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock, store });
  const range = { fromMs: START_MS - 86_400_000, toMs: START_MS, stepMs: 300_000 };
  const query = { metric: "m", aggregation: "sum", ...range } as const;
  await tracker.getSeries({ ...query, groupBy: "agent" });
  await tracker.getSeries(query);
  for (const asked of [store.groupedAsked, store.mergedAsked]) {
    assert.ok(asked.length > 100);
    for (const { fromMs, toMs } of asked) {
      const rows = ((toMs - fromMs) / 60_000) * 20_000;
      assert.ok(rows <= trackerLimits.mergedRows.value, `${rows} rows at once`);
    }
  }
  await tracker.stop();
});
