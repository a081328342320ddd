import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { CallSet } from "./call-set.ts";
import type { PlacedCall } from "./call-set.ts";

interface NamedCall extends PlacedCall {
  readonly name: number;
}

test("CallSet holds what a Set would, whatever comes and goes", () => {
  // Few calls and long lists: places only go wrong where the same ones come and go again.
  const step = fc.record({ name: fc.nat(5), comes: fc.boolean() });
  const steps = fc.array(step, { minLength: 40, maxLength: 200, size: "max" });
  fc.assert(
    fc.property(steps, (list) => {
      const calls = Array.from({ length: 13 }, (_, name): NamedCall => ({ name, place: -1 }));
      const set = new CallSet<NamedCall>();
      const expected = new Set<NamedCall>();
      for (const { name, comes } of list) {
        const call = calls[name] ?? assert.fail("there are so many");
        if (!comes) assert.equal(set.delete(call), expected.delete(call));
        else if (!expected.has(call)) {
          set.add(call);
          expected.add(call);
        }
        assert.equal(set.size, expected.size);
        assert.deepEqual(new Set(set), expected);
      }
    }),
  );
});

test("CallSet gives each call once while the one it is at leaves, and others come", () => {
  const set = new CallSet<NamedCall>();
  for (let name = 0; name < 10; name++) set.add({ name, place: -1 });
  const seen: number[] = [];
  for (const call of set) {
    seen.push(call.name);
    if (call.name % 3 === 0) set.delete(call);
    if (call.name === 5) set.add({ name: 99, place: -1 });
  }
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.equal(set.size, 7);
});
