// Deadlines of all calls, looked at together. A call that moves only notes that it did; its
// patience begins anew when that is seen. A timer for every call would cost more than the look,
// which also finds calls whose key has expired meanwhile.

import type { Clock } from "../core/index.ts";

import { dataPlaneLimits } from "./data-plane-limits.ts";

/** A call with patience. */
export interface WatchedCall {
  /** Milliseconds without progress after which it has failed. */
  readonly patienceMs: number;
  /** Wall time when its key expires; null when it does not. */
  readonly expiresAtMs: number | null;
  isActive: boolean;
  quietSinceMs: number;
  timedOut(): void;
  expired(): void;
}

/** Looks at calls under way while there are any. */
export class CallDeadlines {
  readonly #clock: Clock;
  readonly #calls: Iterable<WatchedCall> & { readonly size: number };
  #timer: Disposable | undefined;

  constructor(clock: Clock, calls: Iterable<WatchedCall> & { readonly size: number }) {
    this.#clock = clock;
    this.#calls = calls;
  }

  /** A call began. */
  watch(): void {
    this.#timer ??= this.#clock.after(dataPlaneLimits.deadlineSweepMs.value, () => this.#sweep());
  }

  close(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonic();
    const wallMs = this.#clock.now();
    for (const call of this.#calls) {
      if (call.expiresAtMs !== null && call.expiresAtMs <= wallMs) call.expired();
      else if (call.isActive) {
        call.isActive = false;
        call.quietSinceMs = nowMs;
      } else if (nowMs - call.quietSinceMs >= call.patienceMs) call.timedOut();
    }
    if (this.#calls.size > 0) this.watch();
  }
}
