// The health score, and where its missing points went. The weights are those of the system this
// grew from: 20 per critical, 10 per error, 5 per warning, half a point per percent of CPU or
// memory above 80. They are taken per cause, so that one outage costs its points once.

import type { Cause, HealthScore, LostPoints } from "./model.ts";
import type { HostUsage } from "./ports.ts";

const POINTS_PER_LEVEL = { critical: 20, error: 10, warning: 5, info: 0 } as const;
const USAGE_FREE_PERCENT = 80;
const POINTS_PER_PERCENT = 0.5;

/** Scores a fleet from 0 to 100; `lost` is sorted by points, most first. */
export function scoreHealth(causes: readonly Cause[], host: HostUsage | null): HealthScore {
  const costly = causes.filter((cause) => POINTS_PER_LEVEL[cause.level] > 0);
  const lost: LostPoints[] = costly.map((cause) => ({
    points: POINTS_PER_LEVEL[cause.level],
    reason: cause.text,
    causeId: cause.id,
  }));
  if (host !== null) {
    lost.push(...usageLoss("CPU", host.cpuPercent), ...usageLoss("memory", host.memoryPercent));
  }
  lost.sort((a, b) => b.points - a.points);
  const total = lost.reduce((sum, entry) => sum + entry.points, 0);
  return { score: Math.max(0, Math.round(100 - total)), lost };
}

function usageLoss(name: string, percent: number): LostPoints[] {
  const over = percent - USAGE_FREE_PERCENT;
  if (over <= 0) return [];
  const points = Math.round(over * POINTS_PER_PERCENT * 10) / 10;
  const reason = `This machine's ${name} is at ${Math.round(percent)}%`;
  return [{ points, reason, causeId: null }];
}
