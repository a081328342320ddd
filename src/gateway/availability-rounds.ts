// One value of availability per service and round of checks. Written at each check instead, a
// service would weigh by the number of its endpoints, and a failure by the checks that confirm it.

import type { Clock } from "../core/index.ts";

/** What rounds stand on. */
export interface RoundParts {
  readonly clock: Clock;
  /** Milliseconds from one round to the next: the interval of health checks. */
  readonly intervalMs: number;
  /** Whether a service has an endpoint that answers; undefined while nobody knows. */
  readonly isAvailable: (serviceId: string) => boolean | undefined;
  readonly record: (serviceId: string, available: boolean) => void;
}

/** The rounds of one namespace's services, each from its first answered check on. */
export class AvailabilityRounds {
  readonly #parts: RoundParts;
  readonly #next = new Map<string, Disposable>();
  #stopped = false;

  constructor(parts: RoundParts) {
    this.#parts = parts;
  }

  /** A service was checked: its rounds begin, unless they have. */
  checked(serviceId: string): void {
    if (!this.#stopped && !this.#next.has(serviceId)) this.#round(serviceId);
  }

  stop(): void {
    this.#stopped = true;
    for (const next of this.#next.values()) next[Symbol.dispose]();
    this.#next.clear();
  }

  #round(serviceId: string): void {
    const { clock, intervalMs, isAvailable, record } = this.#parts;
    this.#next.delete(serviceId);
    const available = isAvailable(serviceId);
    if (available === undefined) return; // gone, or no longer checked
    record(serviceId, available);
    this.#next.set(
      serviceId,
      clock.after(intervalMs, () => this.#round(serviceId)),
    );
  }
}
