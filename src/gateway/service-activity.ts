// What calls to one service did lately (five minutes, unless the options say otherwise), in thirty
// buckets with a bounded, uniform sample of durations each, so that percentiles cost the same
// however many come.

import { CallOutcome, isServiceFailure } from "./call-outcome.ts";
import { gatewayLimits } from "./limits.ts";
import type { ServiceActivity } from "./model.ts";

const BUCKETS = 30;
/** Buckets of what is going on now: a minute of five. */
const NOW_BUCKETS = 6;

/** Calls as they are added: a share of a CallAggregate. */
export interface ActivityCalls {
  readonly outcome: string;
  readonly durationsSeconds: Float64Array;
}

interface Bucket {
  /** Number of spans of a bucket's length since the epoch. */
  readonly span: number;
  calls: number;
  failed: number;
  limited: number;
  /** Durations of calls that were let through, a sample of `seen`. */
  readonly values: number[];
  seen: number;
}

type Summary = Omit<ServiceActivity, "inFlight" | "lastFailedTraceId">;

/** Calls of one service over a window of time. */
export class ActivityWindow {
  readonly #bucketMs: number;
  readonly #random: () => number;
  #buckets: Bucket[] = [];
  #summary: { readonly span: number; readonly summary: Summary } | undefined;

  /** @param random 0 to 1; chooses which durations stand for the others. */
  constructor(windowMs: number, random: () => number = Math.random) {
    this.#bucketMs = windowMs / BUCKETS;
    this.#random = random;
  }

  /** Counts calls as of now. */
  add({ outcome, durationsSeconds }: ActivityCalls, nowMs: number): void {
    const bucket = this.#bucketAt(nowMs);
    const calls = durationsSeconds.length;
    bucket.calls += calls;
    if (isServiceFailure(outcome)) bucket.failed += calls;
    this.#summary = undefined;
    if (outcome === CallOutcome.RateLimited) {
      // Refused within microseconds: they say nothing of how fast the service is.
      bucket.limited += calls;
      return;
    }
    for (const value of durationsSeconds) this.#sample(bucket, value);
  }

  /** All of the window. */
  summary(nowMs: number): Summary {
    const span = Math.floor(nowMs / this.#bucketMs);
    if (this.#summary?.span === span) return this.#summary.summary;
    const summary = this.#summarise(span);
    this.#summary = { span, summary };
    return summary;
  }

  /** Calls and failed calls of the window's last fifth: of the last minute of five. */
  latest(nowMs: number): { readonly calls: number; readonly failed: number } {
    const first = Math.floor(nowMs / this.#bucketMs) - NOW_BUCKETS;
    let calls = 0;
    let failed = 0;
    for (const bucket of this.#buckets) {
      if (bucket.span <= first) continue;
      calls += bucket.calls - bucket.limited;
      failed += bucket.failed;
    }
    return { calls, failed };
  }

  #bucketAt(nowMs: number): Bucket {
    const span = Math.floor(nowMs / this.#bucketMs);
    const newest = this.#buckets.at(-1);
    // A clock that goes back counts into the newest.
    if (newest !== undefined && newest.span >= span) return newest;
    const made = { span, calls: 0, failed: 0, limited: 0, values: [], seen: 0 };
    this.#buckets = [...this.#buckets.filter((bucket) => bucket.span > span - BUCKETS), made];
    return made;
  }

  /** Algorithm R (Vitter, 1985): every duration has the same chance to be kept. */
  #sample(bucket: Bucket, value: number): void {
    const most = gatewayLimits.activityValues.value;
    bucket.seen += 1;
    if (bucket.values.length < most) {
      bucket.values.push(value);
      return;
    }
    const place = Math.floor(this.#random() * bucket.seen);
    if (place < most) bucket.values[place] = value;
  }

  #summarise(span: number): Summary {
    this.#buckets = this.#buckets.filter((bucket) => bucket.span > span - BUCKETS);
    let calls = 0;
    let failed = 0;
    let limited = 0;
    const weighted: { value: number; weight: number }[] = [];
    for (const bucket of this.#buckets) {
      calls += bucket.calls;
      failed += bucket.failed;
      limited += bucket.limited;
      const weight = bucket.seen / Math.max(1, bucket.values.length);
      for (const value of bucket.values) weighted.push({ value, weight });
    }
    weighted.sort((a, b) => a.value - b.value);
    return {
      calls,
      failed,
      limited,
      p50Seconds: quantile(weighted, 0.5),
      p95Seconds: quantile(weighted, 0.95),
    };
  }
}

/** Nearest rank over weighted values in rising order; null without any. */
function quantile(
  weighted: readonly { readonly value: number; readonly weight: number }[],
  share: number,
): number | null {
  let left = share * weighted.reduce((sum, { weight }) => sum + weight, 0);
  for (const { value, weight } of weighted) {
    left -= weight;
    // A rounding error must not push the rank to the next value.
    if (left <= 1e-9) return value;
  }
  return weighted.at(-1)?.value ?? null;
}
