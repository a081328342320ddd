// What a rate limit may be, and what is meant when only half of it is said.

import { GatewayError } from "./errors.ts";
import { gatewayLimits } from "./limits.ts";
import type { RateLimit } from "./model.ts";

/** Share of a minute that may come at once when no burst is given: ten seconds' worth. */
const BURST_SHARE = 6;

/**
 * A checked rate limit.
 *
 * @param requestsPerMinute sustained rate; 0 lets nothing pass.
 * @param burst how many may come at once from rest.
 * @default burst ten seconds' worth of the rate, at least 1.
 * @throws GatewayError `gateway.limit_invalid`.
 * @example
 * console.assert(rateLimitOf(100).burst === 17);
 */
export function rateLimitOf(requestsPerMinute: number, burst?: number | null): RateLimit {
  const most = gatewayLimits.requestsPerMinute.value;
  if (!(requestsPerMinute >= 0 && requestsPerMinute <= most)) {
    throw new GatewayError(
      "gateway.limit_invalid",
      `requestsPerMinute is ${requestsPerMinute}: it must lie between 0 and ${most}`,
    );
  }
  const usual = Math.max(1, Math.ceil(requestsPerMinute / BURST_SHARE));
  const wanted = burst ?? usual;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > most) {
    throw new GatewayError(
      "gateway.limit_invalid",
      `burst is ${wanted}: it must be a whole number from 1 to ${most}; to let nothing pass, set ` +
        "requestsPerMinute to 0",
    );
  }
  return { requestsPerMinute, burst: wanted };
}
