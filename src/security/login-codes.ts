// One-time codes that carry a person from the terminal to the pages: `7Q4K-M2XD`, 40 bits, short
// enough to type. They live in memory: a restart prints a new one anyway.

import { randomToken } from "../core/index.ts";
import type { Clock, RandomBytes } from "../core/index.ts";

import { securityLimits } from "./limits.ts";
import { hashSecret } from "./secret.ts";

/** Codes that wait to be redeemed. */
export class LoginCodes {
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  readonly #durationMs: number;
  /** Hash of the code to its deadline on the monotonic clock, oldest first. */
  readonly #deadlines = new Map<string, number>();

  constructor(clock: Clock, randomBytes: RandomBytes, durationMs: number) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.#durationMs = durationMs;
  }

  /** A new code; when too many wait, the oldest stops working. */
  create(): { readonly code: string; readonly expiresAtMs: number } {
    const token = randomToken(40, this.#randomBytes).toUpperCase();
    const code = `${token.slice(0, 4)}-${token.slice(4)}`;
    this.#deadlines.set(hashSecret(token), this.#clock.monotonic() + this.#durationMs);
    if (this.#deadlines.size > securityLimits.loginCodes.value) {
      const [oldest] = this.#deadlines.keys();
      if (oldest !== undefined) this.#deadlines.delete(oldest);
    }
    return { code, expiresAtMs: this.#clock.now() + this.#durationMs };
  }

  /** True once per code, before it expires; case, spaces and the hyphen do not matter. */
  redeem(code: string): boolean {
    const hash = hashSecret(readable(code));
    const deadlineMs = this.#deadlines.get(hash);
    if (deadlineMs === undefined) return false;
    this.#deadlines.delete(hash);
    return this.#clock.monotonic() < deadlineMs;
  }
}

/** Crockford's reading of what people type: O is 0, I and L are 1. */
function readable(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}
