// What keeps coming back is kept firing longer each time, so that something that flaps is one
// alert with a count and not a page of them. A first alert resolves without any delay of this sort.

import { dashboardLimits } from "./limits.ts";

const FIRST_KEEP_MS = 30_000;

interface Ending {
  readonly atMs: number;
  /** Times in a row that it came back soon. */
  readonly returns: number;
}

/** Remembers which alerts ended lately. Times are monotonic milliseconds. */
export class FlapGuard {
  /** In order of their end. */
  readonly #endings = new Map<string, Ending>();
  /** Of keys that fire. */
  readonly #returns = new Map<string, number>();

  raised(key: string, nowMs: number): void {
    const ending = this.#endings.get(key);
    this.#endings.delete(key);
    if (ending === undefined) return;
    const soon = nowMs - ending.atMs <= dashboardLimits.alertFlapWindowMs.value;
    if (soon) this.#returns.set(key, ending.returns + 1);
  }

  resolved(key: string, nowMs: number): void {
    this.#endings.set(key, { atMs: nowMs, returns: this.#returns.get(key) ?? 0 });
    this.#returns.delete(key);
    if (this.#endings.size <= dashboardLimits.alertFlapKeys.value) return;
    const [oldest] = this.#endings.keys();
    if (oldest !== undefined) this.#endings.delete(oldest);
  }

  /** How long an alert must be gone before it resolves. */
  keepMs(key: string, keepFiringForMs: number): number {
    const returns = this.#returns.get(key) ?? 0;
    if (returns === 0) return keepFiringForMs;
    const longer = FIRST_KEEP_MS * 2 ** Math.min(returns - 1, 20);
    return Math.max(keepFiringForMs, Math.min(dashboardLimits.alertFlapKeepMs.value, longer));
  }
}
