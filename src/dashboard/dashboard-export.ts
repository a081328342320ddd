// Everything the dashboard knows of a namespace as one JSON document, version 1.

import { WholeFileError, writeWholeFile } from "../files/index.ts";

import type { Alert } from "./alert.ts";
import type { AlertDesk } from "./alert-desk.ts";
import type { ViewParts } from "./dashboard-views.ts";
import { DashboardError } from "./errors.ts";
import { dashboardLimits } from "./limits.ts";
import type { AgentTile, FeedEvent, OverviewSummary } from "./model.ts";
import type { ServiceDigest } from "./ports.ts";
import type { AlertRuleView } from "./rules/rule.ts";

/** The exported document. */
export interface DashboardExport {
  readonly exportedAt: string;
  readonly format: "agent-cellphone/dashboard";
  readonly version: 1;
  readonly namespace: string;
  readonly summary: OverviewSummary;
  readonly agents: readonly AgentTile[];
  readonly services: readonly ServiceDigest[];
  /** Firing first, then the newest; all that are kept. */
  readonly alerts: readonly Alert[];
  readonly rules: readonly AlertRuleView[];
  /** Oldest first; all that are kept. */
  readonly events: readonly FeedEvent[];
}

/** The document as of now. */
export async function gatherExport(
  { namespace, nowMs, summary, tiles, services, rules, alerts }: ViewParts,
  events: Parameters<typeof allEvents>[0],
): Promise<DashboardExport> {
  return {
    exportedAt: new Date(nowMs()).toISOString(),
    format: "agent-cellphone/dashboard",
    version: 1,
    namespace,
    summary: summary(),
    agents: tiles(),
    services: services(),
    alerts: await allAlerts(alerts),
    rules: rules(),
    events: await allEvents(events),
  };
}

/** All alerts that are kept, page by page. */
async function allAlerts(desk: AlertDesk): Promise<readonly Alert[]> {
  const limit = dashboardLimits.alertsPerQuery.value;
  // By id: one that changes its state between two pages stands on both, the second time as it is.
  const found = new Map<string, Alert>();
  for (const state of ["firing", "queued", "resolved"] as const) {
    let page = await desk.find({ state, limit });
    for (let after = page.at(-1); after !== undefined; after = page.at(-1)) {
      for (const alert of page) found.set(alert.id, alert);
      page = await desk.find({ state, after, limit });
    }
  }
  return [...found.values()];
}

/** All lines of the feed that are kept, page by page. */
async function allEvents(
  read: (query: {
    readonly afterId: number;
    readonly limit: number;
  }) => Promise<readonly FeedEvent[]>,
): Promise<readonly FeedEvent[]> {
  const limit = 1000;
  const events: FeedEvent[] = [];
  for (;;) {
    const page = await read({ afterId: events.at(-1)?.id ?? 0, limit });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/** @throws DashboardError `dashboard.export_failed`. */
export async function writeExport(path: string, document: DashboardExport): Promise<void> {
  try {
    await writeWholeFile(path, [`${JSON.stringify(document, null, 2)}\n`]);
  } catch (cause) {
    if (!(cause instanceof WholeFileError)) throw cause;
    throw new DashboardError("dashboard.export_failed", cause.message, { cause });
  }
}
