import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "./core/index.ts";
import { keyFigures, kpiTable } from "./kpis.ts";
import { PerformanceTracker } from "./tracker/index.ts";

const NOW_MS = 1_700_000_000_000;

function trackerOf(): PerformanceTracker {
  return new PerformanceTracker({}, { clock: new ManualClock(NOW_MS) });
}

async function figuresOf(tracker: PerformanceTracker) {
  const figures = await keyFigures(tracker, NOW_MS + 1, { fromMs: NOW_MS - 600_000 });
  return Object.fromEntries(figures.map((figure) => [figure.id, figure]));
}

test("keyFigures() gives every figure of the table, null where nothing was measured", async () => {
  const figures = await keyFigures(trackerOf(), NOW_MS);
  assert.deepEqual(
    figures.map(({ id }) => id),
    kpiTable.map(({ id }) => id),
  );
  assert.ok(figures.every(({ value, subjects }) => value === null && subjects.length === 0));
});

test("keyFigures() takes the newest health, and response times over all and per agent", async () => {
  const tracker = trackerOf();
  for (const score of [100, 60, 85]) tracker.recordMetric("system_health_score", score);
  tracker.recordMetric("response_time", 1, "a");
  tracker.recordMetric("response_time", 3, "b");
  const { system_health: health, agent_response_time: response } = await figuresOf(tracker);
  assert.deepEqual([health?.value, health?.statistics?.min], [85, 60]);
  assert.equal(response?.statistics?.avg, 2);
  const perAgent = response?.subjects.map(({ subject, statistics }) => [subject, statistics?.max]);
  assert.deepEqual(perAgent, [
    ["agent:a", 1],
    ["agent:b", 3],
  ]);
});

test("keyFigures() counts messages per minute, and availability in percent", async () => {
  const tracker = trackerOf();
  for (let sent = 0; sent < 30; sent++) tracker.recordMetric("messages_sent", 1, "a");
  for (const [service, answered] of [
    ["search", 1],
    ["search", 0],
    ["mail", 1],
    ["mail", 1],
  ] as const) {
    const labels = { service };
    tracker
      .series({ namespace: "default", metric: "service_availability", labels })
      .record(answered);
  }
  const { message_throughput: throughput, service_availability: available } =
    await figuresOf(tracker);
  assert.ok(Math.abs((throughput?.value ?? 0) - 3) < 0.01, `${throughput?.value} a minute`);
  assert.equal(available?.value, 75);
  assert.deepEqual(
    available?.subjects.map(({ subject, value }) => [subject, value]),
    [
      ["service:mail", 100],
      ["service:search", 50],
    ],
  );
});

test("keyFigures() tells the share of calls that rate limits held back", async () => {
  const tracker = trackerOf();
  const metric = "gateway_service_duration";
  const call = (service: string, outcome: string, count: number): void => {
    const labels = { service, outcome };
    const durations = new Float64Array(count).fill(0.01);
    tracker.series({ namespace: "default", metric, labels }).recordBatch(durations);
  };
  call("search", "2xx", 2);
  call("search", "429", 2);
  call("search", "upstream_429", 4);
  call("mail", "2xx", 8);
  const { rate_limit_effectiveness: limited } = await figuresOf(tracker);
  assert.equal(limited?.value, 12.5);
  assert.deepEqual(
    limited?.subjects.map(({ subject, value }) => [subject, value]),
    [
      ["service:mail", 0],
      ["service:search", 25],
    ],
  );
});
