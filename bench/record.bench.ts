// What one recorded value costs its caller: our bound handle and unbound call beside
// prom-client's histogram, and beside nothing but the ring or the sketch.

import { createRequire } from "node:module";

import { PerformanceTracker } from "../src/tracker/index.ts";
import { SampleRing } from "../src/tracker/sample-ring.ts";
import { Series } from "../src/tracker/series.ts";
import { DistributionSketch } from "../src/tracker/sketch.ts";
import type { Benchmark, BenchmarkReport, Contender } from "./benchmark.ts";

const OPERATIONS = 500_000;
const VALUES = 4096;

/** Response times as they are met: log-normal around 0.2 s, the same for every contender. */
function responseTimes(): Float64Array {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float64Array.from({ length: VALUES }, () => {
    const normal = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    return 0.2 * Math.exp(0.8 * normal);
  });
}

function contender(
  name: string,
  record: (value: number) => void,
  kind: { readonly peer?: boolean; readonly part?: boolean } = {},
): Contender {
  const values = responseTimes();
  return {
    name,
    ...kind,
    run(operations) {
      for (let index = 0; index < operations; index++) record(values[index & (VALUES - 1)]!);
      return operations;
    },
  };
}

/** Bound: the series was looked up before; only the value is new. */
async function bound(report: BenchmarkReport): Promise<void> {
  const { Histogram, Registry } = await import("prom-client");
  const histogram = new Histogram({
    name: "response_time",
    help: "s",
    labelNames: ["agent", "operation"],
    registers: [new Registry()],
  });
  const child = histogram.labels({ agent: "worker-1", operation: "sort" });
  const tracker = new PerformanceTracker();
  const handle = tracker.series({
    namespace: "default",
    metric: "response_time",
    agentId: "worker-1",
    labels: { operation: "sort" },
  });
  const ring = new SampleRing({ maxHistory: 10_000, maxPending: 0 });
  const identity = { metric: "m", agentId: null, labels: {}, context: {}, labelsKey: "" };
  const series = new Series(identity, 0);
  const sketch = new DistributionSketch();
  const part = { part: true };
  await report.compare(
    "bound handle",
    [
      contender("prom-client labels().observe", (value) => child.observe(value), { peer: true }),
      contender("series(key).record", (value) => handle.record(value)),
      contender("of it: the clock (Date.now)", (value) => void (value + Date.now()), part),
      contender("of it: the sketch", (value) => sketch.accept(value), part),
      contender("of it: the ring", (value) => ring.push(series, value, 0, undefined), part),
    ],
    { operations: OPERATIONS },
  );
  expectCount(tracker, "worker-1");
}

/** Unbound: metric, agent and a context object are given with each value. */
async function unbound(report: BenchmarkReport): Promise<void> {
  const { Histogram, Registry } = await import("prom-client");
  const histogram = new Histogram({
    name: "response_time",
    help: "s",
    labelNames: ["agent", "operation", "zone"],
    registers: [new Registry()],
  });
  const tracker = new PerformanceTracker();
  const agents = Array.from({ length: 16 }, (_, index) => `worker-${index}`);
  let turn = 0;
  await report.compare(
    "unbound, 16 agents, two labels in a fresh object",
    [
      contender(
        "prom-client observe(labels, value)",
        (value) => {
          const agent = agents[turn++ & 15]!;
          histogram.observe({ agent, operation: "sort", zone: "eu" }, value);
        },
        { peer: true },
      ),
      contender("recordMetric(metric, value, agent, context)", (value) => {
        const agent = agents[turn++ & 15]!;
        tracker.recordMetric("response_time", value, agent, { operation: "sort", zone: "eu" });
      }),
    ],
    { operations: OPERATIONS },
  );
  expectCount(tracker, "worker-1");
}

/** A contender that did not do its work has no figure. */
function expectCount(tracker: PerformanceTracker, agentId: string): void {
  const { samples } = tracker.statistics();
  if (samples < OPERATIONS || tracker.recent(agentId)["response_time"] === undefined) {
    throw new Error(`The tracker holds ${samples} samples of ${agentId}`);
  }
}

export const benchmark: Benchmark = {
  name: "record",
  description: "one value recorded, beside prom-client's histogram (11 buckets)",
  async run(report) {
    await bound(report);
    await unbound(report);
    const { version } = createRequire(import.meta.url)("prom-client/package.json");
    report.note(`prom-client ${version}: a count, a sum and one of 11 buckets per value.`);
    report.note(
      "Ours keeps the raw sample with its time, exact min and max, and a sketch good to 1%.",
    );
  },
};
