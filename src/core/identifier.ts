// Ids sort by time, never collide within a process, and are safe in a path, a file name and a
// label. Layout (26 characters): UUIDv7's idea (RFC 9562, section 5.7) in Crockford base 32:
// 48 bits of milliseconds (10 characters), then 80 random bits (16 characters), the random part
// counted up within one millisecond so that ids of one process are strictly increasing.

import type { Clock } from "./clock.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Fills bytes with randomness; `crypto.getRandomValues` in production. */
export type RandomBytes = (byteCount: number) => Uint8Array;

/** Cryptographically secure random bytes. */
export const secureRandomBytes: RandomBytes = (byteCount) =>
  crypto.getRandomValues(new Uint8Array(byteCount));

/** Makes ids like `msg_01j9z6v2k3m4n5p6q7r8s9t0aa`: time-ordered, unique, 26 characters + prefix. */
export class IdGenerator {
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  #lastMs = -1;
  #tail: number[] = [];
  /** All characters but the last, which alone changes 31 times out of 32. */
  #stem = "";

  constructor(clock: Clock, randomBytes: RandomBytes = secureRandomBytes) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
  }

  /** @param prefix what the id names, without the underscore: `msg`, `task`, `alert`. */
  next(prefix: string): string {
    const nowMs = Math.floor(this.#clock.now());
    if (nowMs > this.#lastMs) this.#begin(nowMs);
    else if (!this.#increment()) this.#begin(this.#lastMs + 1);
    return `${prefix}_${this.#stem}${ALPHABET[this.#tail[15] ?? 0]}`;
  }

  #begin(timeMs: number): void {
    this.#tail = Array.from(this.#randomBytes(16), (byte) => byte & 31);
    this.#lastMs = timeMs;
    this.#encodeStem();
  }

  /** Counts the random part up; false when all its values of this millisecond are used. */
  #increment(): boolean {
    for (let index = 15; index >= 0; index--) {
      const digit = this.#tail[index] ?? 0;
      if (digit < 31) {
        this.#tail[index] = digit + 1;
        if (index < 15) this.#encodeStem();
        return true;
      }
      this.#tail[index] = 0;
    }
    return false;
  }

  #encodeStem(): void {
    this.#stem = encodeTime(this.#lastMs);
    for (const digit of this.#tail.slice(0, 15)) this.#stem += ALPHABET[digit];
  }
}

function encodeTime(timeMs: number): string {
  let rest = timeMs;
  let text = "";
  for (let index = 0; index < 10; index++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * A random secret in Crockford base 32.
 * @param bits how much entropy; rounded up to whole characters of 5 bits.
 */
export function randomToken(bits: number, randomBytes: RandomBytes = secureRandomBytes): string {
  let token = "";
  for (const byte of randomBytes(Math.ceil(bits / 5))) token += ALPHABET[byte & 31];
  return token;
}
