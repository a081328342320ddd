// Durations in configuration are numbers of the option's unit or strings such as "60s".

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Parses `"250ms"`, `"60s"`, `"1h30m"`, `"30d"` into milliseconds; undefined when it is no duration.
 */
export function parseDurationMs(text: string): number | undefined {
  const pattern = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy;
  let totalMs = 0;
  let consumed = 0;
  for (const match of text.trim().matchAll(pattern)) {
    totalMs += Number(match[1]) * (UNITS_MS[match[2] ?? ""] ?? Number.NaN);
    consumed += match[0].length;
  }
  const isWhole = consumed > 0 && consumed === text.trim().length;
  return isWhole && Number.isFinite(totalMs) ? totalMs : undefined;
}

/** Says a duration the way people do: `"14 min"`, `"40 s"`, `"2 h 5 min"`, `"3 d"`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}
