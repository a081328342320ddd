// Calls under way, in an array that closes its gaps. A Set would do, but for its garbage: it grows
// into a new table every few calls, each dead table leads to the next one, and all that is dead
// together is kept, calls included, until the collector walks the whole heap.

/** What knows its own place in a {@link CallSet}. */
export interface PlacedCall {
  /** -1 while it is in none. */
  place: number;
}

/** A set of calls, each in one set at a time; iteration survives that the call it is at leaves. */
export class CallSet<Call extends PlacedCall> implements Iterable<Call> {
  readonly #calls: Call[] = [];

  get size(): number {
    return this.#calls.length;
  }

  add(call: Call): void {
    call.place = this.#calls.push(call) - 1;
  }

  /** @returns false when it was not in the set. */
  delete(call: Call): boolean {
    const { place } = call;
    if (place === -1) return false;
    call.place = -1;
    const last = this.#calls.pop();
    if (last === undefined || last === call) return true;
    this.#calls[place] = last;
    last.place = place;
    return true;
  }

  /** The latest first; whoever comes meanwhile is left out. */
  *[Symbol.iterator](): Generator<Call, undefined> {
    for (let place = this.#calls.length - 1; place >= 0; place--) {
      const call = this.#calls[place];
      if (call !== undefined) yield call;
    }
    return undefined;
  }
}
