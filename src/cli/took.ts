// How long something took, as short as it can be told: `38 ms`, `1.42 s`, `2 min`.

import { formatDuration } from "../core/index.ts";

/** @param durationMs milliseconds */
export function formatTook(durationMs: number): string {
  if (durationMs < 10) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(2)} s`;
  return formatDuration(durationMs);
}
