import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInThisContext } from "node:vm";

import { ManualClock } from "../core/index.ts";
import { PerformanceProfiler } from "./performance-profiler.ts";
import type { FunctionSummary } from "./model.ts";
import type { ProfileDecorator } from "./profile-decorator.ts";

interface Bench {
  readonly clock: ManualClock;
  readonly profiler: PerformanceProfiler;
}

function bench(): Bench {
  const clock = new ManualClock();
  return { clock, profiler: new PerformanceProfiler({}, { clock }) };
}

async function summaryOf(profiler: PerformanceProfiler, name: string): Promise<FunctionSummary> {
  const { functions } = await profiler.getProfilingSummary();
  const found = functions.find((one) => one.name === name);
  assert.ok(found, `${name} among ${functions.map((one) => one.name).join(", ")}`);
  return found;
}

/** Calls as a program without types does; the runtime's decorator contexts have no class here. */
function untyped(decorator: ProfileDecorator, ...values: unknown[]): ReturnType<typeof JSON.parse> {
  return Reflect.apply(decorator, undefined, values);
}

/** What a runtime with decorators hands over, as far as it is looked at. */
function contextOf<Kind extends DecoratorContext["kind"]>(kind: Kind, name: string | symbol) {
  return { kind, name, static: false, private: false, metadata: {}, addInitializer: () => {} };
}

/** A promise that resolves when it is told to. */
function gate(): { promise: Promise<void>; open: () => void; fail: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { promise, open: resolve, fail: reject };
}

describe("profileFunction() as a plain wrapper", () => {
  test("keeps this, arguments, result, name and length", async () => {
    const { clock, profiler } = bench();
    function area(this: { factor: number }, width: number, height: number): number {
      clock.advance(5);
      return this.factor * width * height;
    }
    const timed = profiler.profileFunction()(area);
    assert.equal(timed.name, "area");
    assert.equal(timed.length, 2);
    assert.equal(timed.call({ factor: 2 }, 3, 4), 24);
    const summary = await summaryOf(profiler, "area");
    assert.equal(summary.count, 1);
    assert.equal(summary.totalMs, 5);
    assert.equal(summary.kind, "function");
  });

  test("rethrows the very error and counts it", async () => {
    const { clock, profiler } = bench();
    const failure = new RangeError("too wide");
    const timed = profiler.profileFunction("draw")(() => {
      clock.advance(2);
      throw failure;
    });
    assert.throws(timed, (error) => error === failure);
    const summary = await summaryOf(profiler, "draw");
    assert.deepEqual([summary.count, summary.failed, summary.totalMs], [1, 1, 2]);
    const [span] = await profiler.getSpans();
    assert.equal(span?.ok, false);
    assert.equal(span?.error, "RangeError: too wide");
  });

  test("times recursion as calls within calls", async () => {
    const { clock, profiler } = bench();
    const countdown: (from: number) => number = profiler.profileFunction("countdown")((from) => {
      clock.advance(1);
      return from === 0 ? 0 : 1 + countdown(from - 1);
    });
    assert.equal(countdown(3), 3);
    const summary = await summaryOf(profiler, "countdown");
    assert.deepEqual([summary.count, summary.minMs, summary.maxMs], [4, 1, 4]);
    const spans = (await profiler.getSpans()).toSorted((a, b) => b.durationMs - a.durationMs);
    for (const [index, span] of spans.entries()) {
      assert.equal(span.parentSpanId, spans[index - 1]?.spanId ?? null);
      assert.equal(span.traceId, spans[0]?.traceId);
    }
  });

  test("times an async function until it settles, overlapping calls apart", async () => {
    const { clock, profiler } = bench();
    const gates = [gate(), gate()];
    const timed = profiler.profileFunction("fetch")(async (index: number) => {
      await gates[index]?.promise;
      return index;
    });
    const first = timed(0);
    clock.advance(10);
    const second = timed(1);
    clock.advance(10);
    gates[1]?.open();
    assert.equal(await second, 1);
    clock.advance(10);
    gates[0]?.open();
    assert.equal(await first, 0);
    const summary = await summaryOf(profiler, "fetch");
    assert.deepEqual([summary.count, summary.minMs, summary.maxMs], [2, 10, 30]);
    const spans = await profiler.getSpans();
    assert.deepEqual(
      spans.map((span) => span.parentSpanId),
      [null, null],
    );
    assert.notEqual(spans[0]?.traceId, spans[1]?.traceId);
  });

  test("rejects with the very error of an async function and counts it", async () => {
    const { profiler } = bench();
    const failure = new Error("refused");
    const timed = profiler.profileFunction("fetch")(() => Promise.reject(failure));
    await assert.rejects(timed(), (error) => error === failure);
    assert.equal((await summaryOf(profiler, "fetch")).failed, 1);
  });

  test("leaves a thenable that is no promise to its caller", async () => {
    const { profiler } = bench();
    let asked = 0;
    const query = {
      // oxlint-disable-next-line unicorn/no-thenable -- a lazy query is what is tested
      then(resolve: (rows: number) => void): void {
        asked += 1;
        resolve(7);
      },
    };
    const timed = profiler.profileFunction("query")(() => query);
    assert.equal(timed(), query);
    assert.equal(asked, 0);
    assert.equal(await timed(), 7);
    assert.equal(asked, 1);
  });

  test("makes objects when a constructor is called with new", () => {
    const { profiler } = bench();
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    // A class is a function that is called with new, which the types do not know.
    const Timed: typeof Point = untyped(profiler.profileFunction("Point"), Point);
    const point = new Timed(3);
    assert.equal(point.x, 3);
    assert.ok(point instanceof Point && point instanceof Timed);
    assert.equal(profiler.statistics().spans, 1);
  });

  test("keeps properties of the function, statics of a class, and those that it inherits", () => {
    const { profiler } = bench();
    const secret = Symbol("secret");
    const tool = Object.assign(async () => 1, { schema: { type: "object" }, [secret]: 5 });
    Object.defineProperty(tool, "hidden", { value: 7, configurable: true });
    const timed = profiler.profileFunction("tool")(tool);
    assert.equal(timed.schema, tool.schema);
    assert.equal(timed[secret], 5);
    assert.equal(Reflect.get(timed, "hidden"), 7);
    assert.deepEqual(Object.keys(timed), ["schema"]);
    class Shape {
      readonly sides = 0;
      static made = 7;
      static create(): Shape {
        return new this();
      }
    }
    class Circle extends Shape {}
    const TimedCircle = untyped(profiler.profileFunction("Circle"), Circle);
    assert.equal(TimedCircle.made, 7);
    assert.ok(TimedCircle.create() instanceof Circle);
    // One with "caller" and "arguments" of its own, which no other function may have defined.
    const old: unknown = runInThisContext("(function old(a) { return a; })");
    assert.ok(typeof old === "function");
    assert.equal(untyped(profiler.profileFunction("old"), old)(3), 3);
  });

  test("gives back the very promise when it is of a class of its own, timed", async () => {
    const { clock, profiler } = bench();
    class ApiPromise<Value> extends Promise<Value> {
      static override get [Symbol.species]() {
        return Promise;
      }
      withResponse(): string {
        return "raw";
      }
    }
    const slow = gate();
    const made = new ApiPromise<void>((resolve, reject) => {
      slow.promise.then(resolve, reject);
    });
    const returned = profiler.profileFunction("create")(() => made)();
    assert.equal(returned, made);
    assert.equal(returned.withResponse(), "raw");
    const scoped = profiler.profile("scope", undefined, () => made);
    assert.equal(scoped, made);
    clock.advance(30);
    slow.open();
    await returned;
    for (const name of ["create", "scope"]) {
      assert.equal((await summaryOf(profiler, name)).totalMs, 30);
    }
    const failing = gate();
    const rejected = new ApiPromise<void>((resolve, reject) => {
      failing.promise.then(resolve, reject);
    });
    const failed = profiler.profileFunction("fail")(() => rejected)();
    failing.fail(new Error("refused"));
    await assert.rejects(failed, /refused/);
    assert.equal((await summaryOf(profiler, "fail")).failed, 1);
  });

  test("refuses what is no function", () => {
    const { profiler } = bench();
    assert.throws(() => untyped(profiler.profileFunction("seven"), 7), TypeError);
    assert.throws(() => profiler.profileFunction(""), { code: "profiler.name_invalid" });
  });
});

describe("profileFunction() of generators", () => {
  test("counts the generator's own time once, values and return value kept", async () => {
    const { clock, profiler } = bench();
    const count = profiler.profileFunction("count")(function* (
      most: number,
    ): Generator<number, string, number> {
      let step = 1;
      for (let at = 0; at < most; at += step) {
        clock.advance(3);
        step = (yield at) ?? 1;
      }
      return "done";
    });
    const generator = count(10);
    assert.equal(count.length, 1);
    assert.ok(generator instanceof count);
    assert.deepEqual(generator.next(), { value: 0, done: false });
    clock.advance(1000);
    assert.deepEqual(generator.next(7), { value: 7, done: false });
    clock.advance(1000);
    assert.deepEqual(generator.next(7), { value: "done", done: true });
    const rest = count(3);
    for (const value of [0, 1, 2]) assert.equal(rest.next(1).value, value);
    assert.equal(rest.next(1).done, true);
    const summary = await summaryOf(profiler, "count");
    assert.deepEqual([summary.count, summary.minMs, summary.maxMs], [2, 6, 9]);
  });

  test("ends when the consumer breaks off, and counts what it throws", async () => {
    const { profiler } = bench();
    let cleanedUp = 0;
    const endless = profiler.profileFunction("endless")(function* () {
      try {
        for (;;) yield 1;
      } finally {
        cleanedUp += 1;
      }
    });
    for (const value of endless()) if (value === 1) break;
    assert.equal(cleanedUp, 1);
    const broken = endless();
    broken.next();
    assert.throws(() => broken.throw(new Error("stop it")), /stop it/);
    const summary = await summaryOf(profiler, "endless");
    assert.deepEqual([summary.count, summary.failed], [2, 1]);
    endless();
    assert.equal(profiler.statistics().spans, 2, "one that never ran leaves no span");
  });

  test("times async generators, for await and errors included", async () => {
    const { clock, profiler } = bench();
    const stream = profiler.profileFunction("stream")(async function* (parts: string[]) {
      for (const part of parts) {
        clock.advance(2);
        await Promise.resolve();
        if (part === "") throw new Error("empty part");
        yield part;
      }
    });
    const seen: string[] = [];
    for await (const part of stream(["a", "b"])) {
      clock.advance(100);
      seen.push(part);
    }
    assert.deepEqual(seen, ["a", "b"]);
    for await (const part of stream(["a", "b"])) if (part === "a") break;
    await assert.rejects(async () => {
      for await (const part of stream([""])) seen.push(part);
    }, /empty part/);
    const summary = await summaryOf(profiler, "stream");
    assert.deepEqual([summary.count, summary.failed, summary.maxMs], [3, 1, 4]);
  });

  test("counts steps that are asked for at once as one stretch, and an end once", async () => {
    const { clock, profiler } = bench();
    const gates = [gate(), gate()];
    const stream = profiler.profileFunction("stream")(async function* () {
      for (const one of gates) yield one.promise;
    });
    const one = stream();
    const steps = [one.next()];
    clock.advance(5);
    steps.push(one.next(), one.next());
    clock.advance(5);
    gates[0]?.open();
    await steps[0];
    clock.advance(10);
    gates[1]?.open();
    await Promise.all(steps);
    assert.deepEqual(await one.next(), { value: undefined, done: true });
    await assert.rejects(one.throw(new Error("late")), /late/);
    const summary = await summaryOf(profiler, "stream");
    assert.deepEqual([summary.count, summary.failed, summary.totalMs], [1, 0, 20]);
  });

  test("makes what runs inside a generator its child", async () => {
    const { profiler } = bench();
    const inner = profiler.profileFunction("inner")(() => 1);
    const outer = profiler.profileFunction("outer")(function* () {
      yield inner();
    });
    assert.deepEqual([...outer()], [1]);
    const [child] = await profiler.getSpans({ name: "inner" });
    const [parent] = await profiler.getSpans({ name: "outer" });
    assert.equal(child?.parentSpanId, parent?.spanId);
  });
});

describe("profileFunction() as a decorator", () => {
  test("times a method under its name or the one that is given", async () => {
    const { profiler } = bench();
    class Worker {
      factor = 2;
      work(value: number): number {
        return this.factor * value;
      }
    }
    const context = contextOf("method", "work");
    // Taken off its object on purpose: a decorator gets it that way.
    // oxlint-disable-next-line typescript/unbound-method
    const { work } = Worker.prototype;
    Worker.prototype.work = untyped(profiler.profileFunction(), work, context);
    assert.equal(new Worker().work(21), 42);
    assert.equal((await summaryOf(profiler, "work")).count, 1);
    Worker.prototype.work = untyped(profiler.profileFunction("Worker.work"), work, context);
    assert.equal(new Worker().work(1), 2);
    assert.equal((await summaryOf(profiler, "Worker.work")).count, 1);
  });

  test("times a field that holds a function, and leaves another as it is", async () => {
    const { profiler } = bench();
    const initialize: <Initial>(initial: Initial) => Initial = untyped(
      profiler.profileFunction(),
      undefined,
      contextOf("field", "onTick"),
    );
    const handler = initialize((value: number) => value + 1);
    assert.equal(handler(1), 2);
    assert.equal((await summaryOf(profiler, "onTick")).count, 1);
    assert.equal(initialize(5), 5);
  });

  test("refuses a class", () => {
    const { profiler } = bench();
    const context = contextOf("class", "Worker");
    const decorate = (): unknown => untyped(profiler.profileFunction(), () => 1, context);
    assert.throws(decorate, /methods and accessors, not a class/);
  });
});

test("profileFunction() is the function itself when profilingEnabled is false", () => {
  const profiler = new PerformanceProfiler({ profilingEnabled: false });
  assert.equal(profiler.profileFunction("gate")(gate), gate);
});
