// How a call ended, in few words, so that series stay few. The gateway's own refusals and a
// provider's stand apart: only the first say anything about the limits that were set here.

/** What stands in a series' label, where the class of a status (`2xx`, `4xx`) is not enough. */
export const CallOutcome = {
  /** Refused by a rate limit of the gateway; it never reached its service. */
  RateLimited: "429",
  /** The service itself answered 429: it does not do what was asked of it. */
  UpstreamRateLimited: "upstream_429",
  /** The caller was gone before the answer. */
  CallerGone: "499",
  /** Answered 5xx, not answered, or cut. */
  Failed: "5xx",
} as const;

const CLASSES: readonly string[] = [CallOutcome.Failed, "1xx", "2xx", "3xx", "4xx"];

/** @param code of the gateway's own answer; null for an upstream's. */
export function outcomeOf(status: number, code: string | null): string {
  if (isRateLimited({ code })) return CallOutcome.RateLimited;
  if (status === 429) return CallOutcome.UpstreamRateLimited;
  if (status === 499) return CallOutcome.CallerGone;
  // An answer that began well and broke off has failed, whatever its head said.
  if (code !== null && status < 400) return CallOutcome.Failed;
  return CLASSES[Math.floor(status / 100)] ?? CallOutcome.Failed;
}

/** Whether calls that ended so speak against their service. */
export function isServiceFailure(outcome: string): boolean {
  return outcome === CallOutcome.Failed || outcome === CallOutcome.UpstreamRateLimited;
}

/** Whether a limit of the gateway refused a call. */
export function isRateLimited({ code }: { readonly code: string | null }): boolean {
  return code === "gateway.rate_limited";
}
