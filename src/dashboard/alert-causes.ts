// Joins causes and alerts: a cause says which alert fires for it and who has taken it on, and
// alerts that are not about a cause become rows of their own.

import type { Alert } from "./alert.ts";
import { compareCauses } from "./causes.ts";
import { causeKindOf, LEVEL_RANK } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";
import type { AlertCounts, Cause, CauseAction } from "./model.ts";
import { causeRules } from "./rules/cause-rules.ts";

/** Alerts that fire now, as far as rows and counts need them. */
export interface FiringAlerts {
  firing(): Iterable<Alert>;
  byKey(key: string): Alert | undefined;
}

/** All rows of "Needs you", worst first, then oldest; alerts of level info need nobody. */
export function joinAlerts(causes: readonly Cause[], alerts: FiringAlerts): readonly Cause[] {
  const keys = new Set(causes.map((cause) => cause.id));
  const rows = causes.map((cause) => withAlert(cause, alerts.byKey(cause.id)));
  for (const alert of alerts.firing()) {
    const isOwn = alert.level !== "info" && !keys.has(alert.key) && !isOfCause(alert);
    if (isOwn) rows.push(rowOf(alert));
  }
  return rows.sort(compareCauses);
}

/** The rows a summary carries; the rest become one that counts them. */
export function capCauses(causes: readonly Cause[]): readonly Cause[] {
  const most = dashboardLimits.causesShown.value;
  const folded = causes.slice(most);
  const worst = folded[0];
  if (worst === undefined) return causes;
  const rest: Cause = {
    id: "more_causes",
    kind: "alert",
    level: worst.level,
    text: `${folded.length} more alerts`,
    agentIds: [],
    sinceMs: Math.min(...folded.map((cause) => cause.sinceMs)),
    costUsd: null,
    actions: [],
    alertId: null,
    acknowledged: null,
  };
  return [...causes.slice(0, most), rest];
}

/** How many alerts fire, by level. */
export function countAlerts(alerts: FiringAlerts): AlertCounts {
  const firing = { info: 0, warning: 0, error: 0, critical: 0 };
  let unacknowledged = 0;
  for (const { level, acknowledged } of alerts.firing()) {
    firing[level] += 1;
    if (acknowledged === null) unacknowledged += 1;
  }
  return { firing, unacknowledged };
}

function withAlert(cause: Cause, alert: Alert | undefined): Cause {
  if (alert === undefined) return cause;
  const { acknowledged } = alert;
  const take: CauseAction = { kind: "acknowledge", agentIds: cause.agentIds };
  return {
    ...cause,
    // The alert is lowered later than the cause, never raised later.
    level: LEVEL_RANK[alert.level] > LEVEL_RANK[cause.level] ? alert.level : cause.level,
    actions: acknowledged === null ? [...cause.actions, take] : cause.actions,
    alertId: alert.id,
    acknowledged,
  };
}

function rowOf(alert: Alert): Cause {
  const { agentIds, acknowledged } = alert;
  const serviceId = alert.labels["service"];
  const actions: CauseAction[] = [];
  if (serviceId !== undefined) actions.push({ kind: "open_service", agentIds: [], serviceId });
  else if (agentIds.length > 0) actions.push({ kind: "open", agentIds });
  if (acknowledged === null) actions.push({ kind: "acknowledge", agentIds });
  return {
    id: alert.key,
    kind: causeKindOf(alert.rule),
    level: alert.level,
    text: alert.message,
    agentIds,
    sinceMs: alert.startsAtMs,
    costUsd: null,
    actions,
    alertId: alert.id,
    acknowledged,
  };
}

const RULES_OF_CAUSES: ReadonlySet<string> = new Set(causeRules.map((rule) => rule.id));

/** Its cause is over; the alert only waits whether it comes back. */
function isOfCause(alert: Alert): boolean {
  return RULES_OF_CAUSES.has(alert.rule);
}
