import assert from "node:assert/strict";
import { test } from "node:test";

import { parseTraceParent, SpanIds } from "./span-ids.ts";

test("SpanIds makes ids of the right form, distinct, and other ones in another process", () => {
  const [ids, others] = [new SpanIds(), new SpanIds()];
  const seen = new Set<string>();
  for (let key = 1; key <= 10_000; key++) {
    assert.match(ids.spanId(key), /^[\da-f]{16}$/);
    assert.match(ids.traceId(key), /^[\da-f]{32}$/);
    for (const id of [ids.spanId(key), ids.traceId(key), others.spanId(key)]) seen.add(id);
  }
  assert.equal(seen.size, 30_000);
  assert.equal(ids.spanId(7), ids.spanId(7));
  assert.equal(ids.spanId("00f067aa0ba902b7"), "00f067aa0ba902b7");
});

test("SpanIds never makes the id that means none", () => {
  // Minus the step: the first number's id would be zero.
  const step = 0x9e37_79b9_7f4a_7c15n;
  const start = new BigUint64Array([2n ** 64n - step, 2n ** 64n - step, 2n ** 64n - step]);
  const ids = new SpanIds(() => new Uint8Array(start.buffer));
  assert.equal(ids.spanId(1), "0000000000000001");
  assert.equal(ids.traceId(1), "00000000000000010000000000000001");
});

test("parseTraceParent() reads a header of any later version and refuses what is none", () => {
  const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  const expected = { traceId: trace, spanId: span };
  assert.deepEqual(parseTraceParent(`00-${trace}-${span}-01`), expected);
  assert.deepEqual(parseTraceParent(` 01-${trace}-${span}-00-more `), expected);
  for (const wrong of [
    "",
    `ff-${trace}-${span}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace}-${span}`,
    `00-${trace}-${span}-01more`,
  ]) {
    assert.equal(parseTraceParent(wrong), undefined, wrong);
  }
});
