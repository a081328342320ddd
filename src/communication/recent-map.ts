// A map that forgets: bounded without a cost per entry. Deleting a Map's oldest entries one by one
// makes every look for the next walk over the gaps left behind; two generations need neither.

/** Remembers at least the last `keep` entries, at most twice as many. */
export class RecentMap<Key, Value> {
  readonly #keep: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @param keep how many of the last entries are remembered for certain. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  get(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#keep) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
