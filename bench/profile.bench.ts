// What one profiled call costs its caller: a wrapped function and a scope beside
// perf_hooks.timerify, and beside the same call left alone.

import { performance, PerformanceObserver } from "node:perf_hooks";

import { noTelemetry } from "../src/core/index.ts";
import { PerformanceProfiler } from "../src/profiler/index.ts";
import { PerformanceTracker } from "../src/tracker/index.ts";
import type { Benchmark, BenchmarkReport, Contender } from "./benchmark.ts";

const OPERATIONS = 200_000;

/** Too little work to hide what is around it. */
function step(value: number): number {
  return (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
}

function contender(
  name: string,
  call: (value: number) => number,
  kind: { readonly peer?: boolean; readonly part?: boolean } = {},
): Contender {
  return {
    name,
    ...kind,
    run(operations) {
      let value = 1;
      for (let index = 0; index < operations; index++) value = call(value);
      return value;
    },
  };
}

/** A profiler as the server has it: durations go to a tracker. */
function tracked(): { profiler: PerformanceProfiler; tracker: PerformanceTracker } {
  const tracker = new PerformanceTracker();
  const telemetry = { ...noTelemetry, series: tracker.series.bind(tracker) };
  return { profiler: new PerformanceProfiler({}, { telemetry }), tracker };
}

/** timerify with someone to read its entries: without an observer it makes none. */
function timerified(): { peer: Contender; seen: () => number; stop: () => void } {
  let seen = 0;
  let whenSeen: (() => void) | undefined;
  const observer = new PerformanceObserver((list) => {
    seen += list.getEntries().length;
    whenSeen?.();
  });
  observer.observe({ entryTypes: ["function"] });
  const { name, run } = contender("timerify, observed", performance.timerify(step));
  return {
    peer: {
      name,
      peer: true,
      async run(operations) {
        const wanted = seen + operations;
        const { promise, resolve } = Promise.withResolvers<void>();
        whenSeen = (): void => (seen >= wanted ? resolve() : undefined);
        const value = await run(operations);
        // The observer is called in a later turn; taking its entries is part of the work.
        await promise;
        return value;
      },
    },
    seen: () => seen,
    stop: () => observer.disconnect(),
  };
}

async function functions(report: BenchmarkReport): Promise<void> {
  const alone = new PerformanceProfiler();
  const { profiler, tracker } = tracked();
  const off = new PerformanceProfiler({ profilingEnabled: false });
  const { peer, ...observed } = timerified();
  const waited = profiler.profileFunction("waited")(async (value: number) => step(value));
  await report.compare(
    "a plain function",
    [
      peer,
      contender("profileFunction", alone.profileFunction("step")(step)),
      contender("profileFunction, with a tracker", profiler.profileFunction("step")(step)),
      {
        name: "profileFunction of an async function, awaited",
        async run(operations) {
          let value = 1;
          for (let index = 0; index < operations; index++) value = await waited(value);
          return value;
        },
      },
      contender("profilingEnabled: false", off.profileFunction("step")(step), { part: true }),
      contender("the bare call", step, { part: true }),
    ],
    { operations: OPERATIONS },
  );
  observed.stop();
  await profiler.stop();
  const summary = await tracker.getMetricSummary("profile_duration");
  // A contender that did not do its work has no figure.
  if (alone.statistics().spans < OPERATIONS || (summary?.count ?? 0) < 2 * OPERATIONS) {
    throw new Error(`${alone.statistics().spans} spans, ${summary?.count ?? 0} durations tracked`);
  }
  if (observed.seen() < OPERATIONS)
    throw new Error(`timerify was observed ${observed.seen()} times`);
}

async function scopes(report: BenchmarkReport): Promise<void> {
  const { profiler } = tracked();
  const { peer, ...observed } = timerified();
  await report.compare(
    "a scope",
    [
      peer,
      contender("using profile(name)", (value) => {
        using _span = profiler.profile("step");
        return step(value);
      }),
      contender("profile(name, context, callback)", (value) =>
        profiler.profile("step", undefined, () => step(value)),
      ),
      contender("startProfile and endProfile", (value) => {
        const id = profiler.startProfile("step");
        const next = step(value);
        profiler.endProfile(id);
        return next;
      }),
    ],
    { operations: OPERATIONS },
  );
  observed.stop();
  await profiler.stop();
}

export const benchmark: Benchmark = {
  name: "profile",
  description: "one profiled call, beside perf_hooks.timerify with an observer",
  async run(report) {
    await functions(report);
    await scopes(report);
    report.note(`Node ${process.versions.node}; the function itself takes about a nanosecond.`);
    report.note(
      "Ours keeps the last 5000 calls with trace, parent, outcome and context, and hands every " +
        "duration to the tracker; timerify hands over an entry with duration and arguments.",
    );
    report.note("startProfile and endProfile also make the span's ids and its record for people.");
  },
};
