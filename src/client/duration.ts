// Durations as people write them: "250ms", "60s", "1h30m", "30d"; plain numbers are milliseconds.

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A number of milliseconds, or text such as `"60s"` or `"1h30m"`. */
export type Duration = number | string;

/**
 * Milliseconds of a duration.
 * @throws RangeError when it is neither a finite number >= 0 nor a duration's text.
 *
 * @example
 * console.assert(parseDuration("1m30s") === 90_000);
 */
export function parseDuration(duration: Duration): number {
  if (typeof duration === "number") {
    if (Number.isFinite(duration) && duration >= 0) return duration;
    throw new RangeError(`A duration is a number of milliseconds >= 0, not ${duration}`);
  }
  const text = duration.trim();
  let totalMs = 0;
  let consumed = 0;
  for (const match of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)) {
    totalMs += Number(match[1]) * (UNITS_MS[match[2] ?? ""] ?? Number.NaN);
    consumed += match[0].length;
  }
  if (consumed > 0 && consumed === text.length) return totalMs;
  throw new RangeError(`"${duration}" is no duration; write it like "250ms", "60s" or "1h30m"`);
}

/**
 * Waits; returns early, without an error, when the signal aborts.
 * @param background true when waiting shall not keep the process alive (where that can be said).
 */
export function sleep(delayMs: number, signal?: AbortSignal, background = false): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.min(delayMs, 2 ** 31 - 1));
    signal?.addEventListener("abort", finish, { once: true });
    if (background) letGo(timer);
  });
}

/** A timer that must not keep the process alive. */
export function letGo(timer: unknown): void {
  if (hasUnref(timer)) timer.unref();
}

/** Node's timers have it, the browser's (numbers) have not. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}
