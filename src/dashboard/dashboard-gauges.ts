// The dashboard as metrics: health and firing alerts, recorded at every refresh.

import type { SeriesHandle, Telemetry } from "../core/index.ts";
import { AlertLevel } from "./alert.ts";
import type { AlertCounts } from "./model.ts";

/** Health, 0 to 100. */
export const HEALTH_METRIC = "system_health_score";
/** Alerts that fire, by level. */
export const ALERTS_FIRING_METRIC = "alerts_firing";
/** One sample of 1 for each alert that is raised, by level and rule. */
export const ALERTS_RAISED_METRIC = "alerts_raised";

/** Records what the dashboard sees. */
export class DashboardGauges {
  readonly #health: SeriesHandle;
  readonly #firing: ReadonlyMap<AlertLevel, SeriesHandle>;

  constructor(namespace: string, telemetry: Telemetry) {
    this.#health = telemetry.series({ namespace, metric: HEALTH_METRIC });
    this.#firing = new Map(
      Object.values(AlertLevel).map((level) => [
        level,
        telemetry.series({ namespace, metric: ALERTS_FIRING_METRIC, labels: { level } }),
      ]),
    );
  }

  record(health: number, { firing }: AlertCounts): void {
    this.#health.record(health);
    for (const [level, series] of this.#firing) series.record(firing[level]);
  }
}
