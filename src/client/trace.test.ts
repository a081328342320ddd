import assert from "node:assert/strict";
import { test } from "node:test";

import { nextTraceparent, randomHex } from "./trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

test("nextTraceparent() keeps the trace and its flags, with a parent id of its own", () => {
  const next = nextTraceparent(`00-${TRACE}-b7ad6b7169203331-00`);
  assert.match(next, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  assert.ok(!next.includes("b7ad6b7169203331"));
});

test("nextTraceparent() starts a trace where there is none, or none that is valid", () => {
  const zero = `00-${"0".repeat(32)}-b7ad6b7169203331-01`;
  for (const current of [
    undefined,
    null,
    "",
    "nonsense",
    zero,
    `ff-${TRACE}-b7ad6b7169203331-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
  ]) {
    const next = nextTraceparent(current);
    assert.match(next, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.ok(!next.includes("0".repeat(32)) && !next.includes(TRACE));
  }
});

test("randomHex() makes different ids of the length asked for", () => {
  const ids = new Set(Array.from({ length: 1000 }, () => randomHex(16)));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});
