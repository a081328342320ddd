// The part of the SeriesStore contract about reads over many series: merged where they are
// stored, or chosen by their labels.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DistributionSketch } from "./sketch.ts";
import type { MinuteAggregate, SeriesStore } from "./store.ts";

const MINUTE_MS = 60_000;
const START_MS = 1_700_000_040_000;

/** A minute whose figures and sketch are of these values. */
function measuredMinute(fields: Partial<MinuteAggregate>, ...values: number[]): MinuteAggregate {
  const sketch = new DistributionSketch();
  for (const value of values) sketch.accept(value);
  const { count, sum, min, max } = sketch;
  return {
    metric: "response_time",
    agentId: "worker-1",
    labels: {},
    minuteMs: START_MS,
    last: 1,
    lastAtMs: START_MS + 10,
    ...fields,
    count,
    sum,
    min,
    max,
    sketch: sketch.serialize(),
  };
}

function ofSearch(outcome: string) {
  return { labels: { service: "search", outcome } };
}

/** Registers the criteria; `store` gives the fresh store of the running test. */
export function mergedReadsContract(store: () => SeriesStore): void {
  test("minutes() finds series by some of their labels", async () => {
    const found = async (labels: Readonly<Record<string, string>>): Promise<number[]> => {
      const range = { fromMs: START_MS, toMs: START_MS + MINUTE_MS, labels };
      const rows = await store().minutes("default", range);
      return rows.map(({ sum }) => sum).sort((a, b) => a - b);
    };
    const minutes = [
      measuredMinute({ labels: { service: "search", outcome: "2xx" } }, 1),
      measuredMinute({ labels: { service: "search", outcome: "5xx" } }, 2),
      measuredMinute({ labels: { service: 'q"uote', outcome: "5xx" } }, 4),
    ];
    await store().append("default", { samples: [], minutes });
    assert.deepEqual(await found({ service: "search" }), [1, 2]);
    assert.deepEqual(await found({ service: 'q"uote', outcome: "5xx" }), [4]);
    assert.deepEqual(await found({ service: "search", other: "5xx" }), []);
    assert.deepEqual(await found({}), [1, 2, 4]);
  });

  test("groupedMinutes() merges by agent or by a label's value, and by bucket", async () => {
    await store().append("default", {
      samples: [],
      minutes: [
        measuredMinute({ agentId: "a", ...ofSearch("2xx") }, 1, 2),
        measuredMinute({ agentId: "b", ...ofSearch("2xx"), last: 7, lastAtMs: START_MS + 50 }, 3),
        measuredMinute({ agentId: "b", ...ofSearch("5xx"), minuteMs: START_MS + MINUTE_MS }, 4),
        measuredMinute({ agentId: null }, 8),
        measuredMinute({ agentId: "b", metric: "other" }, 100),
      ],
    });
    const query = {
      metric: "response_time",
      fromMs: START_MS,
      toMs: START_MS + 2 * MINUTE_MS,
      stepMs: 3_600_000,
    };
    const sums = async (more: object): Promise<string[]> => {
      const rows = await store().groupedMinutes("default", {
        ...query,
        groupBy: "agent",
        ...more,
      });
      return rows
        .map((row) => `${row.metric} ${DistributionSketch.deserialize(row.sketch).sum} ${row.last}`)
        .toSorted();
    };
    assert.deepEqual(await sums({}), [" 8 1", "a 3 1", "b 7 7"]);
    assert.deepEqual(await sums({ groupBy: "label:outcome" }), [" 8 1", "2xx 6 7", "5xx 4 1"]);
    assert.deepEqual(await sums({ groupBy: "none", labels: { service: "search" } }), [" 10 7"]);
    assert.deepEqual(await sums({ agentId: "b", stepMs: MINUTE_MS }), ["b 3 7", "b 4 1"]);
  });

  test("mergedMinutes() merges agents and labels into a row per metric and minute", async () => {
    const later = { last: 7, lastAtMs: START_MS + 20 };
    const minutes = [
      measuredMinute({}, 1, 2),
      measuredMinute({ agentId: "worker-2", labels: { zone: "eu" }, ...later }, 7),
      measuredMinute({ agentId: null, minuteMs: START_MS + MINUTE_MS }, 3),
      measuredMinute({ metric: "cpu_usage", agentId: "worker-3" }, 50),
    ];
    await store().append("default", { samples: [], minutes });
    await store().append("other", {
      samples: [],
      minutes: [measuredMinute({ agentId: "elsewhere" }, 9)],
    });
    const { rows, agents } = await store().mergedMinutes("default", {
      metric: "response_time",
      fromMs: START_MS,
      toMs: START_MS + 2 * MINUTE_MS,
    });
    assert.deepEqual([...agents].sort(), ["worker-1", "worker-2"]);
    const read = rows.map(({ metric, startMs, last, lastAtMs, sketch }) => {
      const { count, sum, min, max } = DistributionSketch.deserialize(sketch);
      return [metric, startMs, last, lastAtMs, count, sum, min, max];
    });
    assert.deepEqual(read, [
      ["response_time", START_MS, 7, START_MS + 20, 3, 10, 1, 7],
      ["response_time", START_MS + MINUTE_MS, 1, START_MS + 10, 1, 3, 3, 3],
    ]);
    const all = await store().mergedMinutes("default", { fromMs: START_MS, toMs: START_MS + 1 });
    assert.deepEqual(all.rows.map((row) => row.metric).sort(), ["cpu_usage", "response_time"]);
    assert.deepEqual([...all.agents].sort(), ["worker-1", "worker-2", "worker-3"]);
  });

  test("mergedSamples() merges samples into buckets, or says that there are too many", async () => {
    const samples = [0, 999, 1000, 2500].map((afterMs, index) => ({
      metric: "response_time",
      value: index + 1,
      atMs: START_MS + afterMs,
      agentId: `worker-${index % 2}`,
      context: {},
      metadata: {},
    }));
    await store().append("default", { samples, minutes: [] });
    const query = {
      metric: "response_time",
      fromMs: START_MS,
      toMs: START_MS + 2500,
      stepMs: 1000,
      most: 3,
    };
    const read = async (more: object): Promise<unknown> =>
      (await store().mergedSamples("default", { ...query, ...more }))?.map((row) => {
        const { count, sum } = DistributionSketch.deserialize(row.sketch);
        return [row.startMs - START_MS, count, sum, row.last, row.lastAtMs - START_MS];
      });
    const whole = [
      [0, 2, 3, 2, 999],
      [1000, 1, 3, 3, 1000],
    ];
    assert.deepEqual(await read({}), whole);
    assert.deepEqual(await read({ agentId: "worker-1" }), [[0, 1, 2, 2, 999]]);
    assert.deepEqual(await read({ metric: "unknown" }), []);
    assert.equal(await store().mergedSamples("default", { ...query, most: 2 }), null);
  });
}
