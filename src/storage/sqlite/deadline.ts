// SQLite cannot be told to stop a statement from JavaScript, so long walks are iterated row by
// row and look at the time themselves.

import { StorageError } from "../errors.ts";
import { storageLimits } from "../limits.ts";

/** How many rows pass between two looks at the clock. */
const ROWS_BETWEEN_CHECKS = 64;

/** Ends a walk that takes too long. */
export class Deadline {
  readonly #limitMs: number;
  readonly #endMs: number;
  #rows = 0;

  /** @param limitMs how long the walk may take, in milliseconds. */
  constructor(limitMs: number = storageLimits.queryMs.value) {
    this.#limitMs = limitMs;
    this.#endMs = performance.now() + limitMs;
  }

  /** Counts one row. @throws StorageError storage.query_too_slow when time is up. */
  row(): void {
    this.#rows += 1;
    if (this.#rows % ROWS_BETWEEN_CHECKS === 0) this.#look();
  }

  /** Counts many rows at once. @throws StorageError storage.query_too_slow when time is up. */
  rows(count: number): void {
    this.#rows += count;
    this.#look();
  }

  #look(): void {
    if (performance.now() < this.#endMs) return;
    throw new StorageError(
      "storage.query_too_slow",
      `The query was stopped after ${this.#limitMs} ms and ${this.#rows} rows`,
    );
  }
}

/** A page's size: what was asked for, at least 0 and at most `most`. */
export function pageSize(limit: number | undefined, byDefault: number, most: number): number {
  return Math.max(0, Math.min(Math.floor(limit ?? byDefault), most));
}
