import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { TrackerError } from "./errors.ts";
import { OTHER } from "./labels.ts";
import type { Sample, SeriesQuery, TimeRange } from "./model.ts";
import { PerformanceTracker } from "./performance-tracker.ts";
import { VolatileSeriesStore } from "./volatile-series-store.ts";

const START_MS = 1_700_000_040_000;

function coded(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TrackerError && error.code === code;
}

function valuesOf(samples: readonly Sample[]): number[] {
  return samples.map((sample) => sample.value);
}

test("PerformanceTracker.recordMetric() keeps value, time, agent, context and metadata", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  const metadata = { request: "r-1" };
  tracker.recordMetric(
    "response_time",
    0.5,
    "agent_1",
    { operation: "sort", attempt: 2 },
    metadata,
  );
  metadata.request = "changed later";
  assert.deepEqual(await tracker.getMetrics(), [
    {
      metric: "response_time",
      value: 0.5,
      atMs: START_MS,
      agentId: "agent_1",
      context: { operation: "sort", attempt: 2 },
      metadata: { request: "r-1" },
    },
  ]);
});

test("PerformanceTracker.recordMetric() refuses bad names, values, contexts and times", () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({ metricRetentionDays: 1 }, { clock });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const bad = coded("tracker.value_not_finite");
    assert.throws(() => tracker.recordMetric("cpu_usage", value), bad);
    assert.throws(() => tracker.record({ metric: "cpu_usage", value, atMs: START_MS }), bad);
    const handle = tracker.series({ namespace: "default", metric: "cpu_usage" });
    assert.throws(() => handle.record(value), RangeError);
  }
  // What comes from JSON may be anything; the types cannot say so.
  assert.throws(
    () => tracker.recordMetric("cpu_usage", JSON.parse('"5"')),
    coded("tracker.value_not_finite"),
  );
  for (const name of ["", "_x", "a b", "x".repeat(129), OTHER]) {
    assert.throws(() => tracker.recordMetric(name, 1), coded("tracker.metric_name_invalid"));
    assert.throws(() => tracker.recordMetric("m", 1, name), coded("tracker.agent_id_invalid"));
  }
  const list = JSON.parse('["a"]');
  const badContext = coded("tracker.context_invalid");
  assert.throws(() => tracker.recordMetric("m", 1, "a", list), badContext);
  assert.throws(() => tracker.recordMetric("m", 1, "a", {}, list), badContext);
  const badTime = coded("tracker.time_out_of_range");
  for (const atMs of [START_MS + 300_001, START_MS - 86_400_001, Number.NaN]) {
    assert.throws(() => tracker.record({ metric: "m", value: 1, atMs }), badTime);
  }
  assert.equal(tracker.statistics().samples, 0);
});

test("PerformanceTracker refuses impossible options and another namespace's key", () => {
  assert.throws(() => new PerformanceTracker({ maxMetricsHistory: 0 }));
  assert.throws(() => new PerformanceTracker({}, { namespace: "a b" }), RangeError);
  const tracker = new PerformanceTracker({}, { namespace: "demo" });
  assert.throws(() => tracker.series({ namespace: "default", metric: "m" }), /serves "demo"/);
});

test("PerformanceTracker.record() takes samples of the past, and a clock slightly ahead as now", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  tracker.record({ metric: "m", value: 1, atMs: START_MS - 500_000 });
  tracker.record({ metric: "m", value: 2, atMs: START_MS + 300_000 });
  tracker.record({ metric: "m", value: 3, atMs: START_MS - 1000.5 });
  const samples = await tracker.getMetrics("m");
  assert.deepEqual(
    samples.map((sample) => [sample.value, sample.atMs]),
    [
      [2, START_MS],
      [3, START_MS - 1001],
      [1, START_MS - 500_000],
    ],
  );
  assert.equal((await tracker.getLatestMetric("m"))?.value, 2);
});

test("PerformanceTracker.getMetrics() filters, limits and orders newest first", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  for (let index = 0; index < 20; index++) {
    tracker.recordMetric(index % 2 === 0 ? "even" : "odd", index, index < 10 ? "a" : "b");
    clock.advance(1000);
  }
  assert.deepEqual(valuesOf(await tracker.getMetrics("even", "a")), [8, 6, 4, 2, 0]);
  const range = { fromMs: START_MS + 3000, toMs: START_MS + 6000 };
  assert.deepEqual(valuesOf(await tracker.getMetrics(undefined, undefined, range)), [5, 4, 3]);
  assert.deepEqual(valuesOf(await tracker.getMetrics("odd", "b", {}, { limit: 2 })), [19, 17]);
  assert.deepEqual(await tracker.getMetrics("none"), []);
  const backwards = { fromMs: 5, toMs: 1 };
  await assert.rejects(tracker.getMetrics("m", "a", backwards), coded("tracker.range_invalid"));
  await assert.rejects(
    tracker.getMetrics("m", "a", {}, { limit: -1 }),
    coded("tracker.range_invalid"),
  );
});

test("PerformanceTracker never shows more raw samples than maxMetricsHistory", async () => {
  const tracker = new PerformanceTracker({ maxMetricsHistory: 100 });
  const handle = tracker.series({ namespace: "default", metric: "m", agentId: "a" });
  for (let value = 0; value < 5000; value++) {
    handle.record(value);
    tracker.recordMetric("n", value, `agent-${value % 50}`);
    assert.ok(tracker.statistics().samplesInMemory <= 100);
  }
  const samples = await tracker.getMetrics(undefined, undefined, {}, { limit: 100_000 });
  assert.equal(samples.length, 100);
  assert.equal(samples[0]?.value, 4999);
  const summary = await tracker.getMetricSummary("m");
  assert.equal(summary?.count, 5000);
  assert.equal(summary.sum, (4999 * 5000) / 2);
});

test("PerformanceTracker.getMetricSummary() covers exactly the range while memory knows it", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  for (let index = 1; index <= 100; index++) {
    tracker.recordMetric("m", index, "a");
    clock.advance(100);
  }
  const range = { fromMs: START_MS + 2000, toMs: START_MS + 4000 };
  const summary = await tracker.getMetricSummary("m", "a", range);
  assert.deepEqual(
    [summary?.count, summary?.min, summary?.max, summary?.sum, summary?.avg, summary?.latest],
    [20, 21, 40, 610, 30.5, 40],
  );
  assert.equal(await tracker.getMetricSummary("unknown"), undefined);
  const agent = await tracker.getAgentPerformanceSummary("a", range);
  assert.deepEqual([agent.fromMs, agent.toMs], [range.fromMs, range.toMs]);
  assert.equal(agent.metrics["m"]?.count, 20);
});

test("PerformanceTracker.getSummaries() says that minutes cover whole minutes", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({ maxMetricsHistory: 10 }, { clock });
  for (let index = 0; index < 180; index++) {
    tracker.recordMetric("m", index, "a");
    clock.advance(1000);
  }
  const summaries = await tracker.getSummaries({
    metric: "m",
    fromMs: START_MS + 70_000,
    toMs: START_MS + 100_000,
  });
  const covered = [summaries.fromMs - START_MS, summaries.toMs - START_MS];
  assert.deepEqual(covered, [60_000, 120_000]);
  assert.equal(summaries.metrics["m"]?.min, 60);
  assert.equal(summaries.metrics["m"]?.max, 119);
  assert.deepEqual(summaries.agents, ["a"]);
});

test("PerformanceTracker.getSeries() draws raw samples below a minute and minutes above", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({ maxMetricsHistory: 60 }, { clock });
  for (let index = 0; index < 120; index++) {
    tracker.recordMetric("m", index, index % 2 === 0 ? "a" : "b");
    clock.advance(1000);
  }
  const toMs = clock.now();
  const query = { metric: "m", fromMs: toMs - 30_000, toMs, stepMs: 10_000 } as const;
  const [raw] = await tracker.getSeries({ ...query, aggregation: "max" });
  assert.deepEqual(
    raw?.points.map(([, value]) => value),
    [99, 109, 119],
  );
  const wide = { metric: "m", fromMs: START_MS, toMs, stepMs: 60_000 } as const;
  const lines = await tracker.getSeries({ ...wide, aggregation: "count", groupBy: "agent" });
  const shown = lines.map((line) => [line.agentId, ...line.points.map(([, value]) => value)]);
  assert.deepEqual(shown, [
    ["a", 30, 30],
    ["b", 30, 30],
  ]);
  const expected = { avg: 29.5, min: 0, max: 59, sum: 1770, last: 59 } as const;
  for (const aggregation of ["avg", "min", "max", "sum", "last"] as const) {
    const [line] = await tracker.getSeries({ ...wide, aggregation });
    assert.deepEqual(line?.points[0], [START_MS, expected[aggregation]], aggregation);
  }
  const [p90] = await tracker.getSeries({ ...wide, aggregation: "p90" });
  assert.ok(Math.abs((p90?.points[0]?.[1] ?? 0) - 53) < 0.54);
});

test("PerformanceTracker.getSeries() says its step, and makes those of minutes whole", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  const handle = tracker.series({ namespace: "default", metric: "batched" });
  for (let minute = 0; minute < 12; minute++) {
    tracker.recordMetric("m", 1, "a", { service: "search" });
    handle.recordBatch(Float64Array.of(1, 1));
    clock.advance(60_000);
  }
  const range = { fromMs: START_MS, toMs: START_MS + 12 * 60_000, aggregation: "count" } as const;
  const shape = async (query: Omit<SeriesQuery, "fromMs" | "toMs" | "aggregation">) => {
    const [line] = await tracker.getSeries({ ...range, ...query });
    return { stepMs: line?.stepMs, counts: line?.points.map(([, count]) => count) };
  };
  assert.equal((await shape({ metric: "m", stepMs: 10_000 })).stepMs, 10_000);
  // 90 s would hold one minute and two in turn.
  const even = { stepMs: 120_000, counts: Array<number>(6).fill(2) };
  assert.deepEqual(await shape({ metric: "m", stepMs: 90_000 }), even);
  const labels = { service: "search" };
  const whole = { stepMs: 60_000, counts: Array<number>(12).fill(1) };
  assert.deepEqual(await shape({ metric: "m", stepMs: 10_000, labels }), whole);
  const batched = await shape({ metric: "batched", stepMs: 10_000 });
  assert.deepEqual(batched, { stepMs: 60_000, counts: Array<number>(12).fill(2) });
});

test("PerformanceTracker.getSeries() refuses steps, ranges and aggregations it cannot draw", async () => {
  const tracker = new PerformanceTracker();
  const query = { metric: "m", fromMs: 0, toMs: 1e12, stepMs: 1000, aggregation: "avg" } as const;
  await assert.rejects(tracker.getSeries(query), coded("tracker.too_many_points"));
  const invalid = coded("tracker.range_invalid");
  await assert.rejects(tracker.getSeries({ ...query, stepMs: 0 }), invalid);
  await assert.rejects(tracker.getSeries({ ...query, toMs: -5 }), invalid);
  await assert.rejects(
    tracker.getSeries({ ...query, toMs: 1000, aggregation: JSON.parse('"median"') }),
    invalid,
  );
});

test("PerformanceTracker.takeSnapshot() pictures the last snapshotInterval, with unique ids", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({ snapshotInterval: "10s", maxSnapshots: 3 }, { clock });
  tracker.recordMetric("m", 1, "old");
  clock.advance(20_000);
  tracker.recordMetric("m", 5, "a");
  tracker.recordMetric("n", 6);
  const seen: string[] = [];
  using _ = tracker.addSnapshotCallback((snapshot) => seen.push(snapshot.id));
  const first = await tracker.takeSnapshot();
  assert.deepEqual(first.agents, ["a"]);
  assert.deepEqual([first.samples, first.windowMs, first.atMs], [2, 10_000, clock.now()]);
  assert.equal(first.metrics["m"]?.count, 1);
  for (let index = 0; index < 5; index++) await tracker.takeSnapshot();
  assert.equal(new Set(seen).size, 6);
  const kept = await tracker.getPerformanceSnapshots();
  assert.deepEqual(
    kept.map((snapshot) => snapshot.id),
    seen.slice(-3).toReversed(),
  );
  await assert.rejects(tracker.getPerformanceSnapshots(-1), coded("tracker.range_invalid"));
});

test("PerformanceTracker.getPerformanceSnapshots() gives the newest of a range, stored or in memory", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const before = new PerformanceTracker({}, { clock, store });
  const taken: string[] = [];
  for (let index = 0; index < 3; index++) {
    taken.push((await before.takeSnapshot()).id);
    clock.advance(1000);
  }
  const tracker = new PerformanceTracker({}, { clock, store });
  taken.push((await tracker.takeSnapshot()).id);
  const ids = async (count: number, range: TimeRange): Promise<string[]> =>
    (await tracker.getPerformanceSnapshots(count, range)).map(({ id }) => id);
  assert.deepEqual(await ids(10, { toMs: START_MS + 2000 }), [taken[1], taken[0]]);
  assert.deepEqual(await ids(1, { toMs: START_MS + 2000 }), [taken[1]]);
  assert.deepEqual(await ids(10, { fromMs: START_MS + 2000 }), [taken[3], taken[2]]);
});

test("PerformanceTracker.addMetricCallback() is called with each sample until disposed", () => {
  const tracker = new PerformanceTracker();
  const seen: Sample[] = [];
  const registration = tracker.addMetricCallback((sample) => seen.push(sample));
  tracker.recordMetric("m", 1, "a", { x: 1 });
  tracker.series({ namespace: "default", metric: "m" }).record(2);
  registration[Symbol.dispose]();
  tracker.recordMetric("m", 3);
  assert.deepEqual(valuesOf(seen), [1, 2]);
  assert.deepEqual(seen[0]?.context, { x: 1 });
});

test("PerformanceTracker.recent() covers the last five minutes of one agent", () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  for (let minute = 0; minute < 10; minute++) {
    tracker.recordMetric("m", minute, "a", { x: minute % 2 });
    clock.advance(minute === 9 ? 59_999 : 60_000);
  }
  const recent = tracker.recent("a")["m"];
  assert.deepEqual(recent, { count: 5, min: 5, max: 9, avg: 7, latest: 9 });
  assert.deepEqual(tracker.recent("nobody"), {});
  clock.advance(400_000);
  assert.deepEqual(tracker.recent("a"), {});
});

test("PerformanceTracker.series() handles outlive forgetAgent() and find room again", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const options = { maxSeries: 2 };
  const tracker = new PerformanceTracker(options, { clock, store });
  const kept = tracker.series({ namespace: "default", metric: "m", agentId: "a" });
  tracker.recordMetric("n", 1, "b");
  const folded = tracker.series({ namespace: "default", metric: "m", agentId: "c" });
  kept.record(1);
  folded.record(10);
  assert.deepEqual(tracker.agents(), ["a", "b"]);
  await tracker.flush();
  kept.record(2);
  tracker.forgetAgent("a");
  assert.deepEqual(tracker.agents(), ["b"]);
  kept.record(3);
  await tracker.flush();
  assert.equal((await tracker.getMetricSummary("m", "a"))?.sum, 6);
  const { fromMs, toMs } = { fromMs: 0, toMs: START_MS + 60_000 };
  const rows = await store.minutes("default", { metric: "m", agentId: "a", fromMs, toMs });
  assert.deepEqual(
    rows.map((row) => [row.count, row.sum]),
    [[3, 6]],
  );
  tracker.forgetAgent("b");
  folded.record(20);
  assert.deepEqual(tracker.agents(), ["a", "c"]);
  assert.equal((await tracker.getMetricSummary("m"))?.sum, 36);
});

test("PerformanceTracker.statistics() counts folded lookups and dropped labels", async () => {
  const tracker = new PerformanceTracker({ maxSeriesPerAgent: 2, maxLabels: 1 });
  for (let index = 0; index < 10; index++) {
    tracker.recordMetric("m", index, "a", { request: index, user: "x" });
  }
  const { folded, labelsDropped, series, samples } = tracker.statistics();
  assert.deepEqual(
    { folded, labelsDropped, series, samples },
    {
      folded: 8,
      labelsDropped: 10,
      series: 3,
      samples: 10,
    },
  );
  assert.equal((await tracker.getMetricSummary("m", "a"))?.count, 10);
});

test("PerformanceTracker.getMetricNames() counts agents, those before a restart too", async () => {
  const clock = new ManualClock(START_MS);
  const store = new VolatileSeriesStore();
  const before = new PerformanceTracker({}, { clock, store });
  before.recordMetric("m", 1, "a");
  before.recordMetric("m", 1, "b");
  await before.stop();
  const after = new PerformanceTracker({}, { clock, store });
  after.recordMetric("m", 1, "c");
  after.recordMetric("n", 1);
  assert.deepEqual(await after.getMetricNames(), [
    { metric: "m", agents: 3 },
    { metric: "n", agents: 0 },
  ]);
});

test("SeriesHandle.recordBatch() counts every value and leaves no raw samples", async () => {
  const clock = new ManualClock(START_MS);
  const tracker = new PerformanceTracker({}, { clock });
  const handle = tracker.series({ namespace: "default", metric: "latency", agentId: "a" });
  handle.recordBatch(Float64Array.of(1, 2, 3, 4));
  handle.recordBatch(new Float64Array());
  tracker.recordMetric("other", 7);
  const { metrics } = await tracker.getSummaries({ fromMs: START_MS - 1000 });
  const { count, min, max, avg, latest } = metrics["latency"] ?? {};
  assert.deepEqual([count, min, max, avg, latest, metrics["other"]?.count], [4, 1, 4, 2.5, 4, 1]);
  assert.deepEqual(await tracker.getMetrics("latency", "a"), []);
  assert.throws(() => handle.recordBatch(Float64Array.of(1, Number.NaN)), RangeError);
  assert.equal((await tracker.getMetricSummary("latency", "a"))?.count, 4);
  const chart = { fromMs: START_MS - 1000, toMs: START_MS + 1000, stepMs: 1000 };
  const [line] = await tracker.getSeries({ ...chart, metric: "latency", aggregation: "sum" });
  assert.deepEqual(
    line?.points.map(([, sum]) => sum),
    [10],
  );
});

test("PerformanceTracker.getSeries() filters and groups by labels", async () => {
  const tracker = new PerformanceTracker({}, { clock: new ManualClock(START_MS) });
  for (const [service, outcome, value] of [
    ["search", "2xx", 1],
    ["search", "5xx", 2],
    ["mail", "2xx", 4],
  ] as const) {
    const labels = { service, outcome };
    tracker.series({ namespace: "default", metric: "calls", labels }).record(value);
  }
  const query = { metric: "calls", fromMs: START_MS - 60_000, toMs: START_MS + 60_000 } as const;
  const shape = { ...query, stepMs: 60_000, aggregation: "sum" } as const;
  const search = { service: "search" };
  const byOutcome = { ...shape, labels: search, groupBy: "label:outcome" } as const;
  const found = (await tracker.getSeries(byOutcome)).map(({ labels, points }) => [
    labels["outcome"],
    points.map(([, sum]) => sum),
  ]);
  assert.deepEqual(found, [
    ["2xx", [1]],
    ["5xx", [2]],
  ]);
  const [one] = await tracker.getSeries({ ...shape, labels: search });
  assert.deepEqual(one?.points[0]?.[1], 3);
});
