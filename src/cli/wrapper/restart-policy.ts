// When a program that ended is started again, and how long to wait before it.

/** Whether to restart after an end nobody asked for. */
export const RestartMode = { Never: "never", OnFailure: "on-failure", Always: "always" } as const;
export type RestartMode = (typeof RestartMode)[keyof typeof RestartMode];

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
/** A program that ran this long was well; the next failure starts counting anew. */
const WELL_AFTER_MS = 60_000;

/** Decides restarts: delays double from one second to one minute while a program keeps failing. */
export class RestartPolicy {
  readonly #mode: RestartMode;
  #failures = 0;

  constructor(mode: RestartMode) {
    this.#mode = mode;
  }

  /**
   * What to do after an end.
   * @param ranMs how long the program ran.
   * @returns the delay before the next start in milliseconds, or null to stay ended.
   */
  delayAfter(exitCode: number, ranMs: number): number | null {
    const wanted =
      this.#mode === RestartMode.Always || (this.#mode === RestartMode.OnFailure && exitCode !== 0);
    if (!wanted) return null;
    if (ranMs >= WELL_AFTER_MS) this.#failures = 0;
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures += 1;
    return delayMs;
  }
}
