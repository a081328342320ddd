// Gathers what a view shows. What only a tracker knows is empty where there is none.

import type { SeriesPoints, Summaries, TimeRange } from "../tracker/index.ts";
import type { AlertDesk } from "./alert-desk.ts";
import { countAlerts } from "./alert-causes.ts";
import type {
  AgentPerformance,
  AlertsData,
  DashboardData,
  DashboardQuery,
  HistoricalChart,
  HistoricalData,
  MetricsDetailData,
  SystemPerformance,
} from "./dashboard-data.ts";
import { DashboardView } from "./dashboard-data.ts";
import { DashboardError } from "./errors.ts";
import { dashboardLimits } from "./limits.ts";
import type { AgentTile, OverviewSummary } from "./model.ts";
import type { FleetSource, HostUsage, ServiceDigest } from "./ports.ts";
import type { AlertRuleView } from "./rules/rule.ts";
import type { TrackerSource } from "./tracker-source.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** What views are gathered from. */
export interface ViewParts {
  readonly namespace: string;
  readonly nowMs: () => number;
  readonly tracker: TrackerSource | undefined;
  readonly fleet: FleetSource;
  readonly alerts: AlertDesk;
  readonly summary: () => OverviewSummary;
  readonly tile: (agentId: string) => AgentTile | undefined;
  readonly tiles: () => readonly AgentTile[];
  readonly services: () => readonly ServiceDigest[];
  readonly host: () => HostUsage | null;
  readonly rules: () => readonly AlertRuleView[];
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The five views of one namespace. */
export class DashboardViews {
  readonly parts: ViewParts;

  constructor(parts: ViewParts) {
    this.parts = parts;
  }

  /** @throws DashboardError `dashboard.view_unknown`. */
  async data(view: DashboardView, query: DashboardQuery): Promise<DashboardData> {
    const range = this.range(query);
    switch (view) {
      case DashboardView.SystemOverview:
        return {
          view,
          ...this.#header(range),
          summary: this.parts.summary(),
          system: await this.system(range),
          agents: this.parts.tiles(),
          services: this.parts.services(),
        };
      case DashboardView.AgentPerformance:
        return this.#agents(query, range);
      case DashboardView.MetricsDetail:
        return this.#metrics(query, range);
      case DashboardView.Alerts:
        return this.#alerts(query, range);
      case DashboardView.Historical:
        return this.#historical(query, range);
      default:
        throw unknownView(view);
    }
  }

  async agent(agentId: string, range: Range): Promise<AgentPerformance> {
    const { tracker, alerts, tile } = this.parts;
    const [summary, ownAlerts] = await Promise.all([
      tracker?.getAgentPerformanceSummary(agentId, range),
      alerts.find({ ...range, agentId }),
    ]);
    return {
      agentId,
      tile: tile(agentId) ?? null,
      fromMs: summary?.fromMs ?? range.fromMs,
      toMs: summary?.toMs ?? range.toMs,
      metrics: summary?.metrics ?? {},
      alerts: ownAlerts,
    };
  }

  async system(range: Range): Promise<SystemPerformance> {
    const { host, alerts } = this.parts;
    const { health, errorRatio, costPerHourUsd } = this.parts.summary();
    const summaries = await this.#summaries(range);
    return {
      fromMs: summaries.fromMs,
      toMs: summaries.toMs,
      health,
      host: host(),
      errorRatio,
      costPerHourUsd,
      alerts: countAlerts(alerts.book),
      metrics: summaries.metrics,
      agents: summaries.agents.length,
      samples: summaries.samples,
    };
  }

  /**
   * The last hour where no range is given, up to and with this very millisecond.
   * @throws DashboardError `dashboard.view_unknown` when it ends before it begins.
   */
  range({ fromMs, toMs = this.parts.nowMs() + 1 }: TimeRange): Range {
    const range = { fromMs: fromMs ?? toMs - HOUR_MS, toMs };
    if (range.fromMs < range.toMs) return range;
    const words = `A view from ${range.fromMs} to ${range.toMs} has no time in it`;
    throw new DashboardError("dashboard.view_unknown", words);
  }

  /** Lines of the range that a page or a report can draw, one over all agents. */
  async charts(range: Range, metrics: readonly string[]): Promise<HistoricalChart[]> {
    const { tracker } = this.parts;
    if (tracker === undefined) return [];
    const stepMs = stepOf(range);
    const charts = await Promise.all(
      metrics.map(async (metric): Promise<HistoricalChart> => {
        const [line] = await tracker.getSeries({ metric, ...range, stepMs, aggregation: "avg" });
        return { metric, aggregation: "avg", stepMs, points: line?.points ?? [] };
      }),
    );
    return charts.filter((chart) => chart.points.length > 0);
  }

  async #agents(query: DashboardQuery, range: Range): Promise<DashboardData> {
    const { fleet, tracker } = this.parts;
    const known = new Set([...fleet.agentIds(), ...(tracker?.agents() ?? [])]);
    const ids = query.agentId === undefined ? [...known].sort() : [query.agentId];
    const shown = ids.slice(0, dashboardLimits.viewAgents.value);
    const agents = await Promise.all(shown.map((agentId) => this.agent(agentId, range)));
    return { view: "agent_performance", ...this.#header(range), agents, total: known.size };
  }

  async #metrics({ metric, agentId }: DashboardQuery, range: Range): Promise<MetricsDetailData> {
    const { tracker } = this.parts;
    const about = agentId === undefined ? {} : { agentId };
    const [names, { metrics }, series] = await Promise.all([
      tracker?.getMetricNames() ?? [],
      this.#summaries({ ...range, ...about }),
      metric === undefined ? [] : this.#lines(metric, about, range),
    ]);
    return {
      view: "metrics_detail",
      ...this.#header(range),
      metrics: names.map((name) => ({ ...name, summary: metrics[name.metric] ?? null })),
      series,
    };
  }

  async #lines(
    metric: string,
    about: { readonly agentId?: string },
    range: Range,
  ): Promise<readonly SeriesPoints[]> {
    const query = {
      metric,
      ...about,
      ...range,
      stepMs: stepOf(range),
      aggregation: "avg",
    } as const;
    return (await this.parts.tracker?.getSeries({ ...query, groupBy: "agent" })) ?? [];
  }

  async #alerts({ agentId }: DashboardQuery, range: Range): Promise<AlertsData> {
    const { alerts, rules } = this.parts;
    const limit = dashboardLimits.alertsPerQuery.value;
    const about = agentId === undefined ? { limit } : { agentId, limit };
    const [firing, resolved] = await Promise.all([
      alerts.find({ ...about, state: "firing" }),
      alerts.find({ ...about, ...range, state: "resolved" }),
    ]);
    return {
      view: "alerts",
      ...this.#header(range),
      counts: countAlerts(alerts.book),
      folded: alerts.book.folded,
      firing,
      resolved,
      rules: rules(),
    };
  }

  async #historical({ metric, agentId }: DashboardQuery, range: Range): Promise<HistoricalData> {
    const { tracker, alerts } = this.parts;
    const metrics = metric === undefined ? await this.#chartable() : [metric];
    const [kept, charts, found] = await Promise.all([
      tracker?.getPerformanceSnapshots(dashboardLimits.viewSnapshots.value) ?? [],
      this.charts(range, metrics),
      alerts.find({ ...range, ...(agentId === undefined ? {} : { agentId }) }),
    ]);
    const snapshots = kept.filter(({ atMs }) => atMs >= range.fromMs && atMs < range.toMs);
    return { view: "historical", ...this.#header(range), snapshots, charts, alerts: found };
  }

  /** The metrics of the system first, then the others, as many as a page shows. */
  async #chartable(): Promise<string[]> {
    const names = (await this.parts.tracker?.getMetricNames()) ?? [];
    const known = names.map(({ metric }) => metric);
    const first = CHARTED_FIRST.filter((metric) => known.includes(metric));
    const rest = known.filter((metric) => !first.includes(metric));
    return [...first, ...rest].slice(0, dashboardLimits.viewCharts.value);
  }

  async #summaries(query: Range & { readonly agentId?: string }): Promise<Summaries> {
    const { fromMs, toMs } = query;
    const none: Summaries = { fromMs, toMs, metrics: {}, agents: [], samples: 0 };
    return (await this.parts.tracker?.getSummaries(query)) ?? none;
  }

  #header(range: Range): { namespace: string; atMs: number; fromMs: number; toMs: number } {
    const { namespace, nowMs } = this.parts;
    return { namespace, atMs: nowMs(), ...range };
  }
}

/** What says most about how a fleet was doing. */
export const CHARTED_FIRST: readonly string[] = [
  "system_health_score",
  "response_time",
  "error_rate",
  "throughput",
  "system_cpu_usage",
  "system_memory_usage",
  "gateway_request_duration",
];

/** About two hundred points over the range, in whole minutes where it is long. */
export function stepOf({ fromMs, toMs }: Range): number {
  const stepMs = (toMs - fromMs) / 200;
  if (stepMs < MINUTE_MS) return Math.max(1000, Math.ceil(stepMs / 1000) * 1000);
  return Math.ceil(stepMs / MINUTE_MS) * MINUTE_MS;
}

/** @throws DashboardError `dashboard.view_unknown` for a name that is none. */
export function checkView(view: DashboardView): DashboardView {
  if (Object.values(DashboardView).includes(view)) return view;
  throw unknownView(view);
}

function unknownView(view: string): DashboardError {
  const known = Object.values(DashboardView).join(", ");
  return new DashboardError("dashboard.view_unknown", `"${view}" is no view; known: ${known}`);
}
