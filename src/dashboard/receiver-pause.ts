// How long a receiver is left alone. What concerns one notification only holds up the next of the
// same rule; what concerns the receiver itself holds up all, until one gets through.

import type { Clock } from "../core/index.ts";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;
const FIRST_REFUSAL_MS = 300_000;
const LONGEST_REFUSAL_MS = 3_600_000;

/**
 * The pause after a failure that may pass: at least half of a doubling bound, so that many senders
 * do not come back at once, and never before the receiver asked.
 * @param attempts that failed, 1 at first.
 * @param random 0 to 1.
 */
export function retryDelayMs(
  attempts: number,
  retryAfterMs: number | null,
  random: number,
): number {
  const boundMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20));
  const askedMs = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_MS);
  return Math.max(askedMs, boundMs * (0.5 + random / 2));
}

/** The pause after a refusal, which only somebody can mend. @param refusals 1 at first. */
export function refusalDelayMs(refusals: number): number {
  return Math.min(LONGEST_REFUSAL_MS, FIRST_REFUSAL_MS * 2 ** Math.min(refusals - 1, 20));
}

/** The pause of one receiver. */
export class ReceiverPause {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** It took nothing when it was asked last; one at a time finds out whether it does again. */
  get isDoubtful(): boolean {
    return this.#failures > 0;
  }

  /** How long from now; 0: it may be asked. */
  get remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.monotonic());
  }

  /** It takes nothing now. Answers to what was sent before the pause began do not prolong it. */
  begin(retryAfterMs: number | null): void {
    if (this.remainingMs > 0) return;
    this.#failures += 1;
    const delayMs = retryDelayMs(this.#failures, retryAfterMs, this.#random());
    this.#untilMs = this.#clock.monotonic() + delayMs;
  }

  /** It answered. */
  end(): void {
    this.#failures = 0;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
