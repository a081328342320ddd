// Which parts of a finding an alert takes over, and when they count as the same.

import type { Alert } from "./alert.ts";
import type { Finding } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";

/** The alert that a finding becomes. */
export function newAlert(
  finding: Finding,
  origin: Pick<Alert, "id" | "namespace"> & { readonly atMs: number },
): Alert {
  const { id, namespace, atMs } = origin;
  return {
    ...contentOf(finding),
    id,
    namespace,
    key: finding.key,
    rule: finding.rule,
    source: finding.source,
    state: "firing",
    startsAtMs: atMs,
    updatedAtMs: atMs,
    endsAtMs: null,
    count: 1,
    raised: 1,
    raisedFor: finding.agentIds,
    acknowledged: null,
    notifiedAtMs: null,
  };
}

/** An alert as it is once it is over. */
export function resolvedAt(alert: Alert, atMs: number): Alert {
  return { ...alert, state: "resolved", endsAtMs: atMs, updatedAtMs: atMs };
}

/** What of a finding may change while its alert fires. */
export function contentOf(
  finding: Finding,
): Pick<
  Alert,
  "level" | "message" | "labels" | "context" | "agentIds" | "traceId" | "value" | "threshold"
> {
  const { level, message, labels, context, agentIds, traceId, value, threshold } = finding;
  return { level, message, labels, context, agentIds, traceId, value, threshold };
}

/** The newest context and trace are the ones to look at; the words are the same. */
export function saidAgain({ context, traceId }: Finding): Partial<Alert> {
  return traceId === null ? { context } : { context, traceId };
}

/**
 * Whether what an acknowledgement was about is no longer the matter: none of the agents an alert was
 * raised for is concerned, or as many others are.
 */
export function isAboutOthers(raisedFor: readonly string[], agentIds: readonly string[]): boolean {
  if (raisedFor.length === 0 || agentIds.length === 0) return false;
  const known = new Set(raisedFor);
  const others = agentIds.filter((agentId) => !known.has(agentId)).length;
  return others === agentIds.length || others >= known.size;
}

/** What changes when an alert is raised again. */
export function raisedAgain(alert: Alert, finding: Finding): Partial<Alert> {
  return {
    ...contentOf(finding),
    raised: alert.raised + 1,
    raisedFor: finding.agentIds,
    acknowledged: null,
    notifiedAtMs: null,
  };
}

/** Whether an alert should say a finding now: news at once, new words and values not too often. */
export function isWorthSaying(finding: Finding, alert: Alert, nowMs: number): boolean {
  if (isNews(finding, alert)) return true;
  const isStale = nowMs - alert.updatedAtMs >= dashboardLimits.alertTouchMs.value;
  return isStale && (finding.message !== alert.message || finding.value !== alert.value);
}

/** Whether a finding says more than words and values anew: level, agents, or a trace to show. */
function isNews(finding: Finding, alert: Alert): boolean {
  const hasTrace = alert.traceId === null && finding.traceId !== null;
  return hasTrace || finding.level !== alert.level || !sameAgents(finding, alert);
}

/** Whether both name the same agents, in whatever order. */
function sameAgents(finding: Finding, alert: Alert): boolean {
  if (finding.agentIds.length !== alert.agentIds.length) return false;
  const known = new Set(alert.agentIds);
  return finding.agentIds.every((agentId) => known.has(agentId));
}
