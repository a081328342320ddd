// What readers are asked for, and whether something is of it.

import type { SeriesLabels } from "../core/index.ts";

/** What to read; absent fields do not restrict. Ranges: from inclusive, to exclusive. */
export interface ReadQuery {
  readonly metric?: string | undefined;
  readonly agentId?: string | undefined;
  /** Minutes only: raw samples and merged minutes know no labels. */
  readonly labels?: SeriesLabels | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** True for what has this metric, agent and instant. */
export function matches(
  query: ReadQuery,
  metric: string,
  agentId: string | null,
  atMs: number,
): boolean {
  return (
    atMs >= query.fromMs &&
    atMs < query.toMs &&
    (query.metric === undefined || query.metric === metric) &&
    (query.agentId === undefined || query.agentId === agentId)
  );
}
