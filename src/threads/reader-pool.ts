// Queries spread over reader threads: each goes where the fewest wait, so that one slow search
// does not hold up the quick questions. A thread is started when it is first needed: starting
// one costs more than most queries, and a server that starts has better things to do. One that
// ends by itself is replaced by the next query, a few times a minute at most.

import { noComponentLog, systemClock } from "../core/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";
import { StorageError, storageLimits } from "../storage/index.ts";
import type { Methods } from "../storage/index.ts";
import type { ThreadData } from "./protocol.ts";
import { ThreadClient } from "./thread-client.ts";

const RESTARTS_PER_MS = 60_000;

/** What a {@link ReaderPool} may be given. */
export interface ReaderPoolOptions {
  /** Told of readers that ended, and of those that end too often. @default says nothing */
  readonly log?: ComponentLog;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** Reader threads over one database, whose file must exist before the first call. */
export class ReaderPool<Reads extends Methods> {
  readonly #data: ThreadData;
  readonly #most: number;
  readonly #log: ComponentLog;
  readonly #clock: Clock;
  readonly #readers = new Set<ThreadClient<Reads>>();
  readonly call: ThreadClient<Reads>["call"];
  /** When readers ended by themselves, of late. */
  #endedAtMs: number[] = [];
  #closed = false;

  /** @param most how many threads to start at most; at least one. */
  constructor(data: ThreadData, most: number, options: ReaderPoolOptions = {}) {
    this.#data = data;
    this.#most = Math.max(1, most);
    this.#log = options.log ?? noComponentLog;
    this.#clock = options.clock ?? systemClock;
    this.call = async (name, ...parameters) => this.#leastBusy().call(name, ...parameters);
  }

  /** Threads that run. */
  get size(): number {
    return this.#readers.size;
  }

  /** Lets what waits finish, then ends the threads; later calls are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  #leastBusy(): ThreadClient<Reads> {
    let best: ThreadClient<Reads> | undefined;
    for (const reader of this.#readers) {
      if (best === undefined || reader.pending < best.pending) best = reader;
    }
    const waitMs = this.#untilRestartMs();
    const mayStart = this.#readers.size < this.#most && !this.#closed && waitMs === 0;
    if (best !== undefined && (best.pending === 0 || !mayStart)) return best;
    if (this.#closed) throw new StorageError("storage.closed", "The readers are closed");
    if (!mayStart) throw this.#failing(waitMs);
    return this.#start();
  }

  #start(): ThreadClient<Reads> {
    const bounds = { calls: storageLimits.pendingReads.value, bytes: Number.MAX_SAFE_INTEGER };
    const reader = new ThreadClient<Reads>("reader", this.#data, bounds, (error) => {
      this.#readers.delete(reader);
      this.#noteEnd(error);
    });
    this.#readers.add(reader);
    return reader;
  }

  #noteEnd(error: Error): void {
    this.#untilRestartMs(); // forgets those of more than a minute ago
    this.#endedAtMs.push(this.#clock.monotonic());
    const { database } = this.#data;
    const ended = this.#endedAtMs.length;
    this.#log.warn("storage.reader_ended", { database, error, endedWithinMinute: ended });
    if (ended < storageLimits.readerRestarts.value) return;
    this.#log.error("storage.readers_failing", { database, error, endedWithinMinute: ended });
  }

  /** How long no reader may be started; 0 when one may. */
  #untilRestartMs(): number {
    const nowMs = this.#clock.monotonic();
    this.#endedAtMs = this.#endedAtMs.filter((atMs) => nowMs - atMs < RESTARTS_PER_MS);
    const most = storageLimits.readerRestarts.value;
    const deciding = this.#endedAtMs.at(-most);
    return deciding === undefined ? 0 : RESTARTS_PER_MS - (nowMs - deciding);
  }

  #failing(waitMs: number): StorageError {
    const retryAfterSeconds = Math.ceil(waitMs / 1000);
    return new StorageError(
      "storage.readers_failing",
      `Cannot read ${this.#data.database}.db: its readers ended ${this.#endedAtMs.length} times ` +
        `within a minute; the next is started in ${retryAfterSeconds} s`,
      { retryAfterSeconds },
    );
  }
}
