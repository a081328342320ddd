// A thread that takes from shared rate limits as fast as it can, in steps that all threads begin
// together; posts how often it was let through, by key.

import { parentPort, workerData } from "node:worker_threads";

import type { RateLimit } from "../model.ts";
import { RateLimitTable } from "../rate-limit-table.ts";

/** What the thread is started with. */
export interface RateLimitWork {
  readonly table: SharedArrayBuffer;
  /** Threads that have arrived at a step's start, summed up over all steps. */
  readonly barrier: SharedArrayBuffer;
  readonly threads: number;
  readonly limit: RateLimit;
  /** Keys and the instant of each step. */
  readonly steps: readonly { readonly keys: readonly string[]; readonly nowMs: number }[];
  readonly takesPerKey: number;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test declares what it hands over
const work = workerData as RateLimitWork;
const table = RateLimitTable.attach(work.table);
const barrier = new Int32Array(work.barrier);
const allowed: Record<string, number> = {};

for (const [index, { keys, nowMs }] of work.steps.entries()) {
  const arrived = Atomics.add(barrier, 0, 1) + 1;
  const all = (index + 1) * work.threads;
  if (arrived === all) Atomics.notify(barrier, 0);
  for (let seen = arrived; seen < all; seen = Atomics.load(barrier, 0)) {
    Atomics.wait(barrier, 0, seen, 100);
  }
  for (let take = 0; take < work.takesPerKey; take++) {
    for (const key of keys) {
      if (table.take(key, work.limit, nowMs).allowed) allowed[key] = (allowed[key] ?? 0) + 1;
    }
  }
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
parentPort?.postMessage(allowed);
