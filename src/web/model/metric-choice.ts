// What the Metrics page shows: which metric, whose, how reduced, split by what. It lives in the
// page's address.

import type { Aggregation } from "./wire.ts";

/** Aggregations offered, in the order of their use. */
export const AGGREGATIONS: readonly Aggregation[] = [
  "avg",
  "p50",
  "p95",
  "p99",
  "min",
  "max",
  "sum",
  "count",
];

/** What lines can be split by: agents, or a label of the gateway's metrics. */
export const GROUPINGS = [
  { id: "none", words: "nothing, one line" },
  { id: "agent", words: "agent" },
  { id: "service", words: "service" },
  { id: "outcome", words: "outcome" },
  { id: "route", words: "route" },
] as const;
export type Grouping = (typeof GROUPINGS)[number]["id"];

/** A choice; an empty metric or agent stands for the page's own. */
export interface MetricChoice {
  readonly metric: string;
  readonly agent: string;
  readonly aggregation: Aggregation;
  readonly groupBy: Grouping;
}

/** Reads `?metric=cpu_usage&agent=w1&agg=p95&by=agent`. */
export function parseMetricChoice(query: URLSearchParams): MetricChoice {
  return {
    metric: query.get("metric") ?? "",
    agent: query.get("agent") ?? "",
    aggregation: AGGREGATIONS.find((name) => name === query.get("agg")) ?? "avg",
    groupBy: GROUPINGS.find(({ id }) => id === query.get("by"))?.id ?? "none",
  };
}

/** The address's parameters for a choice; null removes one. */
export function metricChoiceQuery(choice: MetricChoice): Readonly<Record<string, string | null>> {
  return {
    metric: choice.metric === "" ? null : choice.metric,
    agent: choice.agent === "" ? null : choice.agent,
    agg: choice.aggregation === "avg" ? null : choice.aggregation,
    by: choice.groupBy === "none" ? null : choice.groupBy,
  };
}

/** What the server is asked to group by. */
export function seriesGrouping(groupBy: Grouping): "agent" | "none" | `label:${string}` {
  return groupBy === "none" || groupBy === "agent" ? groupBy : `label:${groupBy}`;
}

const WORDS: Partial<Record<Aggregation, string>> = {
  avg: "average",
  min: "smallest",
  max: "largest",
  sum: "sum",
  count: "number of samples",
  p50: "median",
  p95: "95th percentile",
  p99: "99th percentile",
};

/** "average", "95th percentile". */
export function aggregationWords(aggregation: Aggregation): string {
  return WORDS[aggregation] ?? aggregation;
}
