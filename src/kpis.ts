// The key figures of a fleet: which there are, from which metric each comes, and how it is worked
// out. docs/metrics.md is written from this table, so the names below are a promise.

import type { SeriesLabels } from "./core/index.ts";
import { CallOutcome } from "./gateway/index.ts";
import type { Kpi, KpiStatistics } from "./server/index.ts";
import type {
  MetricSummary,
  Summaries,
  SummariesByQuery,
  SummaryQuery,
  TimeRange,
} from "./tracker/index.ts";

/** What a key figure is, and where it comes from. */
export interface KpiDefinition extends Pick<Kpi, "id" | "group" | "title" | "unit" | "meaning"> {
  /** The tracker's metric it is read from. */
  readonly metric: string;
  /** How its summary becomes one number. */
  readonly value: "latest" | "avg" | "p95" | "share" | "perMinute" | "limited";
  /** What the metric's values are multiplied by: 100 makes a share a percentage. @default 1 */
  readonly factor?: number;
  /** Whether there is a figure for each agent or service as well. */
  readonly per?: "agent" | "service";
}

/** Every key figure, in the order in which people read them. */
export const kpiTable: readonly KpiDefinition[] = [
  {
    id: "system_health",
    group: "health",
    title: "System health",
    unit: "points",
    metric: "system_health_score",
    value: "latest",
    meaning:
      "100 less the points of each cause and of a busy machine; the newest score, and how it moved.",
  },
  {
    id: "agent_response_time",
    group: "response",
    title: "Response time of agents",
    unit: "s",
    metric: "response_time",
    value: "p95",
    per: "agent",
    meaning: "From a message's delivery to its settlement, as agents settle them; 95th percentile.",
  },
  {
    id: "cpu_usage",
    group: "resources",
    title: "CPU of the server's machine",
    unit: "%",
    metric: "system_cpu_usage",
    value: "avg",
    meaning: "Share of all cores in use on the machine the server runs on; average.",
  },
  {
    id: "memory_usage",
    group: "resources",
    title: "Memory of the server's machine",
    unit: "%",
    metric: "system_memory_usage",
    value: "avg",
    meaning: "Memory in use that the kernel cannot simply take back; average.",
  },
  {
    id: "agent_cpu_usage",
    group: "resources",
    title: "CPU of agents",
    unit: "%",
    metric: "cpu_usage",
    value: "avg",
    per: "agent",
    meaning: "Of one core, of an agent's whole process tree, as its heartbeats say; average.",
  },
  {
    id: "agent_memory",
    group: "resources",
    title: "Memory of agents",
    unit: "bytes",
    metric: "memory_usage",
    value: "avg",
    per: "agent",
    meaning: "Resident memory of an agent's process tree, as its heartbeats say; average.",
  },
  {
    id: "network_receive",
    group: "resources",
    title: "Network, received",
    unit: "bytes/s",
    metric: "network_receive_rate",
    value: "avg",
    meaning: "Bytes a second that came in over all interfaces but loopback; average.",
  },
  {
    id: "network_transmit",
    group: "resources",
    title: "Network, sent",
    unit: "bytes/s",
    metric: "network_transmit_rate",
    value: "avg",
    meaning: "Bytes a second that went out over all interfaces but loopback; average.",
  },
  {
    id: "message_throughput",
    group: "communication",
    title: "Message throughput",
    unit: "1/min",
    metric: "messages_sent",
    value: "perMinute",
    meaning: "Messages accepted, broadcasts counted once, per minute of the range.",
  },
  {
    id: "agent_availability",
    group: "communication",
    title: "Availability of agents",
    unit: "%",
    metric: "agent_availability",
    value: "avg",
    meaning:
      "Share of registered agents that were not down, over the range. Those that ended well are " +
      "not counted, and only time the server ran counts.",
  },
  {
    id: "communication_latency",
    group: "communication",
    title: "Communication latency",
    unit: "s",
    metric: "delivery_latency",
    value: "p95",
    per: "agent",
    meaning: "From a message's acceptance to its delivery to whoever claims it; 95th percentile.",
  },
  {
    id: "request_processing_time",
    group: "api",
    title: "Processing time of calls",
    unit: "s",
    metric: "gateway_service_duration",
    value: "p95",
    per: "service",
    meaning: "From a call's arrival at the gateway to the end of its answer; 95th percentile.",
  },
  {
    id: "service_availability",
    group: "api",
    title: "Availability of services",
    unit: "%",
    metric: "service_availability",
    value: "share",
    factor: 100,
    per: "service",
    meaning:
      "Share of rounds of health checks in which at least one of a service's endpoints answered " +
      "well. Every service counts alike, and only time the server ran counts.",
  },
  {
    id: "rate_limit_effectiveness",
    group: "api",
    title: "Calls held back by rate limits",
    unit: "%",
    metric: "gateway_service_duration",
    value: "limited",
    per: "service",
    meaning:
      "Share of all calls that a rate limit of the gateway refused before they reached their " +
      "service; a service's own 429 counts as failed instead.",
  },
];

/** What key figures are worked out from. */
export interface KpiSource {
  getSummaries(query: SummaryQuery): Promise<Summaries>;
  getSummariesBy(query: SummariesByQuery): Promise<ReadonlyMap<string, MetricSummary>>;
}

type Figure = Pick<Kpi, "value" | "statistics">;

/** Beyond so many agents a figure for each of them is left to the agents' own pages. */
const MOST_SUBJECTS = 200;
const HOUR_MS = 3_600_000;

/** All key figures over a range; by default the last hour. */
export async function keyFigures(
  source: KpiSource,
  nowMs: number,
  range: TimeRange = {},
): Promise<Kpi[]> {
  const toMs = range.toMs ?? nowMs;
  const fromMs = range.fromMs ?? toMs - HOUR_MS;
  return Promise.all(kpiTable.map((definition) => keyFigure(definition, source, { fromMs, toMs })));
}

async function keyFigure(
  definition: KpiDefinition,
  source: KpiSource,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<Kpi> {
  const { id, group, title, unit, meaning, metric, per } = definition;
  const facts = { id, group, title, unit, meaning };
  if (definition.value === "limited") {
    return { ...facts, ...(await limitedFigures(source, metric, range)), ...range };
  }
  const { metrics } = await source.getSummaries({ ...range, metric });
  const summary = metrics[metric];
  const groupBy = per === "service" ? "label:service" : "agent";
  const subjects =
    per === undefined ? [] : await source.getSummariesBy({ ...range, metric, groupBy });
  const minutes = Math.max(1, (range.toMs - range.fromMs) / 60_000);
  return {
    ...facts,
    ...figureOf(definition, summary, minutes),
    subjects: [...subjects]
      .slice(0, MOST_SUBJECTS)
      .map(([name, own]) => ({ subject: `${per}:${name}`, ...figureOf(definition, own, minutes) })),
    ...range,
  };
}

function figureOf(
  definition: KpiDefinition,
  summary: MetricSummary | undefined,
  minutes: number,
): Figure {
  if (summary === undefined) return { value: null, statistics: null };
  const { factor = 1 } = definition;
  switch (definition.value) {
    case "latest":
    case "avg":
    case "p95":
      return { value: summary[definition.value] * factor, statistics: statisticsOf(summary) };
    case "share":
      return { value: summary.avg * factor, statistics: null };
    case "perMinute":
      return { value: summary.sum / minutes, statistics: null };
    case "limited":
      return { value: null, statistics: null }; // counts of outcomes, see limitedFigures()
  }
}

/** What share of all calls, and of each service's, a limit of the gateway refused. */
async function limitedFigures(
  source: KpiSource,
  metric: string,
  range: TimeRange,
): Promise<Figure & Pick<Kpi, "subjects">> {
  const shareOf = async (labels?: SeriesLabels): Promise<number | null> => {
    const query = { ...range, metric, labels, groupBy: "label:outcome" } as const;
    const outcomes = await source.getSummariesBy(query);
    const calls = [...outcomes.values()].reduce((sum, { count }) => sum + count, 0);
    return calls === 0 ? null : (100 * (outcomes.get(CallOutcome.RateLimited)?.count ?? 0)) / calls;
  };
  const services = await source.getSummariesBy({ ...range, metric, groupBy: "label:service" });
  const subjects = [...services.keys()].slice(0, MOST_SUBJECTS).map(async (service) => ({
    subject: `service:${service}`,
    value: await shareOf({ service }),
    statistics: null,
  }));
  return { value: await shareOf(), statistics: null, subjects: await Promise.all(subjects) };
}

function statisticsOf({ count, min, avg, max, p50, p95, p99 }: MetricSummary): KpiStatistics {
  return { count, min, avg, max, p50, p95, p99 };
}
