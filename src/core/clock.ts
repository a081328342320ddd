// Time comes in through constructors, so that logic can be tested without waiting.
// Wall time names an instant for people and for disk; monotonic time measures durations and
// deadlines, because a wall clock may jump.

/** A source of time and of delayed calls. */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic time in milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs` milliseconds; the returned handle cancels it. */
  after(delayMs: number, callback: () => void): Disposable;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref?.();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

interface PendingCall {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that moves only when told, for tests.
 *
 * @example
 * const clock = new ManualClock(0);
 * let called = false;
 * clock.after(10, () => { called = true; });
 * clock.advance(10);
 * console.assert(called);
 */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #order = 0;
  #pending: PendingCall[] = [];

  /** @param startMs wall time at the start, in milliseconds since the Unix epoch. */
  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): Disposable {
    const call = { dueMs: this.#monotonicMs + delayMs, order: this.#order++, callback };
    this.#pending.push(call);
    return {
      [Symbol.dispose]: () => {
        this.#pending = this.#pending.filter((other) => other !== call);
      },
    };
  }

  /**
   * Moves both clocks forward by `byMs` milliseconds, making the calls that fall due in order.
   * @throws RangeError when `byMs` is negative or not a number.
   */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`Cannot advance by ${byMs} ms: time does not go back`);
    const targetMs = this.#monotonicMs + byMs;
    for (;;) {
      this.#pending.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      const next = this.#pending[0];
      if (next === undefined || next.dueMs > targetMs) break;
      this.#pending.shift();
      this.#moveTo(Math.max(next.dueMs, this.#monotonicMs));
      next.callback();
    }
    this.#moveTo(targetMs);
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
