// How long to wait before trying again: exponential with full jitter (Brooker, "Exponential
// Backoff and Jitter", AWS Architecture Blog, 2015), never sooner than the server asked for.

const FIRST_MS = 200;
const MOST_MS = 5000;

/**
 * Milliseconds before the next try.
 * @param failures how many tries have failed in a row, from 1.
 * @param retryAfterMs the server's Retry-After; jitter is added on top, so that a fleet does not
 *   come back in one instant.
 * @param random a number in [0, 1).
 */
export function backoffMs(
  failures: number,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  if (retryAfterMs !== undefined) return retryAfterMs + random() * FIRST_MS;
  return ceiling / 4 + random() * ceiling * 0.75;
}

/**
 * Milliseconds a `Retry-After` header asks for (RFC 9110, section 10.2.3: seconds or a date);
 * undefined when there is none that can be read.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
