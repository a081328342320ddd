// Timed calls and custom metrics, summed up. Pure; percentiles are exact (nearest rank).

import type {
  FunctionSummary,
  ProfilingMetric,
  ProfilingMetricSummary,
  ProfilingSummary,
} from "./model.ts";
import type { Span } from "./span.ts";

/** An interval of time; from inclusive, to exclusive. */
export interface TimeRange {
  /** Milliseconds since the Unix epoch. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** What is summed up. */
export interface SummarySource {
  readonly spans: Iterable<Span>;
  readonly metrics: Iterable<ProfilingMetric>;
  /** Spans that started later than this are all there. */
  readonly completeAfterMs: number;
  readonly nowMs: number;
}

interface Calls {
  readonly durations: number[];
  failed: number;
}

/** Sums up what started within a range, of one agent, of the server itself (null), or of all. */
export function summarize(
  source: SummarySource,
  range: TimeRange,
  agentId: string | null | undefined,
): ProfilingSummary {
  const fromMs = range.fromMs ?? Number.NEGATIVE_INFINITY;
  const toMs = range.toMs ?? Number.POSITIVE_INFINITY;
  const isMeant = (atMs: number, of: string | null): boolean =>
    atMs >= fromMs && atMs < toMs && (agentId === undefined || of === agentId);
  const calls = new Map<string, Calls & { readonly first: Span }>();
  let spans = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const span of source.spans) {
    if (!isMeant(span.startMs, span.batch.agentId)) continue;
    spans += 1;
    oldestMs = Math.min(oldestMs, span.startMs);
    const key = JSON.stringify([span.batch.agentId, span.kind, span.batch.name]);
    let found = calls.get(key);
    if (found === undefined) calls.set(key, (found = { first: span, durations: [], failed: 0 }));
    found.durations.push(span.durationMs);
    if (!span.ok) found.failed += 1;
  }
  const metrics = [...source.metrics].filter((one) => isMeant(one.atMs, one.agentId));
  const covered = Math.max(fromMs, source.completeAfterMs);
  return {
    fromMs: Number.isFinite(covered) ? covered : Math.min(oldestMs, source.nowMs),
    toMs: Math.min(toMs, source.nowMs),
    spans,
    functions: [...calls.values()]
      .map(({ first, durations, failed }) => summarizeCalls(first, durations, failed))
      .sort((a, b) => b.totalMs - a.totalMs),
    metrics: summarizeMetrics(metrics),
  };
}

function summarizeCalls(first: Span, durations: number[], failed: number): FunctionSummary {
  const sorted = Float64Array.from(durations).sort();
  const totalMs = sorted.reduce((sum, duration) => sum + duration, 0);
  const rank = (percent: number): number =>
    sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  return {
    name: first.batch.name,
    kind: first.kind,
    agentId: first.batch.agentId,
    count: sorted.length,
    failed,
    totalMs,
    avgMs: totalMs / sorted.length,
    minMs: sorted[0] ?? 0,
    maxMs: sorted.at(-1) ?? 0,
    p50Ms: rank(50),
    p95Ms: rank(95),
    p99Ms: rank(99),
  };
}

/** @param metrics in order of recording. */
function summarizeMetrics(metrics: readonly ProfilingMetric[]): ProfilingMetricSummary[] {
  const found = new Map<string, ProfilingMetricSummary>();
  for (const { name, unit, agentId, value } of metrics) {
    const key = JSON.stringify([name, unit, agentId]);
    const before = found.get(key);
    const count = (before?.count ?? 0) + 1;
    const sum = (before?.sum ?? 0) + value;
    found.set(key, {
      name,
      unit,
      agentId,
      count,
      sum,
      avg: sum / count,
      min: Math.min(before?.min ?? value, value),
      max: Math.max(before?.max ?? value, value),
      latest: value,
    });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
