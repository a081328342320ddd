// What a caller is told about limits: structured fields as in the IETF's draft "RateLimit header
// fields for HTTP" (draft-ietf-httpapi-ratelimit-headers, sections 3 and 4), and Retry-After
// (RFC 9110, section 10.2.3) in whole seconds.

import type { RateLimit } from "./model.ts";
import type { RateLimitDecision } from "./rate-limit-table.ts";

/** One limit that a call was held against. */
export interface AppliedRateLimit {
  /** Names the policy: of the whole service, or of one agent's calls to it. */
  readonly policy: "service" | "agent";
  readonly limit: RateLimit;
  readonly decision: RateLimitDecision;
}

/**
 * Response headers by lower-case name; empty without a limit.
 *
 * The quota is the burst, its window the time in which a used-up burst is whole again: 20 at once
 * and 100 a minute read `"service";q=20;w=12`.
 *
 * @example
 * const decision = { allowed: true, limit: 20, remaining: 19, resetSeconds: 0.6,
 *   retryAfterSeconds: 0 };
 * const limit = { requestsPerMinute: 100, burst: 20 };
 * const headers = rateLimitHeaders([{ policy: "service", limit, decision }]);
 * console.assert(headers["ratelimit"] === '"service";r=19;t=1');
 */
export function rateLimitHeaders(applied: readonly AppliedRateLimit[]): Record<string, string> {
  const pairs = rateLimitPairs(applied);
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    headers[pairs[index] ?? ""] = pairs[index + 1] ?? "";
  }
  return headers;
}

/** The same as names and values in turn; made for every call that has a limit. */
export function rateLimitPairs(applied: readonly AppliedRateLimit[]): string[] {
  if (applied.length === 0) return [];
  let policies = "";
  let states = "";
  let waitSeconds = -1;
  for (const one of applied) {
    const separator = policies === "" ? "" : ", ";
    policies += separator + policyItem(one);
    states += separator + stateItem(one);
    const { allowed, retryAfterSeconds } = one.decision;
    if (!allowed) waitSeconds = Math.max(waitSeconds, retryAfterSeconds);
  }
  const pairs = ["ratelimit-policy", policies, "ratelimit", states];
  if (waitSeconds >= 0) pairs.push("retry-after", String(wholeSeconds(waitSeconds)));
  return pairs;
}

/** Seconds as Retry-After says them: whole, never 0, so that a caller never comes too early. */
export function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

function policyItem({ policy, limit }: AppliedRateLimit): string {
  const { requestsPerMinute, burst } = limit;
  if (!(requestsPerMinute > 0)) return `"${policy}";q=0;w=60`;
  return `"${policy}";q=${burst};w=${wholeSeconds((burst * 60) / requestsPerMinute)}`;
}

function stateItem({ policy, decision }: AppliedRateLimit): string {
  return `"${policy}";r=${decision.remaining};t=${Math.ceil(decision.resetSeconds)}`;
}
