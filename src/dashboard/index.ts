export { AlertLevel } from "./alert.ts";
export type { Acknowledgement, Alert, AlertQuery, AlertRetention, AlertStore } from "./alert.ts";
export { matchesAlert, searchAlerts } from "./alert-search.ts";
export { CommunicationFleetSource } from "./communication-fleet-source.ts";
export type { AgentManager } from "./communication-fleet-source.ts";
export { dashboardConfigSchema } from "./config.ts";
export type { DashboardOptions, DashboardSettings } from "./config.ts";
export { COST_METRIC, CostMeter } from "./cost-meter.ts";
export { DashboardView } from "./dashboard-data.ts";
export type {
  AgentPerformance,
  AgentPerformanceData,
  AlertsData,
  DashboardData,
  DashboardQuery,
  HistoricalChart,
  HistoricalData,
  MetricsDetailData,
  SystemOverviewData,
  SystemPerformance,
} from "./dashboard-data.ts";
export type { DashboardDependencies } from "./dashboard-dependencies.ts";
export type { DashboardExport } from "./dashboard-export.ts";
export { ALERTS_FIRING_METRIC, ALERTS_RAISED_METRIC, HEALTH_METRIC } from "./dashboard-gauges.ts";
export { DeadMan } from "./dead-man.ts";
export type { DeadManParts } from "./dead-man.ts";
export { DashboardError, dashboardErrors } from "./errors.ts";
export { EventNumbers } from "./feed.ts";
export type { FeedLine } from "./feed.ts";
export { feedLine } from "./feed-words.ts";
export { dashboardLimits } from "./limits.ts";
export type { MetricSource } from "./metric-watch.ts";
export type {
  AgentTile,
  AlertCounts,
  Cause,
  CauseAction,
  FeedEvent,
  HealthScore,
  LostPoints,
  OverviewSummary,
  ServiceCounts,
} from "./model.ts";
export type { NotificationResult } from "./notifier.ts";
export { digestOf } from "./overview.ts";
export { PerformanceDashboard } from "./performance-dashboard.ts";
export type { DashboardChange } from "./performance-dashboard.ts";
export type {
  DeadLetterCount,
  FleetDigest,
  FleetEvent,
  FleetSource,
  HostUsage,
  ServiceDigest,
  ServiceSource,
} from "./ports.ts";
export { htmlReport } from "./report/html-report.ts";
export type { ReportData, ReportExtras, ReportKpi, ReportProfile } from "./report/report-data.ts";
export type { AlertRuleView, RuleLevel } from "./rules/rule.ts";
export type { FeedStore } from "./store.ts";
export type { TrackerSource } from "./tracker-source.ts";
export { VolatileAlertStore } from "./volatile-alert-store.ts";
export { VolatileFeedStore } from "./volatile-feed-store.ts";
