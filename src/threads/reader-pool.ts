// Queries spread over reader threads: each goes where the fewest wait, so that one slow search
// does not hold up the quick questions. A thread is started when it is first needed: starting
// one costs more than most queries, and a server that starts has better things to do.

import { StorageError, storageLimits } from "../storage/index.ts";
import type { Methods } from "../storage/index.ts";
import type { ThreadData } from "./protocol.ts";
import { ThreadClient } from "./thread-client.ts";

/** Reader threads over one database, whose file must exist before the first call. */
export class ReaderPool<Reads extends Methods> {
  readonly #start: () => ThreadClient<Reads>;
  readonly #most: number;
  readonly #readers: ThreadClient<Reads>[] = [];
  readonly call: ThreadClient<Reads>["call"];
  #closed = false;

  /** @param most how many threads to start at most; at least one. */
  constructor(data: ThreadData, most: number, onFailure: (error: Error) => void) {
    const bounds = { calls: storageLimits.pendingReads.value, bytes: Number.MAX_SAFE_INTEGER };
    this.#start = () => new ThreadClient<Reads>("reader", data, bounds, onFailure);
    this.#most = Math.max(1, most);
    this.call = async (name, ...parameters) => this.#leastBusy().call(name, ...parameters);
  }

  /** Threads started so far. */
  get size(): number {
    return this.#readers.length;
  }

  /** Lets what waits finish, then ends the threads; later calls are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  #leastBusy(): ThreadClient<Reads> {
    let best: ThreadClient<Reads> | undefined;
    for (const reader of this.#readers) {
      if (best === undefined || reader.pending < best.pending) best = reader;
    }
    const mayStart = this.#readers.length < this.#most && !this.#closed;
    if (best !== undefined && (best.pending === 0 || !mayStart)) return best;
    if (this.#closed) throw closedPool();
    const started = this.#start();
    this.#readers.push(started);
    return started;
  }
}

function closedPool(): StorageError {
  return new StorageError("storage.closed", "The readers are closed");
}
