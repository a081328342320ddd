import assert from "node:assert/strict";
import { test } from "node:test";

import { detectRuntime } from "./runtime.ts";
import type { CallContext } from "./runtime.ts";
import { Tracer } from "./span.ts";
import type { OutgoingSpan } from "./span.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const MESSAGE_SPAN = "b7ad6b7169203331";
const HANDLED: CallContext = { inHandler: true, traceparent: `00-${TRACE}-${MESSAGE_SPAN}-01` };

async function bench() {
  const runtime = await detectRuntime();
  const finished: OutgoingSpan[] = [];
  const tracer = new Tracer(runtime, (span) => finished.push(span));
  const find = (name: string): OutgoingSpan => {
    const span = finished.find((each) => each.name === name);
    assert.ok(span !== undefined, name);
    return span;
  };
  return { runtime, tracer, finished, find };
}

const pause = () => new Promise((resolve) => setImmediate(resolve));

test("Tracer.begin() nests what follows, across awaits, in the trace that is handled", async () => {
  const { runtime, tracer, finished, find } = await bench();
  await runtime.within(HANDLED, async () => {
    {
      using outer = tracer.begin("outer", { kind: "model", context: { tokens: 7 } });
      await pause();
      {
        using inner = tracer.begin("inner", {});
        await pause();
        assert.equal(tracer.context()?.traceparent, inner.traceparent);
      }
      using second = tracer.begin("second", {});
      assert.equal(second.traceId, outer.traceId);
    }
    await pause();
    assert.equal(tracer.context()?.traceparent, HANDLED.traceparent, "all have ended");
    assert.equal(tracer.context()?.inHandler, true);
  });
  assert.ok(finished.every((span) => span.traceId === TRACE && span.ok));
  const outer = find("outer");
  assert.deepEqual([outer.kind, outer.parentSpanId], ["model", MESSAGE_SPAN]);
  assert.deepEqual(outer.context, { tokens: 7 });
  assert.equal(find("inner").parentSpanId, outer.spanId);
  assert.equal(find("second").parentSpanId, outer.spanId);
  assert.ok(outer.durationMs >= find("inner").durationMs);
});

test("Tracer.run() keeps branches apart that run side by side", async () => {
  const { tracer, find } = await bench();
  await tracer.run("both", {}, () =>
    Promise.all(
      ["a", "b"].map((name) =>
        tracer.run(name, {}, async () => {
          await pause();
          using _ = tracer.begin(`in ${name}`, {});
          await pause();
        }),
      ),
    ),
  );
  const both = find("both");
  assert.equal(both.parentSpanId, null);
  for (const name of ["a", "b"]) {
    assert.equal(find(name).parentSpanId, both.spanId);
    assert.equal(find(`in ${name}`).parentSpanId, find(name).spanId);
  }
});

test("Tracer.run() fails with its body, and hands the error on", async () => {
  const { tracer, find } = await bench();
  const failing = tracer.run("breaks", {}, () => {
    throw new Error("no such file");
  });
  await assert.rejects(failing, /no such file/);
  assert.deepEqual([find("breaks").ok, find("breaks").error], [false, "no such file"]);
  const value = await tracer.run("sync", {}, () => 7);
  assert.equal(value, 7);
});

test("a span that has ended is nobody's parent, even where it was left open for others", async () => {
  const { tracer, find } = await bench();
  const left = tracer.begin("left", {});
  const later = (async () => {
    await pause();
    tracer.begin("later", {}).end();
  })();
  left.end();
  left.end();
  await later;
  assert.equal(find("later").parentSpanId, null);
  assert.notEqual(find("later").traceId, find("left").traceId);
});

test("Span.span() and `parent` nest where the runtime cannot follow", async () => {
  const { runtime, finished } = await bench();
  const blind = { ...runtime, context: () => undefined, enter: () => undefined };
  const tracer = new Tracer(blind, (span) => finished.push(span));
  const outer = tracer.begin("outer", {}, HANDLED);
  const inner = outer.span("inner", { kind: "tool" });
  const other = tracer.begin("other", { parent: outer });
  for (const span of [inner, other, outer]) span.end();
  assert.deepEqual(
    finished.map((span) => [span.traceId, span.parentSpanId]),
    [
      [TRACE, outer.spanId],
      [TRACE, outer.spanId],
      [TRACE, MESSAGE_SPAN],
    ],
  );
});

test("Tracer.begin() refuses a span without a name, and cuts one that is too long", async () => {
  const { tracer } = await bench();
  assert.throws(() => tracer.begin("", {}), TypeError);
  using long = tracer.begin("x".repeat(1000), {});
  assert.equal(long.name.length, 256);
});

test("Tracer.begin() keeps what the context is at the call", async () => {
  const { tracer, find } = await bench();
  const context: Record<string, string> = { model: "small" };
  const span = tracer.begin("plan", { context });
  context["model"] = "large";
  span.end();
  assert.deepEqual(find("plan").context, { model: "small" });
});
