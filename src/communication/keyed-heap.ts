// A binary heap over numbers, used for lanes (by sequence) and for everything that falls due (by
// instant). Owners leave stale items in it and skip them when they surface: removing from the
// middle would cost more than it saves.

/** Items by ascending key; equal keys in no particular order. */
export class KeyedHeap<Item> {
  readonly #keys: number[] = [];
  readonly #items: Item[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** The smallest key, Infinity when empty. */
  get nextKey(): number {
    return this.#keys[0] ?? Infinity;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  /** O(1) when `key` is the largest so far, O(log n) at worst. */
  push(key: number, item: Item): void {
    const keys = this.#keys;
    const items = this.#items;
    let index = keys.length;
    keys.push(key);
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const parentKey = keys[parent] ?? 0;
      if (parentKey <= key) break;
      this.#move(parent, index);
      index = parent;
    }
    keys[index] = key;
    items[index] = item;
  }

  /** Takes the item with the smallest key out. */
  pop(): Item | undefined {
    const first = this.#items[0];
    const lastKey = this.#keys.pop();
    const last = this.#items.pop();
    const size = this.#keys.length;
    if (lastKey === undefined || last === undefined || size === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && (this.#keys[right] ?? 0) < (this.#keys[child] ?? 0)) child = right;
      if ((this.#keys[child] ?? 0) >= lastKey) break;
      this.#move(child, index);
      index = child;
    }
    this.#keys[index] = lastKey;
    this.#items[index] = last;
    return first;
  }

  #move(from: number, to: number): void {
    const item = this.#items[from];
    if (item === undefined) return;
    this.#keys[to] = this.#keys[from] ?? 0;
    this.#items[to] = item;
  }
}
