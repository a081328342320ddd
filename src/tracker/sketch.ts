// A mergeable summary of a distribution: DDSketch (C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A
// Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", PVLDB 12(12), 2019).
// A value v falls into bucket ceil(log_gamma |v|); every value of a bucket is within 1% of the
// number the bucket stands for. Few values are kept as they are: exact, and smaller than buckets.

import { BucketCounts } from "./bucket-counts.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";

const RELATIVE_ACCURACY = 0.01;
const GAMMA = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const KEYS_PER_NATURAL_LOG = 1 / Math.log(GAMMA);
/** Smaller magnitudes count as zero; larger ones as the largest (min and max stay exact). */
const MIN_MAGNITUDE = 1e-9;
const MAX_MAGNITUDE = 1e12;
/** Up to this many values are kept exactly, at 8 bytes each. */
const EXACT_VALUES = 16;
const FORMAT_VERSION = 1;
const MODE_EXACT = 0;
const MODE_BUCKETS = 1;

/**
 * Count, sum, min, max (exact) and quantiles (within 1% relative error for magnitudes from 1e-9
 * to 1e12, negative values and zero included) of the values it accepted or was merged with.
 * Up to 16 values it is exact.
 *
 * Binary form, version 1 (integers are LEB128 varints, signed ones zigzag, floats binary64 LE):
 *
 *     byte version = 1 | byte mode: 0 exact, 1 buckets | varint count
 *     when count > 0:  float sum | float min | float max
 *     mode 0:  count floats, ascending
 *     mode 1:  varint zeros | buckets of negative values | buckets of positive values, each:
 *              varint n | n times: signed varint key minus the key before (0 at first), varint count
 *
 * @example
 * const sketch = new DistributionSketch();
 * for (let ms = 1; ms <= 1000; ms++) sketch.accept(ms);
 * console.assert(Math.abs(sketch.quantile(0.99) - 990) < 10);
 */
export class DistributionSketch {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  #exact: Float64Array | undefined = new Float64Array(4);
  #zeros = 0;
  #negative: BucketCounts | undefined;
  #positive: BucketCounts | undefined;

  /** Counts one finite value. Not checked here: this is the hot path. */
  accept(value: number): void {
    const count = ++this.count;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const exact = this.#exact;
    if (exact === undefined) this.#toBucket(value, 1);
    else if (count <= exact.length) exact[count - 1] = value;
    else this.#outgrow(exact, value);
  }

  /** Counts everything `other` counted; the same as having accepted its values. */
  merge(other: DistributionSketch): void {
    if (other === this) return this.merge(other.clone());
    if (other.#exact !== undefined) {
      const { sum, min, max } = this;
      for (let index = 0; index < other.count; index++) this.accept(other.#exact[index]!);
      this.sum = sum + other.sum;
      this.min = Math.min(min, other.min);
      this.max = Math.max(max, other.max);
      return;
    }
    this.#toBuckets();
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.#zeros += other.#zeros;
    if (other.#positive) (this.#positive ??= new BucketCounts()).merge(other.#positive);
    if (other.#negative) (this.#negative ??= new BucketCounts()).merge(other.#negative);
  }

  /**
   * The value below which a share `q` of all values lies: that of rank floor(q * (count - 1)) in
   * ascending order; NaN when nothing was counted.
   * @param q from 0 (the minimum) to 1 (the maximum).
   * @throws RangeError when `q` is outside 0 to 1.
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile is from 0 to 1, not ${q}`);
    if (this.count === 0) return Number.NaN;
    const rank = Math.floor(q * (this.count - 1));
    if (rank === 0) return this.min;
    if (rank === this.count - 1) return this.max;
    if (this.#exact !== undefined) return this.#exact.slice(0, this.count).sort()[rank]!;
    return Math.min(this.max, Math.max(this.min, this.#bucketValueAt(rank)));
  }

  clone(): DistributionSketch {
    const copy = new DistributionSketch();
    copy.count = this.count;
    copy.sum = this.sum;
    copy.min = this.min;
    copy.max = this.max;
    copy.#exact = this.#exact?.slice();
    copy.#zeros = this.#zeros;
    copy.#negative = this.#negative?.clone();
    copy.#positive = this.#positive?.clone();
    return copy;
  }

  /** Forgets every value; buckets in use keep their memory, so that the next minute needs none. */
  clear(): void {
    if (this.#exact !== undefined) {
      this.#negative = undefined;
      this.#positive = undefined;
    }
    this.#exact ??= new Float64Array(4);
    this.#negative?.clear();
    this.#positive?.clear();
    this.count = 0;
    this.sum = 0;
    this.#zeros = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
  }

  /** The binary form described at the class; equal contents give equal bytes. */
  serialize(): Uint8Array {
    const writer = new ByteWriter();
    writer.byte(FORMAT_VERSION);
    writer.byte(this.#exact === undefined ? MODE_BUCKETS : MODE_EXACT);
    writer.varint(this.count);
    if (this.count === 0) return writer.bytes();
    writer.float(this.sum);
    writer.float(this.min);
    writer.float(this.max);
    if (this.#exact !== undefined) {
      for (const value of this.#exact.slice(0, this.count).sort()) writer.float(value);
      return writer.bytes();
    }
    writer.varint(this.#zeros);
    writeBuckets(writer, this.#negative);
    writeBuckets(writer, this.#positive);
    return writer.bytes();
  }

  /**
   * Reads the binary form.
   * @throws RangeError when the bytes are cut short, damaged or of another version.
   */
  static deserialize(bytes: Uint8Array): DistributionSketch {
    const reader = new ByteReader(bytes);
    const version = reader.byte();
    if (version !== FORMAT_VERSION) throw new RangeError(`Sketch version ${version} is unknown`);
    const mode = reader.byte();
    const sketch = new DistributionSketch();
    const count = reader.varint();
    if (mode > MODE_BUCKETS) throw new RangeError(`Sketch mode ${mode} is unknown`);
    if (count > 0) sketch.#read(reader, mode, count);
    if (!reader.atEnd) throw new RangeError("A sketch is longer than its counts say");
    return sketch;
  }

  #read(reader: ByteReader, mode: number, count: number): void {
    const [sum, min, max] = [reader.float(), reader.float(), reader.float()];
    if (mode === MODE_EXACT) {
      if (count > EXACT_VALUES) throw new RangeError(`A sketch keeps ${count} exact values`);
      for (let index = 0; index < count; index++) this.accept(reader.float());
    } else {
      this.#exact = undefined;
      this.#zeros = reader.varint();
      this.#negative = readBuckets(reader);
      this.#positive = readBuckets(reader);
      const total = this.#zeros + (this.#negative?.total ?? 0) + (this.#positive?.total ?? 0);
      if (total !== count) throw new RangeError(`A sketch of ${count} values holds ${total}`);
    }
    this.count = count;
    this.sum = sum;
    this.min = min;
    this.max = max;
  }

  #outgrow(exact: Float64Array, value: number): void {
    if (exact.length < EXACT_VALUES) {
      const grown = new Float64Array(exact.length * 2);
      grown.set(exact);
      grown[exact.length] = value;
      this.#exact = grown;
      return;
    }
    this.#exact = undefined;
    for (const kept of exact) this.#toBucket(kept, 1);
    this.#toBucket(value, 1);
  }

  #toBuckets(): void {
    const exact = this.#exact;
    if (exact === undefined) return;
    this.#exact = undefined;
    for (let index = 0; index < this.count; index++) this.#toBucket(exact[index]!, 1);
  }

  #toBucket(value: number, count: number): void {
    if (value >= MIN_MAGNITUDE) (this.#positive ??= new BucketCounts()).add(keyOf(value), count);
    else if (value > -MIN_MAGNITUDE) this.#zeros += count;
    else (this.#negative ??= new BucketCounts()).add(keyOf(-value), count);
  }

  #bucketValueAt(rank: number): number {
    const negatives = this.#negative?.total ?? 0;
    if (rank < negatives) {
      // The most negative value has the largest key.
      return -valueOf(this.#negative?.keyAtRank(negatives - 1 - rank) ?? 0);
    }
    if (rank < negatives + this.#zeros) return 0;
    return valueOf(this.#positive?.keyAtRank(rank - negatives - this.#zeros) ?? 0);
  }
}

function keyOf(magnitude: number): number {
  const held = magnitude > MAX_MAGNITUDE ? MAX_MAGNITUDE : magnitude;
  return Math.ceil(Math.log(held) * KEYS_PER_NATURAL_LOG);
}

/** The number within 1% of everything in (gamma^(key-1), gamma^key]. */
function valueOf(key: number): number {
  return (2 * GAMMA ** key) / (GAMMA + 1);
}

function writeBuckets(writer: ByteWriter, buckets: BucketCounts | undefined): void {
  const entries = buckets === undefined ? [] : [...buckets.entries()];
  writer.varint(entries.length);
  let before = 0;
  for (const [key, count] of entries) {
    writer.signedVarint(key - before);
    writer.varint(count);
    before = key;
  }
}

function readBuckets(reader: ByteReader): BucketCounts | undefined {
  const length = reader.varint();
  if (length === 0) return undefined;
  const [lowest, highest] = [keyOf(MIN_MAGNITUDE), keyOf(MAX_MAGNITUDE)];
  const buckets = new BucketCounts();
  let key = 0;
  for (let index = 0; index < length; index++) {
    key += reader.signedVarint();
    if (key < lowest || key > highest) throw new RangeError(`A sketch has a bucket ${key}`);
    buckets.add(key, reader.varint());
  }
  return buckets;
}
