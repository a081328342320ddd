// Which stretch of time the charts show: a preset that follows the clock, or a fixed range from a
// brush or a link. The range lives in the page's address, so a link shows what its sender saw.

/** Presets offered in the top bar. */
export const RANGE_PRESETS = ["15m", "1h", "6h", "24h", "7d"] as const;
export type RangePreset = (typeof RANGE_PRESETS)[number];

/** A preset, or a fixed stretch of time. */
export type TimeRange =
  | { readonly kind: "preset"; readonly preset: RangePreset }
  | { readonly kind: "fixed"; readonly fromMs: number; readonly toMs: number };

/** A range applied to a clock: bucket-aligned bounds and the bucket's length. */
export interface ResolvedRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

export const DEFAULT_PRESET: RangePreset = "15m";

const PRESET_MS: Readonly<Record<RangePreset, number>> = {
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
};

/** Bucket lengths that divide a minute, an hour or a day evenly. */
const STEPS_MS = [
  5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600,
].map((seconds) => seconds * 1000);

/** About as many buckets as a quarter-width chart has room for lines. */
const BUCKETS_WANTED = 60;

const SHORTEST_MS = 30_000;

/** The least that a chart of young data spans, so that its first samples are a line. */
const YOUNGEST_MS = 60_000;

/** Buckets of young data are at least this long: a rate over less jumps with every event. */
const YOUNG_STEP_MS = 10_000;

/** Reads `range=1h` or `from=..&to=..`; anything else is the default. */
export function parseRange(query: URLSearchParams): TimeRange {
  const fromMs = Number(query.get("from") ?? Number.NaN);
  const toMs = Number(query.get("to") ?? Number.NaN);
  if (Number.isFinite(fromMs) && Number.isFinite(toMs) && toMs > fromMs) {
    return { kind: "fixed", fromMs, toMs: Math.max(toMs, fromMs + SHORTEST_MS) };
  }
  const preset = RANGE_PRESETS.find((name) => name === query.get("range"));
  return { kind: "preset", preset: preset ?? DEFAULT_PRESET };
}

/** The query parameters that stand for a range; null removes one. */
export function rangeQuery(range: TimeRange): Readonly<Record<string, string | null>> {
  if (range.kind === "preset") {
    const name = range.preset === DEFAULT_PRESET ? null : range.preset;
    return { range: name, from: null, to: null };
  }
  return {
    range: null,
    from: String(Math.round(range.fromMs)),
    to: String(Math.round(range.toMs)),
  };
}

/**
 * Bounds for a query; they move one bucket at a time, so a redraw never shifts old buckets.
 * @param stepMinMs length of the shortest bucket that can be answered
 */
export function resolveRange(range: TimeRange, nowMs: number, stepMinMs = 0): ResolvedRange {
  const lengthMs = range.kind === "preset" ? PRESET_MS[range.preset] : range.toMs - range.fromMs;
  const stepMs = Math.max(stepMinMs, stepFor(lengthMs));
  const endMs = range.kind === "preset" ? nowMs : range.toMs;
  const toMs = Math.ceil(endMs / stepMs) * stepMs;
  const fromMs = range.kind === "preset" ? toMs - lengthMs : range.fromMs;
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs, stepMs };
}

/**
 * The same for data that began at `sinceMs`: a preset longer than that starts with the data and
 * takes finer buckets, because fourteen empty minutes before the first one say nothing.
 */
export function resolveYoungRange(
  range: TimeRange,
  nowMs: number,
  sinceMs: number | null,
  stepMinMs = 0,
): ResolvedRange {
  const whole = resolveRange(range, nowMs, stepMinMs);
  if (range.kind === "fixed" || sinceMs === null || sinceMs <= whole.fromMs) return whole;
  const ageMs = Math.max(YOUNGEST_MS, nowMs - sinceMs);
  const stepMs = Math.min(whole.stepMs, Math.max(YOUNG_STEP_MS, stepMinMs, stepFor(ageMs)));
  const toMs = Math.ceil(nowMs / stepMs) * stepMs;
  const fromMs = Math.floor((nowMs - ageMs) / stepMs) * stepMs;
  return { fromMs: Math.max(whole.fromMs, fromMs), toMs, stepMs };
}

/** The bucket length that gives about 60 buckets. */
export function stepFor(lengthMs: number): number {
  const wantedMs = lengthMs / BUCKETS_WANTED;
  return STEPS_MS.find((stepMs) => stepMs >= wantedMs) ?? 86_400_000;
}
