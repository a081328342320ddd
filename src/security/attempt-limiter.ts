// Failed sign-ins per address. A token bucket each: all at once from rest, then evenly over the
// minute (GCRA: one instant per address is all that is kept).

import { isIPv6 } from "node:net";

import type { Clock } from "../core/index.ts";

import { securityLimits } from "./limits.ts";

const WINDOW_MS = 60_000;

/** Counts failures per address and says how long an address has to wait. */
export class AttemptLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Address to the instant at which all its failures are forgiven; by last failure. */
  readonly #forgivenAtMs = new Map<string, number>();

  /** @param attemptsPerMinute failures allowed at once and per minute. */
  constructor(clock: Clock, attemptsPerMinute: number) {
    this.#clock = clock;
    this.#intervalMs = WINDOW_MS / attemptsPerMinute;
  }

  /** Milliseconds until the address may try again; 0 when it may now. */
  waitMs(address: string): number {
    const forgivenAtMs = this.#forgivenAtMs.get(networkOf(address));
    if (forgivenAtMs === undefined) return 0;
    const nextFullMs = forgivenAtMs + this.#intervalMs - WINDOW_MS;
    return Math.max(0, Math.ceil(nextFullMs - this.#clock.monotonic()));
  }

  /** Counts one failure. */
  failed(address: string): void {
    const network = networkOf(address);
    const nowMs = this.#clock.monotonic();
    const forgivenAtMs = Math.max(this.#forgivenAtMs.get(network) ?? 0, nowMs) + this.#intervalMs;
    this.#forgivenAtMs.delete(network);
    this.#forgivenAtMs.set(network, forgivenAtMs);
    if (this.#forgivenAtMs.size > securityLimits.attemptAddresses.value) this.#makeRoom();
  }

  #makeRoom(): void {
    const [oldest] = this.#forgivenAtMs.keys();
    if (oldest !== undefined) this.#forgivenAtMs.delete(oldest);
  }
}

/** One IPv6 customer has a whole /64, so that is what counts as an address. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address.replace(/^::ffff:/i, "");
  const [head = "", tail = ""] = address.split("::");
  const first = head.split(":").filter((group) => group !== "");
  const last = tail.split(":").filter((group) => group !== "");
  const zeros = address.includes("::") ? 8 - first.length - last.length : 0;
  const groups = [...first, ...Array<string>(zeros).fill("0"), ...last];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
