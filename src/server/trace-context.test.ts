import assert from "node:assert/strict";
import { test } from "node:test";

import { continueTrace, isTraceparent } from "./trace-context.ts";

const incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

test("continueTrace() stays in the caller's trace, keeps its flags, and is a span of its own", () => {
  const own = continueTrace(incoming);
  assert.match(own, /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
  assert.notEqual(own, incoming);
});

test("continueTrace() begins a trace when there is none it can use", () => {
  for (const bad of [undefined, "", "nonsense", incoming.replace("4bf9", "XXXX")]) {
    assert.ok(isTraceparent(continueTrace(bad)));
  }
});

test("isTraceparent() follows the specification's cases", () => {
  assert.ok(isTraceparent(incoming));
  assert.ok(isTraceparent(`cc${incoming.slice(2)}-what-the-future-brings`));
  const bad = [
    `ff${incoming.slice(2)}`,
    `${incoming}-extra`,
    incoming.toUpperCase(),
    incoming.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0".repeat(32)),
    incoming.replace("00f067aa0ba902b7", "0".repeat(16)),
  ];
  for (const text of bad) assert.equal(isTraceparent(text), false, text);
});
