// Numbers, durations and instants as people read them; the same words on every page.

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time in at most two units: "40 s", "14 min", "2 h 5 min", "3 d 4 h". */
export function formatAge(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return twoUnits(ms, HOUR_MS, "h", MINUTE_MS, "min");
  return twoUnits(ms, DAY_MS, "d", HOUR_MS, "h");
}

function twoUnits(
  ms: number,
  largeMs: number,
  large: string,
  smallMs: number,
  small: string,
): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  const whole = `${Math.floor(ms / largeMs)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

/** A measured time with sensible precision: "0.8 ms", "240 ms", "1.9 s", "1 min 40 s", "14 min". */
export function formatSeconds(seconds: number): string {
  const magnitude = Math.abs(seconds);
  if (magnitude === 0) return "0 s";
  if (magnitude < 0.01) return `${trimmed(seconds * 1000, 1)} ms`;
  if (magnitude < 1) return `${Math.round(seconds * 1000)} ms`;
  if (magnitude < 100) return `${trimmed(seconds, magnitude < 10 ? 1 : 0)} s`;
  if (magnitude < 600) return twoUnits(seconds * SECOND_MS, MINUTE_MS, "min", SECOND_MS, "s");
  return formatAge(seconds * SECOND_MS);
}

/** Dollars: "$1.83", "$1,204", "<$0.01". */
export function formatUsd(dollars: number): string {
  if (dollars > 0 && dollars < 0.01) return "<$0.01";
  const digits = Math.abs(dollars) >= 1000 ? 0 : 2;
  const text = Math.abs(dollars).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${dollars < 0 ? "-" : ""}$${text}`;
}

/**
 * Dollars since an instant; undefined when none are known, and within the first minute, because
 * costs are summed by whole minutes.
 */
export function costSince(
  dollars: number | null,
  sinceMs: number,
  nowMs: number,
): string | undefined {
  return dollars === null || nowMs - sinceMs < MINUTE_MS ? undefined : formatUsd(dollars);
}

/** A ratio of 0 to 1 as percent: "0%", "0.4%", "12%". */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.1) return "<0.1%";
  return `${trimmed(percent, percent < 10 ? 1 : 0)}%`;
}

/** A count with thousands separators. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Any value in at most four significant digits: "1,204", "12.5", "0.031", "2.1M", "1e-6". */
export function formatValue(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e9) return `${trimmed(value / 1e9, 1)}G`;
  if (magnitude >= 1e6) return `${trimmed(value / 1e6, 1)}M`;
  if (magnitude >= 1000) return formatCount(value);
  if (magnitude >= 100) return trimmed(value, 0);
  if (magnitude >= 1 || magnitude === 0) return trimmed(value, magnitude >= 10 ? 1 : 2);
  if (magnitude < 1e-4) return value.toExponential(0);
  return String(Number(value.toPrecision(2)));
}

/** Bytes in binary units: "512 B", "38 MiB", "1.2 GiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trimmed(value, value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Local time of day, 24 h: "12:04:10"; of another day than now, with its date: "22 Nov 12:04". */
export function formatTime(atMs: number, nowMs: number, withSeconds = true): string {
  const at = new Date(atMs);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() !== new Date(nowMs).toDateString()) {
    return `${formatDay(atMs)} ${clock}`;
  }
  return withSeconds ? `${clock}:${two(at.getSeconds())}` : clock;
}

/** The local day of an instant: "22 Nov". */
export function formatDay(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** "1 agent", "14 agents". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Names in a sentence: "a", "a and b", "a, b and 3 more". */
export function nameList(names: readonly string[], atMost = 3): string {
  if (names.length <= 1) return names[0] ?? "";
  const shown = names.length > atMost ? names.slice(0, atMost - 1) : names.slice(0, -1);
  const last =
    names.length > atMost ? `${names.length - shown.length} more` : names[names.length - 1];
  return `${shown.join(", ")} and ${last}`;
}
