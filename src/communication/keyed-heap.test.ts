import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { KeyedHeap } from "./keyed-heap.ts";

test("KeyedHeap.pop() gives items by ascending key, however pushes and pops mix", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: -50, max: 50 }))), (steps) => {
      const heap = new KeyedHeap<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) assert.equal(heap.pop(), model.shift());
        else {
          heap.push(step, step);
          model.push(step);
          model.sort((a, b) => a - b);
        }
        assert.equal(heap.nextKey, model[0] ?? Infinity);
        assert.equal(heap.size, model.length);
      }
      for (const key of model) assert.equal(heap.pop(), key);
      assert.equal(heap.pop(), undefined);
    }),
  );
});
