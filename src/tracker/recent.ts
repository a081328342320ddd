// How an agent does right now, from memory alone: ranking and presence ask often.

import type { RecentStatistics } from "../core/index.ts";
import { trackerLimits } from "./limits.ts";
import type { MinuteStatistics, Series } from "./series.ts";

interface Totals {
  count: number;
  sum: number;
  min: number;
  max: number;
  latest: number;
  latestAtMs: number;
}

/** Statistics by metric over the minutes that touch the last five. */
export function recentStatistics(
  seriesOfAgent: Iterable<Series>,
  nowMs: number,
): Record<string, RecentStatistics> {
  const fromMs = nowMs - trackerLimits.recentWindowMs.value;
  const totals = new Map<string, Totals>();
  for (const series of seriesOfAgent) {
    for (const minute of series.recent) addMinute(totals, series, minute, fromMs);
    const { count, sum, min, max } = series.sketch;
    const open = { minuteMs: series.minuteMs, count, sum, min, max };
    if (count > 0) addMinute(totals, series, open, fromMs);
  }
  const statistics: Record<string, RecentStatistics> = {};
  for (const [metric, { count, sum, min, max, latest }] of totals) {
    statistics[metric] = { count, min, max, avg: sum / count, latest };
  }
  return statistics;
}

function addMinute(
  totals: Map<string, Totals>,
  series: Series,
  minute: MinuteStatistics,
  fromMs: number,
): void {
  if (minute.minuteMs <= fromMs) return;
  const { metric } = series.identity;
  let total = totals.get(metric);
  if (total === undefined) {
    const [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    total = { count: 0, sum: 0, min, max, latest: Number.NaN, latestAtMs: max };
    totals.set(metric, total);
  }
  total.count += minute.count;
  total.sum += minute.sum;
  total.min = Math.min(total.min, minute.min);
  total.max = Math.max(total.max, minute.max);
  if (series.lastAtMs >= total.latestAtMs) {
    total.latest = series.last;
    total.latestAtMs = series.lastAtMs;
  }
}
