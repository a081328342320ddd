// Counts by whole-number key, dense over the window of keys in use: the "store" of a DDSketch.

const GROWTH = 32;

/** How often each key was counted. */
export class BucketCounts {
  #counts = new Float64Array(0);
  #firstKey = 0;
  /** Sum of all counts. */
  total = 0;

  add(key: number, count: number): void {
    const index = key - this.#firstKey;
    if (index < 0 || index >= this.#counts.length) this.#cover(key);
    this.#counts[key - this.#firstKey]! += count;
    this.total += count;
  }

  merge(other: BucketCounts): void {
    for (const [key, count] of other.entries()) this.add(key, count);
  }

  /** Empties it and keeps its memory for the next use. */
  clear(): void {
    this.#counts.fill(0);
    this.total = 0;
  }

  clone(): BucketCounts {
    const copy = new BucketCounts();
    copy.#counts = this.#counts.slice();
    copy.#firstKey = this.#firstKey;
    copy.total = this.total;
    return copy;
  }

  /** The keys counted at least once with their counts, by key. */
  *entries(): Generator<readonly [key: number, count: number]> {
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index]!;
      if (count > 0) yield [this.#firstKey + index, count];
    }
  }

  /** The key that holds the value of `rank` (0-based), counting from the smallest key. */
  keyAtRank(rank: number): number {
    let seen = 0;
    let index = 0;
    let last = 0;
    for (; index < this.#counts.length; index++) {
      const count = this.#counts[index]!;
      if (count === 0) continue;
      seen += count;
      last = index;
      if (seen > rank) break;
    }
    return this.#firstKey + last;
  }

  #cover(key: number): void {
    const length = this.#counts.length;
    if (length === 0) {
      this.#firstKey = key - GROWTH / 2;
      this.#counts = new Float64Array(GROWTH);
      return;
    }
    const below = key < this.#firstKey;
    const first = below ? key - GROWTH : this.#firstKey;
    const end = below ? this.#firstKey + length : key + GROWTH;
    const grown = new Float64Array(end - first);
    grown.set(this.#counts, this.#firstKey - first);
    this.#counts = grown;
    this.#firstKey = first;
  }
}
