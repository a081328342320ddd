import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { barOf, timeShares, timeTicks, traceRows } from "./trace-rows.ts";
import { spanLength, unseenWords } from "./trace-words.ts";
import type { TraceSpan } from "./wire.ts";

function span(
  id: string,
  parentId: string | null,
  fromMs: number,
  toMs: number | null,
  kind: TraceSpan["kind"] = "code",
): TraceSpan {
  const ref = { kind: "span", id } as const;
  return { id, parentId, kind, name: id, agentId: "w1", fromMs, toMs, ok: null, detail: null, ref };
}

const WORK = [
  span("task", null, 0, 1000, "task"),
  span("call", "task", 600, 900, "call"),
  span("model", "task", 100, 500, "model"),
  span("parse", "model", 400, 450, "tool"),
];

test("traceRows() is the tree, children by their start", () => {
  assert.deepEqual(
    traceRows(WORK, new Set()).map(({ span: { id }, depth, below }) => [id, depth, below]),
    [
      ["task", 0, 3],
      ["model", 1, 1],
      ["parse", 2, 0],
      ["call", 1, 0],
    ],
  );
});

test("traceRows() hides what is below a closed span and still counts it", () => {
  const rows = traceRows(WORK, new Set(["model"]));
  assert.deepEqual(
    rows.map(({ span: { id }, below, open }) => [id, below, open]),
    [
      ["task", 3, true],
      ["model", 1, false],
      ["call", 0, true],
    ],
  );
});

test("traceRows() shows every span once, whatever its parents are", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  const parents = fc.dictionary(id, fc.option(fc.oneof(id, fc.constant("gone"))));
  fc.assert(
    fc.property(parents, (tree) => {
      const spans = Object.entries(tree).map(([name, parent]) => span(name, parent, 0, 1));
      const shown = traceRows(spans, new Set()).map((row) => row.span.id);
      assert.deepEqual(shown.toSorted(), spans.map((one) => one.id).toSorted());
    }),
  );
});

test("timeShares() counts each instant once, for the innermost span; gaps are own code", () => {
  assert.deepEqual(timeShares(WORK, 1000), [
    { kind: "model", durationMs: 350 },
    { kind: "own", durationMs: 300 },
    { kind: "call", durationMs: 300 },
    { kind: "tool", durationMs: 50 },
  ]);
});

test("timeShares() ends what still runs now", () => {
  const running = [span("task", null, 0, null, "task"), span("wait", "task", 400, null, "request")];
  assert.deepEqual(timeShares(running, 1000), [
    { kind: "request", durationMs: 600 },
    { kind: "own", durationMs: 400 },
  ]);
});

test("timeShares() does not call own code what a task under way has not told yet", () => {
  const spans = [
    span("task", null, 0, null, "task"),
    span("call", "task", 100, 300, "call"),
    span("tool", "task", 500, 600, "tool"),
  ];
  assert.deepEqual(timeShares(spans, 1000), [
    { kind: "open", durationMs: 400 },
    { kind: "own", durationMs: 300 },
    { kind: "call", durationMs: 200 },
    { kind: "tool", durationMs: 100 },
  ]);
});

test("barOf() places a span in the window and leaves out what lies beyond", () => {
  const window = { fromMs: 100, toMs: 300 };
  assert.deepEqual(barOf({ fromMs: 150, toMs: 200 }, window, 0), { left: 25, width: 25 });
  assert.deepEqual(barOf({ fromMs: 0, toMs: 900 }, window, 0), { left: 0, width: 100 });
  assert.deepEqual(barOf({ fromMs: 200, toMs: null }, window, 250), { left: 50, width: 25 });
  assert.equal(barOf({ fromMs: 0, toMs: 50 }, window, 0), null);
});

test("timeTicks() are round, few, and within the window", () => {
  assert.deepEqual(timeTicks({ fromMs: 5000, toMs: 9600 }, 5000), [0, 1000, 2000, 3000, 4000]);
  assert.deepEqual(timeTicks({ fromMs: 5000, toMs: 5000 }, 5000), []);
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e9, noNaN: true }), (length) => {
      const ticks = timeTicks({ fromMs: 0, toMs: length }, 0);
      assert.ok(ticks.length >= 1 && ticks.length <= 8, `${ticks.length} ticks`);
      assert.ok(ticks.every((at) => at >= 0 && at <= length));
    }),
  );
});

test("spanLength() says what still runs, unseenWords() what a bar shows by its colour", () => {
  const call = span("GET /v1/search", null, 0, 1200, "call");
  assert.equal(spanLength(call, 5000), "1.2 s");
  assert.equal(spanLength({ ...call, toMs: null }, 5000), "5 s, still running");
  assert.equal(unseenWords(call), "");
  assert.equal(unseenWords({ ...call, ok: false, detail: "answered 503" }), "failed, answered 503");
});
