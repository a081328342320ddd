import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { DistributionSketch } from "./sketch.ts";

function sketchOf(values: readonly number[]): DistributionSketch {
  const sketch = new DistributionSketch();
  for (const value of values) sketch.accept(value);
  return sketch;
}

function exactQuantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}

function hex(sketch: DistributionSketch): string {
  return Buffer.from(sketch.serialize()).toString("hex");
}

/** Values over all magnitudes the sketch promises 1% for, both signs, and zero. */
const promised = fc.oneof(
  fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
  fc.double({ min: -1e12, max: -1e-9, noNaN: true }),
  fc
    .tuple(fc.double({ min: -9, max: 12, noNaN: true }), fc.constantFrom(1, -1))
    .map(([exponent, sign]) => sign * Math.min(1e12, Math.max(1e-9, 10 ** exponent))),
  fc.constantFrom(0, 1, -1, 1e-9, 1e12, -1e-9, -1e12),
);
// Small and large arrays: exact values up to 16, buckets beyond.
const values = fc.oneof(
  fc.array(promised, { minLength: 1, maxLength: 20 }),
  fc.array(promised, { minLength: 1, maxLength: 300, size: "max" }),
);
const quantile = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1),
);
// 1% plus what the logarithm rounds at a bucket's edge.
const TOLERANCE = 0.01 * (1 + 1e-9);

test("DistributionSketch.quantile() is within 1% of the exact value of that rank", () => {
  fc.assert(
    fc.property(values, quantile, (values, q) => {
      const exact = exactQuantile(values, q);
      const estimate = sketchOf(values).quantile(q);
      const error = Math.abs(estimate - exact);
      assert.ok(error <= TOLERANCE * Math.abs(exact), `${estimate} for ${exact} at ${q}`);
    }),
    { numRuns: 500 },
  );
});

test("DistributionSketch.quantile() is within 1% over 100 000 log-normal values", () => {
  const many: number[] = [];
  let seed = 42;
  const random = (): number => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return (seed + 0.5) / 2 ** 32;
  };
  for (let index = 0; index < 100_000; index++) {
    many.push(Math.exp(2 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())));
  }
  const sketch = sketchOf(many);
  for (let percent = 0; percent <= 100; percent++) {
    const exact = exactQuantile(many, percent / 100);
    assert.ok(Math.abs(sketch.quantile(percent / 100) - exact) <= TOLERANCE * exact);
  }
});

test("DistributionSketch keeps count, sum, min and max exact for any finite values", () => {
  const any = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 100, size: "max" }), (values) => {
      const sketch = sketchOf(values);
      assert.equal(sketch.count, values.length);
      assert.equal(
        sketch.sum,
        values.reduce((sum, value) => sum + value, 0),
      );
      assert.equal(
        sketch.min,
        values.reduce((least, value) => (value < least ? value : least)),
      );
      assert.equal(
        sketch.max,
        values.reduce((most, value) => (value > most ? value : most)),
      );
      for (const q of [0, 0.1, 0.5, 0.99, 1]) {
        const estimate = sketch.quantile(q);
        assert.ok(estimate >= sketch.min && estimate <= sketch.max);
      }
    }),
  );
});

test("DistributionSketch.quantile() is exact up to 16 values", () => {
  const few = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
    minLength: 1,
    maxLength: 16,
  });
  fc.assert(
    fc.property(few, quantile, (values, q) => {
      assert.ok(sketchOf(values).quantile(q) === exactQuantile(values, q));
    }),
  );
});

test("DistributionSketch.merge() equals recording everything into one", () => {
  fc.assert(
    fc.property(values, values, values, (a, b, c) => {
      const merged = sketchOf(a);
      merged.merge(sketchOf(b));
      merged.merge(sketchOf(c));
      const one = sketchOf([...a, ...b, ...c]);
      const sumTolerance = 1e-6 * [...a, ...b, ...c].reduce((sum, one) => sum + Math.abs(one), 1);
      assert.ok(Math.abs(merged.sum - one.sum) <= sumTolerance);
      // The order of additions may change the sum's last bits; all else must be the same bytes.
      merged.sum = one.sum;
      assert.deepEqual(merged.serialize(), one.serialize());
    }),
  );
});

test("DistributionSketch.merge() takes itself", () => {
  const sketch = sketchOf([1, 2, 3]);
  sketch.merge(sketch);
  assert.equal(sketch.count, 6);
  assert.equal(sketch.sum, 12);
});

test("DistributionSketch.serialize() round-trips to the same bytes and quantiles", () => {
  fc.assert(
    fc.property(fc.oneof(fc.constant([]), values), quantile, (values, q) => {
      const sketch = sketchOf(values);
      const bytes = sketch.serialize();
      const copy = DistributionSketch.deserialize(bytes);
      assert.deepEqual(copy.serialize(), bytes);
      assert.deepEqual(copy.quantile(q), sketch.quantile(q));
      const { count, sum, min, max } = sketch;
      assert.deepEqual([copy.count, copy.sum, copy.min, copy.max], [count, sum, min, max]);
      copy.accept(5);
      assert.equal(copy.count, count + 1);
    }),
  );
});

test("DistributionSketch.serialize() keeps its golden bytes of version 1", () => {
  assert.equal(hex(new DistributionSketch()), "010000");
  assert.equal(
    hex(sketchOf([1, -2])),
    // version, exact, 2 values | sum -1 | min -2 | max 1 | -2 | 1
    "010002" +
      "000000000000f0bf" +
      "00000000000000c0" +
      "000000000000f03f" +
      "00000000000000c0" +
      "000000000000f03f",
  );
  const buckets = sketchOf([...Array.from({ length: 17 }, () => 1), 0, 0, -1, 100]);
  assert.equal(
    hex(buckets),
    // version, buckets, 21 values | sum 116 | min -1 | max 100 | 2 zeros
    "010115" +
      "0000000000005d40" +
      "000000000000f0bf" +
      "0000000000005940" +
      "02" +
      // 1 negative bucket: key 0, 1 value
      "010001" +
      // 2 positive buckets: key 0, 17 values; key 0 + 231 (zigzag 462), 1 value
      "020011" +
      "ce0301",
  );
});

test("DistributionSketch.deserialize() refuses damaged, cut and unknown bytes", () => {
  const bytes = sketchOf(Array.from({ length: 40 }, (_, index) => index - 5)).serialize();
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => DistributionSketch.deserialize(bytes.slice(0, length)), RangeError);
  }
  assert.throws(() => DistributionSketch.deserialize(Uint8Array.of(2, 0, 0)), /version 2/);
  assert.throws(() => DistributionSketch.deserialize(Uint8Array.of(1, 9, 0)), /mode 9/);
  assert.throws(() => DistributionSketch.deserialize(Uint8Array.of(...bytes, 0)), /longer/);
  const miscounted = bytes.slice();
  miscounted[2] = 39;
  assert.throws(() => DistributionSketch.deserialize(miscounted), /holds 40/);
});

test("DistributionSketch.clear() leaves an empty sketch that works like a new one", () => {
  fc.assert(
    fc.property(values, values, (before, after) => {
      const sketch = sketchOf(before);
      sketch.clear();
      assert.deepEqual(sketch.serialize(), new DistributionSketch().serialize());
      for (const value of after) sketch.accept(value);
      assert.deepEqual(sketch.serialize(), sketchOf(after).serialize());
    }),
  );
});

test("DistributionSketch.quantile() refuses shares outside 0 to 1 and is NaN when empty", () => {
  assert.throws(() => sketchOf([1]).quantile(1.1), RangeError);
  assert.throws(() => sketchOf([1]).quantile(Number.NaN), RangeError);
  assert.ok(Number.isNaN(new DistributionSketch().quantile(0.5)));
});
