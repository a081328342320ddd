// What both halves of `cellphone services` say alike.

import type { RateLimit } from "../../gateway/index.ts";

/** Where a service is on the control plane. */
export function servicePath(id: string): string {
  return `/api/v1/services/${encodeURIComponent(id)}`;
}

/** `100/min, burst 20`. */
export function limitWords(limit: RateLimit | null): string {
  return limit === null ? "–" : `${limit.requestsPerMinute}/min, burst ${limit.burst}`;
}
