import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import fc from "fast-check";

import { ManualClock } from "../core/index.ts";
import type { JsonObject, SeriesKey, Telemetry } from "../core/index.ts";
import type { SpanInput } from "./model.ts";
import { PerformanceProfiler } from "./performance-profiler.ts";
import { storedSpans } from "./profiling-export.ts";
import { VolatileProfileStore } from "./volatile-profile-store.ts";

/** Keeps what reaches the port. */
class TelemetryLog {
  readonly written: { readonly key: SeriesKey; readonly values: number[] }[] = [];
  readonly telemetry: Telemetry = {
    series: (key) => {
      const values: number[] = [];
      this.written.push({ key, values });
      return {
        record: (value) => void values.push(value),
        recordBatch: (batch) => void values.push(...batch),
      };
    },
    recent: () => ({}),
    activity: () => undefined,
  };

  values(metric: string, agentId?: string): number[] {
    return this.written
      .filter(({ key }) => key.metric === metric && key.agentId === agentId)
      .flatMap(({ values }) => values);
  }
}

let clock: ManualClock;
let profiler: PerformanceProfiler;
beforeEach(() => {
  clock = new ManualClock();
  profiler = new PerformanceProfiler({}, { clock });
});

describe("PerformanceProfiler.profile()", () => {
  test("times a scope until it is disposed, with its context, once", async () => {
    {
      using span = profiler.profile("data_processing", { batch_size: 1000 });
      clock.advance(12);
      span[Symbol.dispose]();
      clock.advance(100);
    }
    const spans = await profiler.getSpans();
    assert.equal(spans.length, 1);
    assert.equal(spans[0]?.durationMs, 12);
    assert.equal(spans[0]?.startMs, 1_700_000_000_000);
    assert.equal(spans[0]?.kind, "scope");
    assert.deepEqual(spans[0]?.context, { batch_size: 1000 });
    assert.match(spans[0]?.spanId ?? "", /^[\da-f]{16}$/);
    assert.match(spans[0]?.traceId ?? "", /^[\da-f]{32}$/);
  });

  test("makes scopes inside children, across awaits, until it is disposed", async () => {
    const ids: string[] = [];
    {
      using outer = profiler.profile("outer");
      ids.push(outer.spanId);
      {
        using inner = profiler.profile("inner");
        assert.equal(inner.traceId, outer.traceId);
        await Promise.resolve();
        profiler.profileFunction("leaf")(() => 1)();
        ids.push(inner.spanId);
      }
      await new Promise((resolve) => setImmediate(resolve));
      profiler.profileFunction("sibling")(() => 1)();
    }
    profiler.profileFunction("after")(() => 1)();
    const parents = new Map((await profiler.getSpans()).map((one) => [one.name, one.parentSpanId]));
    assert.deepEqual(Object.fromEntries(parents), {
      outer: null,
      inner: ids[0],
      leaf: ids[1],
      sibling: ids[0],
      after: null,
    });
  });

  test("forgets a scope that was disposed in another asynchronous flow", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    async function flow(): Promise<void> {
      using span = profiler.profile("flow");
      await promise;
      assert.ok(span.spanId);
    }
    const running = flow();
    resolve();
    await running;
    profiler.profileFunction("after")(() => 1)();
    const [after] = await profiler.getSpans({ name: "after" });
    assert.equal(after?.parentSpanId, null);
  });

  test("holds on to no scope that is over, however many leak into one flow", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    // So that only the flow can hold on to a span, and by it to its context.
    profiler = new PerformanceProfiler({ maxHistory: 1 }, { clock });
    async function flow(): Promise<WeakRef<object>> {
      const marker = {};
      using span = profiler.profile("flow", { marker });
      await Promise.resolve();
      assert.ok(span.spanId);
      return new WeakRef(marker);
    }
    const scopes: WeakRef<object>[] = [];
    for (let turn = 0; turn < 100; turn++) scopes.push(await flow());
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    const alive = scopes.filter((scope) => scope.deref() !== undefined).length;
    assert.ok(alive <= 2, `${alive} of 100 scopes are still in memory`);
  });

  test("with a callback keeps scopes that run beside each other apart", async () => {
    await profiler.profile("all", {}, () =>
      Promise.all(
        ["a", "b", "c"].map((name) =>
          profiler.profile(name, {}, async () => {
            await Promise.resolve();
            profiler.profile(`${name}-child`)[Symbol.dispose]();
          }),
        ),
      ),
    );
    const spans = await profiler.getSpans();
    const idOf = (name: string): string | undefined =>
      spans.find((span) => span.name === name)?.spanId;
    for (const { name, parentSpanId } of spans) {
      if (name === "all") assert.equal(parentSpanId, null);
      else assert.equal(parentSpanId, idOf(name.includes("-") ? name.slice(0, 1) : "all"), name);
    }
    assert.equal(spans.length, 7);
  });

  test("with a callback returns its result and counts its error", async () => {
    assert.equal(
      profiler.profile("sum", undefined, () => 3),
      3,
    );
    assert.equal(await profiler.profile("later", undefined, async () => 4), 4);
    const failure = new Error("no");
    const fail = (): unknown => profiler.profile("failing", {}, () => Promise.reject(failure));
    await assert.rejects(
      async () => fail(),
      (error) => error === failure,
    );
    assert.throws(
      () =>
        profiler.profile("throwing", {}, () => {
          throw failure;
        }),
      (error) => error === failure,
    );
    assert.equal(profiler.statistics().failed, 2);
  });

  test("fail() marks the span, and leaving goes on as usual", async () => {
    {
      using span = profiler.profile("step");
      span.fail(new Error("half done"));
    }
    const [span] = await profiler.getSpans();
    assert.deepEqual([span?.ok, span?.error], [false, "Error: half done"]);
  });

  test("a context that is no JSON is left out, not the span", async () => {
    const circle: Record<string, JsonObject> = {};
    circle["self"] = circle;
    profiler.profile("odd", circle)[Symbol.dispose]();
    const [span] = await profiler.getSpans();
    assert.equal(span?.name, "odd");
    assert.match(JSON.stringify(span?.context), /leftOut/);
  });

  test("keeps a context within 8 kB, and nothing of it that its caller makes grow", async () => {
    const long = "x".repeat(4000);
    const tooLarge = { prompt: long, answer: long, system: long };
    const nested = { messages: Array.from({ length: 3 }, () => ({ role: "user", text: long })) };
    // What JavaScript callers pass: a value that JSON leaves out.
    const messages = ["a"];
    const growing: JsonObject = Object.assign(JSON.parse('{"at":7}'), {
      messages,
      left: undefined,
    });
    profiler.profile("long", tooLarge, () => 1);
    profiler.profile("nested", nested, () => 1);
    profiler.profile("growing", growing, () => messages.push("b"));
    messages.push(long, long, long);
    let deep: JsonObject = {};
    for (let depth = 0; depth < 100_000; depth++) deep = { deep };
    profiler.profile("deep", deep, () => 1);
    const throwing = Object.defineProperty({}, "at", {
      enumerable: true,
      get: () => assert.fail("not to be read"),
    });
    profiler.profile("throwing", { throwing }, () => 1);
    profiler.profile("fits", { long, at: 1 }, () => 1);
    const contexts = (await profiler.getSpans()).map(({ name, context }) => [name, context]);
    const leftOut = { leftOut: "more than 8192 characters" };
    assert.deepEqual(Object.fromEntries(contexts), {
      long: leftOut,
      nested: leftOut,
      growing: { messages: ["a", "b"], at: 7 },
      deep: leftOut,
      throwing: { leftOut: "AssertionError: not to be read" },
      fits: { long, at: 1 },
    });
  });

  test("holds no memory of contexts that are too large", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let call = 0; call < 500; call++) {
      const prompt = Array.from({ length: 2000 }, (_, word) => ({ word: `${call} ${word}` }));
      profiler.profile("call", { prompt }, () => 1);
    }
    collect();
    const held = process.memoryUsage().heapUsed - before;
    assert.ok(held < 10_000_000, `${held} bytes for 500 calls`);
    assert.equal((await profiler.getSpans({ limit: 1000 })).length, 500);
  });
});

describe("PerformanceProfiler.startProfile() and endProfile()", () => {
  test("keep overlapping and recursive profiles of one name apart", () => {
    const first = profiler.startProfile("job", { turn: 1 });
    clock.advance(5);
    const second = profiler.startProfile("job", { turn: 2 });
    assert.notEqual(first, second);
    clock.advance(5);
    const ended = profiler.endProfile(first);
    assert.deepEqual([ended.spanId, ended.durationMs, ended.context], [first, 10, { turn: 1 }]);
    clock.advance(5);
    const failed = profiler.endProfile(second, { error: new Error("late") });
    assert.deepEqual([failed.durationMs, failed.ok, failed.error], [10, false, "Error: late"]);
    assert.equal(profiler.startProfile("x") === profiler.startProfile("x"), false);
  });

  test("refuse an id that is unknown or has ended", () => {
    const id = profiler.startProfile("job");
    profiler.endProfile(id, { ok: false });
    for (const wrong of [id, "nothing"]) {
      assert.throws(() => profiler.endProfile(wrong), {
        code: "profiler.scope_unknown",
        message: new RegExp(wrong),
      });
    }
    assert.equal(profiler.statistics().failed, 1);
  });

  test("refuse one more than 10000 open profiles", () => {
    for (let index = 0; index < 10_000; index++) profiler.startProfile("leak");
    assert.throws(() => profiler.startProfile("leak"), { code: "profiler.too_many_open" });
    assert.equal(profiler.statistics().openProfiles, 10_000);
  });
});

test("PerformanceProfiler.runInTrace() goes on with a trace, and with none when it is malformed", async () => {
  const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  profiler.runInTrace(`00-${traceId}-${spanId}-01`, () => {
    assert.deepEqual(profiler.currentTrace(), { traceId, spanId });
    profiler.profile("inside")[Symbol.dispose]();
    profiler.runInTrace("00-zz", () => profiler.profile("outside")[Symbol.dispose]());
  });
  assert.equal(profiler.currentTrace(), undefined);
  const [inside] = await profiler.getSpans({ traceId });
  assert.deepEqual([inside?.name, inside?.parentSpanId], ["inside", spanId]);
  const [outside] = await profiler.getSpans({ name: "outside" });
  assert.equal(outside?.parentSpanId, null);
  assert.notEqual(outside?.traceId, traceId);
});

describe("PerformanceProfiler.recordSpans()", () => {
  const now = 1_700_000_000_000;
  const good: SpanInput = { name: "model_call", kind: "model", startMs: now, durationMs: 5 };

  test("takes good spans, and says of each bad one what is wrong with it", async () => {
    const wrong: SpanInput[] = [
      { ...good, name: "" },
      { ...good, startMs: Number.NaN },
      { ...good, startMs: now + 3_600_000 },
      { ...good, startMs: now - 3 * 86_400_000 },
      { ...good, durationMs: -1 },
      { ...good, spanId: "xyz" },
      { ...good, traceId: "0".repeat(32) },
      { ...good, kind: "two words" },
      { ...good, context: { big: "x".repeat(9000) } },
    ];
    // What a program without types may send.
    wrong.push(JSON.parse("null"), JSON.parse('"span"'), JSON.parse('{"name":7}'));
    const taken = profiler.recordSpans([good, ...wrong, { ...good, agentId: "someone-else" }], {
      agentId: "worker-1",
    });
    assert.equal(taken.accepted, 2);
    assert.deepEqual(
      taken.rejected.map(({ index }) => index),
      wrong.map((_, index) => index + 1),
    );
    for (const { code, detail } of taken.rejected) {
      assert.match(code, /^profiler\./);
      assert.ok(detail.length > 10 && detail.length < 400, detail);
    }
    const spans = await profiler.getSpans({ agentId: "worker-1" });
    assert.equal(spans.length, 2);
    assert.equal(spans[0]?.kind, "model");
  });

  test("rejects what is beyond 1000 of one batch", () => {
    const taken = profiler.recordSpans(Array.from({ length: 1003 }, () => good));
    assert.equal(taken.accepted, 1000);
    assert.deepEqual(
      taken.rejected.map(({ index }) => index),
      [1000, 1001, 1002],
    );
  });

  test("keeps ids that are given and makes those that are not", () => {
    const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: "c".repeat(16) };
    const span = profiler.recordSpan({ ...good, ...ids });
    assert.deepEqual([span.traceId, span.spanId, span.parentSpanId], Object.values(ids));
    const other = profiler.recordSpan({ ...good, spanId: ids.spanId });
    assert.match(other.traceId, /^[\da-f]{32}$/);
  });
});

describe("PerformanceProfiler.getProfilingSummary()", () => {
  test("has exact statistics by function, longest total first", async () => {
    for (const [name, durations] of [
      ["short", [1, 2, 3]],
      ["long", Array.from({ length: 100 }, (_, index) => index + 1)],
    ] as const) {
      for (const duration of durations) {
        const id = profiler.startProfile(name);
        clock.advance(duration);
        profiler.endProfile(id, { ok: duration !== 2 });
      }
    }
    const { functions, spans } = await profiler.getProfilingSummary();
    assert.equal(spans, 103);
    assert.deepEqual(functions[0], {
      name: "long",
      kind: "scope",
      agentId: null,
      count: 100,
      failed: 1,
      totalMs: 5050,
      avgMs: 50.5,
      minMs: 1,
      maxMs: 100,
      p50Ms: 50,
      p95Ms: 95,
      p99Ms: 99,
    });
    assert.equal(functions[1]?.name, "short");
  });

  test("keeps to the range and the agent, and to what memory holds", async () => {
    profiler = new PerformanceProfiler({ maxHistory: 3 }, { clock });
    const startMs = clock.now();
    for (let index = 0; index < 5; index++) {
      profiler.recordSpan({
        name: "step",
        agentId: index === 4 ? "worker-2" : "worker-1",
        startMs: startMs + index,
        durationMs: 1,
      });
    }
    clock.advance(100);
    const all = await profiler.getProfilingSummary();
    assert.equal(all.spans, 3);
    assert.equal(all.fromMs, startMs + 1, "it says that older calls are not in it");
    const one = await profiler.getProfilingSummary({}, { agentId: "worker-2" });
    assert.deepEqual([one.spans, one.functions[0]?.agentId], [1, "worker-2"]);
    const range = { fromMs: startMs + 3, toMs: startMs + 4 };
    assert.equal((await profiler.getProfilingSummary(range)).spans, 1);
    assert.equal((await profiler.getProfilingSummary({}, { agentId: null })).spans, 0);
    assert.equal(profiler.statistics().evicted, 2);
  });

  test("has percentiles that are the nearest rank of any durations", async () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(durations, async (values) => {
        const one = new PerformanceProfiler({}, { clock });
        for (const durationMs of values) {
          one.recordSpan({ name: "step", startMs: clock.now(), durationMs });
        }
        const [found] = (await one.getProfilingSummary()).functions;
        const sorted = values.toSorted((a, b) => a - b);
        const p95 = found?.p95Ms ?? Number.NaN;
        assert.ok(sorted.includes(p95));
        assert.ok(sorted.filter((value) => value <= p95).length >= 0.95 * sorted.length);
        assert.ok(sorted.filter((value) => value < p95).length < 0.95 * sorted.length);
      }),
      { numRuns: 100 },
    );
  });
});

describe("PerformanceProfiler and the tracker", () => {
  test("durations and failures arrive in batches within flushInterval", () => {
    const log = new TelemetryLog();
    profiler = new PerformanceProfiler({}, { clock, telemetry: log.telemetry });
    const work = profiler.profileFunction("work")((fails: boolean) => {
      clock.advance(100);
      if (fails) throw new Error("no");
    });
    work(false);
    work(false);
    assert.throws(() => work(true));
    profiler.recordSpans([{ name: "tool", startMs: clock.now(), durationMs: 1500 }], {
      agentId: "worker-1",
    });
    assert.deepEqual(log.values("profile_duration"), []);
    clock.advance(1000);
    assert.deepEqual(log.values("profile_duration"), [0.1, 0.1, 0.1]);
    assert.deepEqual(log.values("profile_errors"), [1]);
    assert.deepEqual(log.values("profile_duration", "worker-1"), [1.5]);
    assert.deepEqual(log.written[0]?.key.labels, { name: "work" });
  });

  test("a hot function's durations are all handed over, none twice", async () => {
    const log = new TelemetryLog();
    profiler = new PerformanceProfiler({ maxHistory: 10 }, { clock, telemetry: log.telemetry });
    const work = profiler.profileFunction("work")(() => clock.advance(1));
    for (let index = 0; index < 1301; index++) work();
    await profiler.stop();
    assert.equal(log.values("profile_duration").length, 1301);
    assert.ok(log.values("profile_duration").every((value) => value === 0.001));
  });

  test("custom metrics keep unit, tags and context, and become metrics of their own name", async () => {
    const log = new TelemetryLog();
    profiler = new PerformanceProfiler({}, { clock, telemetry: log.telemetry });
    profiler.recordMetric("rows", 10, { unit: "rows", tags: { table: "users" } });
    profiler.recordMetric("rows", 20, { unit: "rows", context: { query: "all" } });
    profiler.recordMetric("rows", 5, { agentId: "worker-1" });
    assert.deepEqual(log.values("rows"), [10, 20]);
    assert.deepEqual(log.values("rows", "worker-1"), [5]);
    const { metrics } = await profiler.getProfilingSummary({}, { agentId: null });
    assert.deepEqual(metrics, [
      {
        name: "rows",
        unit: "rows",
        agentId: null,
        count: 2,
        sum: 30,
        avg: 15,
        min: 10,
        max: 20,
        latest: 20,
      },
    ]);
    assert.throws(() => profiler.recordMetric("rows", Number.NaN), {
      code: "profiler.value_not_finite",
    });
    assert.throws(() => profiler.recordMetric("no name", 1), { code: "profiler.name_invalid" });
  });
});

describe("PerformanceProfiler with a store", () => {
  test("writes spans within flushInterval, keeps them when it fails, and finds them there", async () => {
    let isBroken = true;
    class MoodyStore extends VolatileProfileStore {
      override async appendSpans(...given: Parameters<VolatileProfileStore["appendSpans"]>) {
        if (isBroken) throw new Error("disk full");
        await super.appendSpans(...given);
      }
    }
    const store = new MoodyStore();
    profiler = new PerformanceProfiler({ maxHistory: 2 }, { clock, store });
    for (const name of ["a", "b", "c"]) profiler.profile(name)[Symbol.dispose]();
    await assert.rejects(profiler.flush(), {
      code: "profiler.store_unavailable",
      message: /disk full/,
    });
    assert.equal(profiler.statistics().waitingSpans, 3);
    isBroken = false;
    const found = await profiler.getSpans();
    assert.deepEqual(
      found.map((span) => span.name),
      ["c", "b", "a"],
    );
    assert.deepEqual(profiler.statistics().waitingSpans, 0);
    assert.equal(profiler.statistics().storeFailures, 1);
  });

  test("sheds the oldest waiting spans beyond the limit, and counts them", async () => {
    class StuckStore extends VolatileProfileStore {
      override appendSpans(): Promise<void> {
        return Promise.reject(new Error("gone"));
      }
    }
    profiler = new PerformanceProfiler({}, { clock, store: new StuckStore() });
    const work = profiler.profileFunction("work")(() => 1);
    for (let index = 0; index < 30_000; index++) work();
    const { waitingSpans, shedSpans } = profiler.statistics();
    assert.equal(waitingSpans + shedSpans, 30_000);
    assert.ok(waitingSpans <= 22_000, `${waitingSpans} wait`);
  });
});

describe("PerformanceProfiler.exportProfilingData()", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "profiler-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("streams to a file what it gives in memory, whole or not at all", async () => {
    profiler = new PerformanceProfiler({}, { store: new VolatileProfileStore() });
    profiler.profile("outer", { n: 1 }, () => profiler.profile("inner")[Symbol.dispose]());
    profiler.recordMetric("rows", 3);
    const file = path.join(folder, "export.json");
    const written = await profiler.exportProfilingData(file);
    const read: Record<string, unknown> = JSON.parse(await readFile(file, "utf8"));
    const whole = await profiler.exportProfilingData();
    assert.equal(read["format"], "agent-cellphone/profiling");
    assert.equal(read["version"], 1);
    assert.deepEqual(read["spans"], JSON.parse(JSON.stringify(whole.spans)));
    assert.equal(written.spans, 2);
    assert.equal(written.bytes, (await readFile(file)).length);
    assert.equal(whole.metrics.length, 1);
    assert.ok(whole.system.system.memory.totalBytes > 0);
    await assert.rejects(profiler.exportProfilingData(path.join(folder, "no", "x.json")), {
      code: "profiler.export_failed",
    });
    assert.deepEqual(await readdir(folder), ["export.json"]);
    await profiler.stop();
  });

  test("reads page by page without losing or doubling spans of one instant", async () => {
    const store = new VolatileProfileStore();
    profiler = new PerformanceProfiler({}, { clock, store });
    for (let index = 0; index < 40; index++) {
      // Twenty start at once: more than a page holds.
      const startMs = clock.now() + Math.max(0, index - 20);
      profiler.recordSpan({ name: `n${index}`, startMs, durationMs: 1 });
    }
    await profiler.flush();
    const names: string[] = [];
    for await (const span of storedSpans(store, "default", 5)) names.push(span.name);
    assert.equal(names.length, 40);
    assert.equal(new Set(names).size, 40);
  });
});

test("PerformanceProfiler records nothing when profilingEnabled is false, and still measures", async () => {
  const log = new TelemetryLog();
  profiler = new PerformanceProfiler(
    { profilingEnabled: false },
    { clock, telemetry: log.telemetry },
  );
  profiler.start();
  const id = profiler.startProfile("job");
  {
    using span = profiler.profile("scope");
    assert.equal(span.traceId, "0".repeat(32));
    clock.advance(4);
  }
  assert.equal(
    profiler.profile("scope", {}, () => 9),
    9,
  );
  profiler.recordMetric("rows", 1);
  assert.equal(profiler.endProfile(id).durationMs, 4);
  clock.advance(60_000);
  await profiler.stop();
  const { functions, metrics } = await profiler.getProfilingSummary();
  assert.deepEqual([functions, metrics, log.written], [[], [], []]);
});

test("PerformanceProfiler keeps agents' spans when profilingEnabled is false", async () => {
  const log = new TelemetryLog();
  const store = new VolatileProfileStore();
  const { telemetry } = log;
  profiler = new PerformanceProfiler({ profilingEnabled: false }, { clock, telemetry, store });
  const step = { name: "step", startMs: clock.now(), durationMs: 5 };
  assert.equal(profiler.recordSpans([step], { agentId: "worker-1" }).accepted, 1);
  profiler.recordSpan({ ...step, agentId: "worker-2" });
  const found = await profiler.getSpans();
  assert.deepEqual(
    found.map(({ agentId }) => agentId),
    ["worker-2", "worker-1"],
  );
  await profiler.stop();
  assert.deepEqual(log.values("profile_duration", "worker-1"), [0.005]);
});

test("PerformanceProfiler refuses a namespace that is no name and options out of range", () => {
  assert.throws(() => new PerformanceProfiler({}, { namespace: "a b" }), RangeError);
  assert.throws(() => new PerformanceProfiler({ maxHistory: 0 }), { name: "ZodError" });
});
