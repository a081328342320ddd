// What each view of the dashboard shows, as data: one union by `view`, for pages, the command line
// and programs alike.

import type {
  MetricSummary,
  PerformanceSnapshot,
  SeriesPoints,
  TimeRange,
} from "../tracker/index.ts";
import type { Alert } from "./alert.ts";
import type { AgentTile, AlertCounts, HealthScore, OverviewSummary } from "./model.ts";
import type { HostUsage, ServiceDigest } from "./ports.ts";
import type { AlertRuleView } from "./rules/rule.ts";

/** The views. */
export const DashboardView = {
  /** Who needs somebody, and how everything is doing now. */
  SystemOverview: "system_overview",
  /** Each agent's metrics, state and alerts. */
  AgentPerformance: "agent_performance",
  /** Every metric, and one of them as a chart. */
  MetricsDetail: "metrics_detail",
  /** What fires, what was, and by which rules. */
  Alerts: "alerts",
  /** How it was: snapshots, charts and alerts of a range. */
  Historical: "historical",
} as const;
export type DashboardView = (typeof DashboardView)[keyof typeof DashboardView];

/** What a view is about. */
export interface DashboardQuery extends TimeRange {
  readonly agentId?: string;
  readonly metric?: string;
}

/** One agent as it performs. */
export interface AgentPerformance {
  readonly agentId: string;
  /** Null for an agent that only the tracker knows. */
  readonly tile: AgentTile | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** About this agent, firing first, newest first. */
  readonly alerts: readonly Alert[];
}

/** The whole as it performs. */
export interface SystemPerformance {
  readonly fromMs: number;
  readonly toMs: number;
  readonly health: HealthScore;
  /** This machine now; null when unknown. */
  readonly host: HostUsage | null;
  /** Failed of all that settled in the last five minutes; null when nothing did. */
  readonly errorRatio: number | null;
  readonly costPerHourUsd: number | null;
  readonly alerts: AlertCounts;
  /** Over all agents, by metric. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** Agents with samples in the range. */
  readonly agents: number;
  readonly samples: number;
}

interface ViewHeader {
  readonly namespace: string;
  readonly atMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** {@link DashboardView.SystemOverview}. */
export interface SystemOverviewData extends ViewHeader {
  readonly view: "system_overview";
  readonly summary: OverviewSummary;
  readonly system: SystemPerformance;
  readonly agents: readonly AgentTile[];
  readonly services: readonly ServiceDigest[];
}

/** {@link DashboardView.AgentPerformance}. */
export interface AgentPerformanceData extends ViewHeader {
  readonly view: "agent_performance";
  /** The one asked for, or the first agents by name. */
  readonly agents: readonly AgentPerformance[];
  /** Agents there are, of which `agents` may be a part. */
  readonly total: number;
}

/** {@link DashboardView.MetricsDetail}. */
export interface MetricsDetailData extends ViewHeader {
  readonly view: "metrics_detail";
  readonly metrics: readonly {
    readonly metric: string;
    readonly agents: number;
    /** Null when nothing was recorded in the range. */
    readonly summary: MetricSummary | null;
  }[];
  /** The metric asked for, per agent; empty when none was. */
  readonly series: readonly SeriesPoints[];
}

/** {@link DashboardView.Alerts}. */
export interface AlertsData extends ViewHeader {
  readonly view: "alerts";
  readonly counts: AlertCounts;
  /** Alerts that wait for room because too many fire. */
  readonly folded: number;
  readonly firing: readonly Alert[];
  /** Resolved ones that fired at some time in the range. */
  readonly resolved: readonly Alert[];
  readonly rules: readonly AlertRuleView[];
}

/** {@link DashboardView.Historical}. */
export interface HistoricalData extends ViewHeader {
  readonly view: "historical";
  /** Newest first. */
  readonly snapshots: readonly PerformanceSnapshot[];
  readonly charts: readonly HistoricalChart[];
  readonly alerts: readonly Alert[];
}

/** One chart over the range; one line over all agents. */
export interface HistoricalChart {
  readonly metric: string;
  readonly aggregation: "avg" | "min" | "max";
  readonly stepMs: number;
  readonly points: SeriesPoints["points"];
}

/** What a view shows; `view` tells which. */
export type DashboardData =
  | SystemOverviewData
  | AgentPerformanceData
  | MetricsDetailData
  | AlertsData
  | HistoricalData;
