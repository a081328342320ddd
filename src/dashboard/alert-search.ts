// Which alerts a query means, and in which order: one answer for the memory of a running
// dashboard, for the store of library mode, and for the contract that other stores are held to.

import type { Alert, AlertPlace, AlertQuery } from "./alert.ts";
import { dashboardLimits } from "./limits.ts";

/** The alerts that match, in their order, at most the query's limit. */
export function searchAlerts(alerts: Iterable<Alert>, query: AlertQuery): readonly Alert[] {
  return [...alerts]
    .filter((alert) => matchesAlert(alert, query))
    .sort(compareAlerts)
    .slice(0, alertLimit(query));
}

/** How many alerts a query gets at most. */
export function alertLimit(query: AlertQuery): number {
  const { alertsPerQuery, alertsPerQueryDefault } = dashboardLimits;
  return Math.min(query.limit ?? alertsPerQueryDefault.value, alertsPerQuery.value);
}

/** Firing, queued, resolved; newer before older; ids, which sort by time, settle what is left. */
export function compareAlerts(a: AlertPlace, b: AlertPlace): number {
  if (a.state !== b.state) return a.state < b.state ? -1 : 1;
  if (a.startsAtMs !== b.startsAtMs) return b.startsAtMs - a.startsAtMs;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** A range means alerts that fired at some time in it: from inclusive, to exclusive. */
export function matchesAlert(alert: Alert, query: AlertQuery): boolean {
  const { state, level, rule, source, agentId, traceId, acknowledged, text, fromMs, toMs } = query;
  if (query.after !== undefined && compareAlerts(alert, query.after) <= 0) return false;
  if (state !== undefined && alert.state !== state) return false;
  if (level !== undefined && alert.level !== level) return false;
  if (rule !== undefined && alert.rule !== rule) return false;
  if (source !== undefined && alert.source !== source) return false;
  if (agentId !== undefined && !alert.agentIds.includes(agentId)) return false;
  if (traceId !== undefined && alert.traceId !== traceId) return false;
  if (acknowledged !== undefined && (alert.acknowledged !== null) !== acknowledged) return false;
  if (text !== undefined && !alert.message.toLowerCase().includes(text.toLowerCase())) return false;
  if (fromMs !== undefined && alert.endsAtMs !== null && alert.endsAtMs < fromMs) return false;
  return toMs === undefined || alert.startsAtMs < toMs;
}
