// Which parts of a finding an alert takes over, and when they count as the same.

import type { Alert } from "./alert.ts";
import type { Finding } from "./finding.ts";

/** The alert that a finding becomes. */
export function newAlert(
  finding: Finding,
  origin: Pick<Alert, "id" | "namespace" | "count"> & { readonly atMs: number },
): Alert {
  const { id, namespace, count, atMs } = origin;
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
    count,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
  };
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

/** Whether both name the same agents, in whatever order. */
export function sameAgents(finding: Finding, alert: Alert): boolean {
  if (finding.agentIds.length !== alert.agentIds.length) return false;
  const known = new Set(alert.agentIds);
  return finding.agentIds.every((agentId) => known.has(agentId));
}
