// One sampled profile on its way: its row, its deadline, and who waits for it.

import type { Clock } from "../core/index.ts";
import type { ProfileRecord } from "./model.ts";

/** A profile that is not done yet. */
export class OpenProfile {
  record: ProfileRecord;
  /** Its data is being checked and stored. */
  isTaking = false;
  /** Ends a capture of this very process. */
  readonly cancel = new AbortController();
  readonly #clock: Clock;
  readonly #settled = Promise.withResolvers<void>();
  #deadline: Disposable | undefined;

  constructor(record: ProfileRecord, clock: Clock) {
    this.record = record;
    this.#clock = clock;
  }

  /** Resolves when the profile is done or failed. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Calls `onLate` unless another deadline is set, or the profile settles, before. */
  setDeadline(delayMs: number, onLate: () => void): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = this.#clock.after(delayMs, onLate);
  }

  settle(): void {
    this.#deadline?.[Symbol.dispose]();
    this.cancel.abort();
    this.#settled.resolve();
  }

  /** Resolves when the profile settles, after `waitMs`, or when the signal aborts. */
  async wait(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(waitMs, resolve);
    const onAbort = (): void => resolve();
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted !== true) await Promise.race([promise, this.settled]);
    signal?.removeEventListener("abort", onAbort);
    timer[Symbol.dispose]();
  }
}

/** Why the profile of an agent that is not there any more has failed. */
export function goneReason(agentId: string): string {
  return `${agentId} went away before it delivered`;
}
