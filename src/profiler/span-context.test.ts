import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { PerformanceProfiler } from "./performance-profiler.ts";

let profiler: PerformanceProfiler;
beforeEach(() => {
  profiler = new PerformanceProfiler();
});

/** Makes a span of this name now. */
function mark(name: string): void {
  profiler.profile(name)[Symbol.dispose]();
}

/** A plain function that is known to return values, so that it takes the short way. */
function warm<Result>(name: string, body: () => Result): () => Result {
  let isReady = false;
  const timed = profiler.profileFunction(name)((): Result | undefined =>
    isReady ? body() : undefined,
  );
  timed();
  isReady = true;
  // After the first call it is the body.
  return (): Result => {
    const result = timed();
    assert.notEqual(result, undefined);
    return result!;
  };
}

/** Makes a span of this name in a later turn. */
function later(name: string): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      mark(name);
      resolve();
    });
  });
}

/** Parents by name; of several spans of a name, the last one's. */
async function parents(): Promise<Record<string, string | null>> {
  const spans = (await profiler.getSpans({ limit: 1000 })).toReversed();
  const names = new Map(spans.map((span) => [span.spanId, span.name]));
  return Object.fromEntries(
    spans.map((span) => [
      span.name,
      span.parentSpanId === null ? null : (names.get(span.parentSpanId) ?? span.parentSpanId),
    ]),
  );
}

describe("within a span, a plain function's", () => {
  test("calls are its children, and what follows it is not", async () => {
    const inner = warm("inner", () => {
      mark("leaf");
      return 1;
    });
    profiler.profile("outer", undefined, () => {
      inner();
      mark("after");
    });
    assert.deepEqual(await parents(), {
      inner: "outer",
      leaf: "inner",
      outer: null,
      after: "outer",
    });
  });

  test("scopes nest and end in order, thrown errors included", async () => {
    const work = warm("work", () => {
      {
        using scope = profiler.profile("scope");
        mark("in scope");
        assert.ok(scope.spanId);
      }
      mark("behind scope");
      return 1;
    });
    const fail = warm("fail", (): number => {
      throw new Error("no");
    });
    profiler.profile("outer", undefined, () => {
      work();
      assert.throws(fail);
      mark("after");
    });
    const found = await parents();
    assert.equal(found["in scope"], "scope");
    assert.equal(found["scope"], "work");
    assert.equal(found["behind scope"], "work");
    assert.equal(found["after"], "outer");
  });

  test("call into another trace belongs to that one, and it goes on where it was", async () => {
    const [traceId, spanId] = ["a".repeat(32), "b".repeat(16)];
    const work = warm("work", () => {
      profiler.runInTrace({ traceId, spanId }, () => mark("elsewhere"));
      profiler.runInTrace(undefined, () => mark("nowhere"));
      mark("back");
      return 1;
    });
    profiler.profile("outer", undefined, work);
    const found = await parents();
    assert.deepEqual([found["elsewhere"], found["nowhere"], found["back"]], [spanId, null, "work"]);
  });

  test("promise makes what runs after it its child, from the second on", async () => {
    const fetchOf = profiler.profileFunction("fetch")((key: string): unknown =>
      key === "cached" ? 1 : Promise.resolve().then(() => mark(`after ${key}`)),
    );
    await profiler.profile("outer", undefined, async () => {
      fetchOf("cached");
      await fetchOf("first");
      fetchOf("cached");
      await fetchOf("second");
    });
    const found = await parents();
    assert.equal(found["after first"], "outer");
    assert.equal(found["after second"], "fetch");
  });

  test("timers belong to the span around it", async () => {
    const waits: Promise<void>[] = [];
    const inner = warm("inner", () => waits.push(later("later")));
    await profiler.profile("outer", undefined, async () => {
      inner();
      await Promise.all(waits);
    });
    assert.equal((await parents())["later"], "outer");
  });
});
