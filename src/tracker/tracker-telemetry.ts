// A tracker as the port through which the other components measure: what each of them does by
// itself becomes samples here.

import type { RecentStatistics, SeriesHandle, SeriesKey, Telemetry } from "../core/index.ts";

/** What the port needs of a tracker. */
interface Measured {
  series(key: SeriesKey): SeriesHandle;
  recent(agentId: string, metric?: string): Readonly<Record<string, RecentStatistics>>;
}

/** The port to a tracker. */
export function telemetryOf(tracker: Measured): Telemetry {
  return {
    series: (key) => tracker.series(key),
    recent: (_namespace, agentId, metric) => tracker.recent(agentId, metric),
    // Samples say nothing about presence; communication knows its agents' output first-hand.
    activity: () => undefined,
  };
}
