import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ManualClock } from "../core/index.ts";
import { trackerLimits } from "./limits.ts";
import { MergedMinutes } from "./merged-minutes.ts";
import { PerformanceTracker } from "./performance-tracker.ts";
import type { SeriesStore } from "./store.ts";
import { VolatileSeriesStore } from "./volatile-series-store.ts";

const MINUTE_MS = 60_000;
const START_MS = 1_700_000_040_000;

test("MergedMinutes.forget() forgets a minute of every metric, and says that reads are old", () => {
  const merged = new MergedMinutes();
  merged.set("a", MINUTE_MS, null);
  merged.set("a", 2 * MINUTE_MS, null);
  merged.set("b", MINUTE_MS, null);
  const { version } = merged;
  merged.forget([MINUTE_MS]);
  assert.notEqual(merged.version, version);
  assert.equal(merged.get("a", MINUTE_MS), undefined);
  assert.equal(merged.get("b", MINUTE_MS), undefined);
  assert.equal(merged.get("a", 2 * MINUTE_MS), null);
  assert.equal(merged.size, 1);
});

test("MergedMinutes.set() starts anew at its limit", () => {
  const merged = new MergedMinutes();
  const most = trackerLimits.mergedMinutes.value;
  for (let minute = 0; minute <= most; minute++) merged.set("a", minute * MINUTE_MS, null);
  assert.equal(merged.size, 1);
});

/** A durable store as the tracker sees it: rows outlive trackers. */
function recordingStore(): { store: SeriesStore; reads: () => number } {
  const store = new VolatileSeriesStore({ maxSamples: 1_000_000, maxMinutes: 1_000_000 });
  const merge = store.mergedMinutes.bind(store);
  let reads = 0;
  store.mergedMinutes = (namespace, query) => {
    reads += 1;
    return merge(namespace, query);
  };
  return { store, reads: () => reads };
}

type Step =
  | { readonly do: "record"; readonly agent: number; readonly value: number; readonly ago: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "ask" }
  | { readonly do: "release"; readonly agent: number }
  | { readonly do: "restart" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("record" as const),
        agent: fc.nat(3),
        value: fc.integer({ min: 1, max: 100 }),
        ago: fc.oneof(fc.constant(0), fc.nat(4 * MINUTE_MS)),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(90_000) }),
    },
    { weight: 3, arbitrary: fc.constant({ do: "ask" } as const) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("release" as const), agent: fc.nat(3) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "restart" } as const) },
  ),
  { maxLength: 60 },
);

test("PerformanceTracker charts over all agents count every sample once, whatever was asked before", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const clock = new ManualClock(START_MS);
      const { store } = recordingStore();
      const make = (): PerformanceTracker =>
        new PerformanceTracker({ maxMetricsHistory: 1 }, { store, clock });
      let tracker = make();
      const recorded: { readonly atMs: number; readonly value: number }[] = [];
      const ask = async (): Promise<void> => {
        const range = { fromMs: START_MS - 10 * MINUTE_MS, toMs: clock.now() + 1 };
        const expected = new Map<number, { count: number; sum: number }>();
        for (const { atMs, value } of recorded) {
          const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
          const bucket = expected.get(startMs) ?? { count: 0, sum: 0 };
          expected.set(startMs, { count: bucket.count + 1, sum: bucket.sum + value });
        }
        for (const aggregation of ["count", "sum"] as const) {
          const query = { metric: "m", ...range, stepMs: MINUTE_MS, aggregation };
          const [line] = await tracker.getSeries(query);
          const points = Object.fromEntries(line?.points ?? []);
          const wanted = [...expected].map(([startMs, bucket]) => [startMs, bucket[aggregation]]);
          assert.deepEqual(points, Object.fromEntries(wanted), aggregation);
        }
        const { samples } = await tracker.getSummaries(range);
        assert.equal(samples, recorded.length);
      };
      for (const step of list) {
        if (step.do === "record") {
          const atMs = clock.now() - step.ago;
          const { value } = step;
          tracker.record({ metric: "m", value, agentId: `w${step.agent}`, atMs });
          recorded.push({ atMs, value });
        } else if (step.do === "advance") clock.advance(step.ms);
        else if (step.do === "release") tracker.forgetAgent(`w${step.agent}`);
        else if (step.do === "restart") {
          await tracker.stop();
          tracker = make();
        } else await ask();
      }
      await ask();
    }),
    { numRuns: 150 },
  );
});

test("PerformanceTracker.getSeries() reads a minute that is over once, and again when it grows", async () => {
  const clock = new ManualClock(START_MS);
  const { store, reads } = recordingStore();
  const tracker = new PerformanceTracker({ maxMetricsHistory: 1 }, { store, clock });
  const chart = async (): Promise<number> => {
    const range = { fromMs: START_MS, toMs: clock.now() + 1, stepMs: MINUTE_MS };
    const lines = await tracker.getSeries({ metric: "m", ...range, aggregation: "count" });
    return lines[0]?.points.reduce((sum, [, count]) => sum + count, 0) ?? 0;
  };
  for (const agentId of ["a", "b", "c"]) tracker.recordMetric("m", 1, agentId);
  clock.advance(MINUTE_MS);
  for (const agentId of ["a", "b"]) tracker.recordMetric("m", 1, agentId);
  assert.equal(await chart(), 5);
  const first = reads();
  assert.equal(await chart(), 5);
  assert.equal(reads(), first, "known by now");
  tracker.record({ metric: "m", value: 1, agentId: "a", atMs: START_MS + 1 });
  assert.equal(await chart(), 6);
  assert.equal(reads(), first + 1);
});
