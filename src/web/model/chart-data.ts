// From stored series to the columns a chart draws. A bucket without samples stays a gap, except
// where a count's absence is known to mean zero.

import type { ResolvedRange } from "./time-range.ts";
import type { SeriesPoints } from "./wire.ts";

/** One line of a chart; values run parallel to the chart's times, null where nothing is known. */
export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** What a chart draws. */
export interface ChartData {
  /** Bucket starts in seconds, as uPlot wants them. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
}

/** Lines a chart can tell apart; what is left becomes "others". */
export const LINES_MAX = 5;

/** Starts of all buckets of a range, in milliseconds. */
export function bucketStarts(range: ResolvedRange): readonly number[] {
  const starts: number[] = [];
  for (let atMs = range.fromMs; atMs < range.toMs; atMs += range.stepMs) starts.push(atMs);
  return starts;
}

/** The earliest instant that any series knows; null when none knows anything. */
export function firstSampleMs(series: readonly SeriesPoints[]): number | null {
  let first: number | null = null;
  for (const { points } of series) {
    for (const [atMs] of points) if (first === null || atMs < first) first = atMs;
  }
  return first;
}

/** Puts a series' points into the buckets of a range. */
export function alignPoints(
  points: SeriesPoints["points"],
  range: ResolvedRange,
): (number | null)[] {
  const values = bucketStarts(range).map((): number | null => null);
  for (const [atMs, value] of points) {
    const index = Math.floor((atMs - range.fromMs) / range.stepMs);
    if (index >= 0 && index < values.length) values[index] = value;
  }
  return values;
}

/** Fills gaps with zero between two instants: while a server ran, no count means none. */
export function zeroGaps(
  values: readonly (number | null)[],
  range: ResolvedRange,
  fromMs: number,
  toMs: number,
): (number | null)[] {
  return values.map((value, index) => {
    if (value !== null) return value;
    const startMs = range.fromMs + index * range.stepMs;
    return startMs >= fromMs && startMs < toMs ? 0 : null;
  });
}

/** A bucket that has run less than this share of its length says too little about a rate. */
const RATE_SHARE_MIN = 0.25;

/**
 * Turns amounts per bucket into rates. The bucket that is still running is divided by the time it
 * has run, so that a line does not fall at its end only because a minute has just begun.
 */
export function rates(
  values: readonly (number | null)[],
  range: ResolvedRange,
  nowMs: number,
  perMs: number,
): (number | null)[] {
  return values.map((value, index) => {
    if (value === null) return null;
    const startMs = range.fromMs + index * range.stepMs;
    const ranMs = Math.min(range.stepMs, nowMs - startMs);
    if (ranMs >= range.stepMs * RATE_SHARE_MIN) return (value * perMs) / ranMs;
    const hasPrevious = (values[index - 1] ?? null) !== null;
    return hasPrevious ? null : (value * perMs) / (range.stepMs * RATE_SHARE_MIN);
  });
}

/** Amounts per bucket without the one that is still running, which would look like a fall. */
export function withoutRunning(
  values: readonly (number | null)[],
  range: ResolvedRange,
  nowMs: number,
): (number | null)[] {
  return values.map((value, index) =>
    range.fromMs + (index + 1) * range.stepMs > nowMs ? null : value,
  );
}

/** Adds lines up; a bucket is a gap only where all of them have one. */
export function summed(lines: readonly (readonly (number | null)[])[]): (number | null)[] {
  const length = Math.max(0, ...lines.map((line) => line.length));
  return Array.from({ length }, (_, index) => {
    let total: number | null = null;
    for (const line of lines) {
      const value = line[index];
      if (value !== null && value !== undefined) total = (total ?? 0) + value;
    }
    return total;
  });
}

/** Keeps the largest lines and folds the others into one, so that every line has its own look. */
export function limitLines(lines: readonly ChartLine[], atMost = LINES_MAX): readonly ChartLine[] {
  if (lines.length <= atMost) return lines;
  const bySize = [...lines].sort((a, b) => total(b) - total(a));
  const kept = new Set(bySize.slice(0, atMost));
  const others = bySize.slice(atMost).map((line) => line.values);
  return [...lines.filter((line) => kept.has(line)), { label: "others", values: summed(others) }];
}

function total(line: ChartLine): number {
  return line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** Groups per-agent series into one line per kind. */
export function linesByKind(
  series: readonly SeriesPoints[],
  kindOf: (agentId: string) => string,
  range: ResolvedRange,
): readonly ChartLine[] {
  const byKind = new Map<string, (number | null)[][]>();
  for (const one of series) {
    const kind = one.agentId === null ? "no agent" : kindOf(one.agentId);
    const aligned = alignPoints(one.points, range);
    byKind.set(kind, [...(byKind.get(kind) ?? []), aligned]);
  }
  return [...byKind]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, columns]) => ({ label, values: summed(columns) }));
}

/** One line per value of a label, in the order of the values. */
export function linesByLabel(
  series: readonly SeriesPoints[],
  label: string,
  range: ResolvedRange,
): readonly ChartLine[] {
  return series
    .map((one) => ({ label: one.labels[label] || "none", values: alignPoints(one.points, range) }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** One aligned line of one answer; all gaps when nothing was found. */
export function lineOf(
  label: string,
  answer: readonly SeriesPoints[] | undefined,
  range: ResolvedRange,
): ChartLine {
  return { label, values: alignPoints(answer?.[0]?.points ?? [], range) };
}

/**
 * Done and failed per minute, from the count and the sum of outcomes of 1 and 0. A bucket without
 * outcomes is zero from the instant the server began to count until now.
 */
export function outcomeLines(
  answers: readonly (readonly SeriesPoints[])[] | undefined,
  range: ResolvedRange,
  countedFromMs: number | null,
  nowMs: number,
): readonly ChartLine[] {
  const [count, sum] = answers ?? [];
  if ((count?.[0]?.points.length ?? 0) === 0) return [];
  const known = (answer: readonly SeriesPoints[] | undefined): (number | null)[] =>
    zeroGaps(alignPoints(answer?.[0]?.points ?? [], range), range, countedFromMs ?? nowMs, nowMs);
  const done = known(sum);
  const failed = known(count).map((ended, index) =>
    ended === null ? null : ended - (done[index] ?? 0),
  );
  return [
    { label: "done", values: rates(done, range, nowMs, 60_000) },
    { label: "failed", values: rates(failed, range, nowMs, 60_000) },
  ];
}

/** Indices of values with a gap on both sides: a line cannot show them, a dot does. */
export function isolatedPoints(values: readonly (number | null | undefined)[]): number[] {
  const isolated: number[] = [];
  for (const [index, value] of values.entries()) {
    if (value === null || value === undefined) continue;
    const before = values[index - 1] ?? null;
    const after = values[index + 1] ?? null;
    if (before === null && after === null) isolated.push(index);
  }
  return isolated;
}

/** The last known value of a line and its index. */
export function lastKnown(
  values: readonly (number | null | undefined)[],
): { readonly index: number; readonly value: number } | undefined {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index];
    if (value !== null && value !== undefined) return { index, value };
  }
  return undefined;
}

/** Moves label positions apart so that none overlaps; keeps their order. */
export function spreadLabels(
  positions: readonly number[],
  gap: number,
  top: number,
  bottom: number,
): readonly number[] {
  const order = positions.map((_, index) => index);
  order.sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const placed = [...positions];
  let floor = top;
  for (const index of order) {
    placed[index] = Math.max(placed[index] ?? 0, floor);
    floor = (placed[index] ?? 0) + gap;
  }
  let ceiling = bottom;
  for (const index of order.toReversed()) {
    placed[index] = Math.min(placed[index] ?? 0, ceiling);
    ceiling = (placed[index] ?? 0) - gap;
  }
  return placed;
}
