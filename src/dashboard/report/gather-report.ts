// Gathers a report from what the dashboard has at hand.

import { CHARTED_FIRST } from "../dashboard-views.ts";
import type { DashboardViews } from "../dashboard-views.ts";
import { dashboardLimits } from "../limits.ts";
import type { ReportData, ReportExtras } from "./report-data.ts";

/** Everything the report shows. */
export async function gatherReport(
  views: DashboardViews,
  range: { readonly fromMs: number; readonly toMs: number },
  externalUrl: string,
  extras: ReportExtras = {},
): Promise<ReportData> {
  const { summary, tiles, services, alerts } = views.parts;
  const [system, charts, found] = await Promise.all([
    views.system(range),
    views.charts(range, CHARTED_FIRST),
    // One more than is listed tells that there are more.
    alerts.find({ ...range, limit: dashboardLimits.reportRows.value + 1 }),
  ]);
  const { kpis = [], profiles = [] } = extras;
  return {
    ...range,
    summary: summary(),
    system,
    agents: tiles(),
    services: services(),
    alerts: found,
    charts,
    kpis,
    profiles,
    externalUrl,
  };
}
