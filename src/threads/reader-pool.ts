// Queries spread over reader threads: each goes where the fewest wait, so that one slow search
// does not hold up the quick questions.

import { StorageError, storageLimits } from "../storage/index.ts";
import type { Methods } from "../storage/index.ts";
import type { ThreadData } from "./protocol.ts";
import { ThreadClient } from "./thread-client.ts";

/** Reader threads over one database. */
export class ReaderPool<Reads extends Methods> {
  readonly #readers: readonly ThreadClient<Reads>[];
  readonly call: ThreadClient<Reads>["call"];

  constructor(data: ThreadData, count: number, onFailure: (error: Error) => void) {
    const bounds = { calls: storageLimits.pendingReads.value, bytes: Number.MAX_SAFE_INTEGER };
    this.#readers = Array.from(
      { length: Math.max(1, count) },
      () => new ThreadClient<Reads>("reader", data, bounds, onFailure),
    );
    this.call = (name, ...parameters) => this.#leastBusy().call(name, ...parameters);
  }

  async ready(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.ready()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  #leastBusy(): ThreadClient<Reads> {
    let [best] = this.#readers;
    for (const reader of this.#readers) {
      if (best === undefined || reader.pending < best.pending) best = reader;
    }
    if (best === undefined) throw new StorageError("storage.closed", "There is no reader thread");
    return best;
  }
}
