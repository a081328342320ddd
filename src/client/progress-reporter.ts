// Progress is reported as often as the work likes and sent at most a few times a second: only the
// newest report matters.

import { sleep } from "./duration.ts";

const SPACING_MS = 200;

/** One report; absent fields stay as they were. */
export interface ProgressUpdate {
  readonly progress?: number;
  readonly note?: string;
}

/** Sends the latest report, at most one at a time and five a second. */
export class ProgressReporter {
  readonly #send: (update: ProgressUpdate) => Promise<unknown>;
  readonly #stopped = new AbortController();
  #pending: ProgressUpdate | undefined;
  #sending: Promise<void> | undefined;

  /** @param send may reject; a lost progress report harms nobody and is dropped. */
  constructor(send: (update: ProgressUpdate) => Promise<unknown>) {
    this.#send = send;
  }

  /** @throws RangeError when `progress` is not between 0 and 1. */
  report(progress: number | undefined, note: string | undefined): void {
    if (progress !== undefined && !(progress >= 0 && progress <= 1)) {
      throw new RangeError(`Progress is a number from 0 to 1, not ${progress}`);
    }
    if (this.#stopped.signal.aborted) return;
    this.#pending = {
      ...this.#pending,
      ...(progress === undefined ? {} : { progress }),
      ...(note === undefined ? {} : { note }),
    };
    this.#sending ??= this.#drain();
  }

  /** Sends what is pending now, then nothing more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#sending;
  }

  async #drain(): Promise<void> {
    while (this.#pending !== undefined) {
      const update = this.#pending;
      this.#pending = undefined;
      await this.#send(update).catch(() => undefined);
      await sleep(SPACING_MS, this.#stopped.signal);
    }
    this.#sending = undefined;
  }
}
