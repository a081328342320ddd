// The call history in memory: for a gateway used as a library, and for tests.

import { callLimit, matchesCall } from "./call-filter.ts";
import type { CallQuery, CallRecord } from "./model.ts";
import type { CallRetention, CallStore } from "./store.ts";

interface StoredCall {
  call: CallRecord;
  notable: boolean;
}

/** Calls in rising order, taken from the front at a cost that does not grow with their number. */
class CallQueue {
  #items: StoredCall[] = [];
  #first = 0;

  get size(): number {
    return this.#items.length - this.#first;
  }

  get oldest(): StoredCall | undefined {
    return this.#items[this.#first];
  }

  push(item: StoredCall): void {
    this.#items.push(item);
  }

  shift(): StoredCall | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first += 1;
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  *newestFirst(): Generator<StoredCall> {
    for (let index = this.#items.length - 1; index >= this.#first; index--) {
      const item = this.#items[index];
      if (item !== undefined) yield item;
    }
  }
}

/** One namespace: the newest calls, and notable ones that are older than those. */
class CallShelf {
  readonly recent = new CallQueue();
  readonly notable = new CallQueue();
  readonly byId = new Map<string, StoredCall>();
  lastSequence = 0;

  put(call: CallRecord, notable: boolean): void {
    const known = this.byId.get(call.id);
    if (known !== undefined) {
      known.call = call;
      known.notable = notable;
      return;
    }
    const item = { call, notable };
    this.byId.set(call.id, item);
    this.recent.push(item);
    this.lastSequence = Math.max(this.lastSequence, call.sequence);
  }

  /** How many went. */
  prune({ beforeMs, keep, keepNotable }: CallRetention): number {
    const before = this.byId.size;
    while (this.recent.size > keep || isOlder(this.recent.oldest, beforeMs)) {
      const item = this.recent.shift();
      if (item === undefined) break;
      if (item.notable) this.notable.push(item);
      else this.byId.delete(item.call.id);
    }
    while (this.notable.size > keepNotable || isOlder(this.notable.oldest, beforeMs)) {
      const item = this.notable.shift();
      if (item === undefined) break;
      this.byId.delete(item.call.id);
    }
    return before - this.byId.size;
  }

  *newestFirst(): Generator<CallRecord> {
    for (const { call } of this.recent.newestFirst()) yield call;
    for (const { call } of this.notable.newestFirst()) yield call;
  }
}

function isOlder(item: StoredCall | undefined, beforeMs: number): boolean {
  return item !== undefined && item.call.atMs < beforeMs;
}

/**
 * A {@link CallStore} that forgets everything with the process, and never holds more than it is
 * told.
 *
 * @example
 * const store = new VolatileCallStore({ keep: 1000, keepNotable: 100 });
 * console.assert((await store.calls("default", {})).length === 0);
 */
export class VolatileCallStore implements CallStore {
  readonly #shelves = new Map<string, CallShelf>();
  readonly #retention: CallRetention;

  /**
   * @param room newest calls kept, and newest failed or slow ones kept beside them.
   * @default room 10,000 and 2,000
   */
  constructor(room: { readonly keep?: number; readonly keepNotable?: number } = {}) {
    const { keep = 10_000, keepNotable = 2000 } = room;
    this.#retention = { beforeMs: -Infinity, keep, keepNotable };
  }

  async appendCalls(
    namespace: string,
    calls: readonly { readonly call: CallRecord; readonly notable: boolean }[],
  ): Promise<void> {
    let shelf = this.#shelves.get(namespace);
    if (shelf === undefined) {
      shelf = new CallShelf();
      this.#shelves.set(namespace, shelf);
    }
    for (const { call, notable } of calls) shelf.put(call, notable);
    shelf.prune(this.#retention);
  }

  async calls(namespace: string, query: CallQuery): Promise<readonly CallRecord[]> {
    const found: CallRecord[] = [];
    const limit = callLimit(query);
    for (const call of this.#shelves.get(namespace)?.newestFirst() ?? []) {
      if (found.length >= limit) break;
      if (matchesCall(query, call)) found.push(call);
    }
    return found;
  }

  async call(namespace: string, id: string): Promise<CallRecord | undefined> {
    return this.#shelves.get(namespace)?.byId.get(id)?.call;
  }

  async lastCallSequence(namespace: string): Promise<number> {
    return this.#shelves.get(namespace)?.lastSequence ?? 0;
  }

  async pruneCalls(
    namespace: string,
    retention: CallRetention,
  ): Promise<{ readonly calls: number }> {
    return { calls: this.#shelves.get(namespace)?.prune(retention) ?? 0 };
  }
}
