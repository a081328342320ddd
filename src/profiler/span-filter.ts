// Which spans a query means; the same in memory as in a store.

import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";
import type { SpanQuery, SpanRecord } from "./model.ts";

/** Whether a query means this span. */
export function spanMatches(span: SpanRecord, query: SpanQuery): boolean {
  return (
    (query.traceId === undefined || span.traceId === query.traceId) &&
    (query.agentId === undefined || span.agentId === query.agentId) &&
    (query.name === undefined || span.name === query.name) &&
    (query.fromMs === undefined || span.startMs >= query.fromMs) &&
    (query.toMs === undefined || span.startMs < query.toMs)
  );
}

/** The spans that a query means, newest start first. */
export function matchingSpans(spans: Iterable<SpanRecord>, query: SpanQuery): SpanRecord[] {
  const found: SpanRecord[] = [];
  for (const span of spans) if (spanMatches(span, query)) found.push(span);
  return found.sort((a, b) => b.startMs - a.startMs);
}

/**
 * How many spans to give.
 * @throws ProfilerError `profiler.range_invalid`.
 */
export function spanLimit(limit = 100): number {
  if (Number.isInteger(limit) && limit >= 0)
    return Math.min(limit, profilerLimits.queryLimit.value);
  throw new ProfilerError("profiler.range_invalid", `${limit} is no number of spans`);
}
