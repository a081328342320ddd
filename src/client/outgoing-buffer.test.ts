import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { OutgoingBuffer } from "./outgoing-buffer.ts";

const sample = (value: number) => ({ value });

test("OutgoingBuffer gives up the oldest samples when full, and counts them", () => {
  const buffer = new OutgoingBuffer<{ readonly value: number }>(32);
  for (let value = 0; value < 40; value++) buffer.add(sample(value));
  const values = buffer.take(100).map((each) => each.value);
  assert.equal(values.at(-1), 39);
  assert.equal(values.length + buffer.shed, 40);
  assert.deepEqual(
    values,
    Array.from({ length: values.length }, (_, index) => 40 - values.length + index),
  );
});

test("OutgoingBuffer.putBack() keeps the order and the bound", () => {
  const buffer = new OutgoingBuffer<{ readonly value: number }>(4);
  for (const value of [1, 2, 3]) buffer.add(sample(value));
  const taken = buffer.take(3);
  for (const value of [4, 5]) buffer.add(sample(value));
  buffer.putBack(taken);
  assert.deepEqual(
    buffer.take(9).map((each) => each.value),
    [2, 3, 4, 5],
  );
  assert.equal(buffer.shed, 1);
});

test("OutgoingBuffer loses no count: waiting, taken and shed add up", () => {
  const steps = fc.array(fc.oneof(fc.constant("add"), fc.nat(5)), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (capacity, list) => {
      const buffer = new OutgoingBuffer<{ readonly value: number }>(capacity);
      let added = 0;
      let taken = 0;
      for (const step of list) {
        if (typeof step === "number") taken += buffer.take(step).length;
        else buffer.add(sample(added++));
        assert.ok(buffer.size <= capacity);
      }
      assert.equal(buffer.size + taken + buffer.shed, added);
    }),
  );
});
