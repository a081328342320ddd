// When a dashboard looks again, and whether it still does. A look that throws is a fault of ours:
// it is logged, the next is taken all the same, and whoever asks learns that none has ended well.

import type { Clock, ComponentLog } from "../core/index.ts";

const FIRST_MS = 5000;
/** What a busy main thread may be late without being unwell. */
const LATE_MS = 5000;

/** Looks at an interval. */
export class RefreshLoop {
  readonly #clock: Clock;
  readonly #log: ComponentLog;
  readonly #refresh: () => void;
  #intervalMs: number;
  /** When the last look that ended well did, since the start. */
  #endedAtMs: number | undefined;
  #timer: Disposable | undefined;

  /** @param refresh one look at everything. */
  constructor(clock: Clock, log: ComponentLog, intervalMs: number, refresh: () => void) {
    this.#clock = clock;
    this.#log = log;
    this.#intervalMs = intervalMs;
    this.#refresh = refresh;
  }

  /** The first look comes soon, however rare they are: until then nobody knows whether all is well. */
  start(): void {
    this.#timer ??= this.#schedule(Math.min(this.#intervalMs, FIRST_MS));
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#endedAtMs = undefined;
  }

  /** Looks at another interval from now on. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    if (this.#timer === undefined) return;
    this.#timer[Symbol.dispose]();
    this.#timer = this.#schedule(intervalMs);
  }

  /** True while looks end, and end well, on time. */
  get isWell(): boolean {
    if (this.#endedAtMs === undefined) return false;
    return this.#clock.monotonic() - this.#endedAtMs <= 3 * this.#intervalMs + LATE_MS;
  }

  #schedule(delayMs: number): Disposable {
    return this.#clock.after(delayMs, () => {
      this.#timer = this.#schedule(this.#intervalMs);
      try {
        this.#refresh();
        this.#endedAtMs = this.#clock.monotonic();
      } catch (error) {
        this.#log.error("dashboard.refresh_failed", { error });
      }
    });
  }
}
