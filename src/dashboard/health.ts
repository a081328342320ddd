// The health score, and where its missing points went. The weights are those of the system this
// grew from: 20 per critical, 10 per error, 5 per warning, half a point per percent of CPU or
// memory above 80. They are taken per cause, so that one outage costs its points once: a busy
// machine costs its percents or its alert, whichever is more, a service that fails and is slow
// costs what failing costs, and a source that says many things costs its worst. That somebody has taken a cause on makes nothing healthier.

import type { Cause, HealthScore, LostPoints } from "./model.ts";
import type { HostUsage } from "./ports.ts";

const POINTS_PER_LEVEL = { critical: 20, error: 10, warning: 5, info: 0 } as const;
const USAGE_FREE_PERCENT = 80;
const POINTS_PER_PERCENT = 0.5;

/**
 * Scores a fleet from 0 to 100; `lost` is sorted by points, most first.
 * @param sourceOf who said it, of a cause that somebody said; null of what was found.
 */
export function scoreHealth(
  causes: readonly Cause[],
  host: HostUsage | null,
  sourceOf: (cause: Cause) => string | null = () => null,
): HealthScore {
  const outages = new Map<string, LostPoints>();
  const usage = [
    usageLoss("host_cpu:host", "CPU", host?.cpuPercent ?? 0),
    usageLoss("host_memory:host", "memory", host?.memoryPercent ?? 0),
  ];
  const costly = causes.map((cause) => ({
    points: POINTS_PER_LEVEL[cause.level],
    reason: cause.text,
    causeId: cause.id,
    outage: outageOf(cause, sourceOf(cause)),
  }));
  for (const { outage, ...lost } of [...costly, ...usage]) {
    const known = outages.get(outage);
    if (lost.points <= 0) continue;
    if (known === undefined) outages.set(outage, lost);
    else if (lost.points > known.points) {
      outages.set(outage, { ...lost, causeId: lost.causeId ?? known.causeId });
    }
  }
  const lost = [...outages.values()].sort((a, b) => b.points - a.points);
  const total = lost.reduce((sum, entry) => sum + entry.points, 0);
  return { score: Math.max(0, Math.round(100 - total)), lost };
}

/** Causes of the same outage cost once. */
function outageOf(cause: Cause, source: string | null): string {
  if (source !== null) return `source:${source}`;
  const service = cause.actions.find((action) => action.serviceId !== undefined)?.serviceId;
  return service === undefined ? cause.id : `service:${service}`;
}

function usageLoss(outage: string, name: string, percent: number): LostPoints & { outage: string } {
  const over = Math.max(0, percent - USAGE_FREE_PERCENT);
  const points = Math.round(over * POINTS_PER_PERCENT * 10) / 10;
  const reason = `This machine's ${name} is at ${Math.round(percent)}%`;
  return { points, reason, causeId: null, outage };
}
