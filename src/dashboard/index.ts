export { AlertLevel } from "./alert.ts";
export type { Acknowledgement, Alert, AlertQuery, AlertRetention, AlertStore } from "./alert.ts";
export { dashboardConfigSchema } from "./config.ts";
export type { DashboardOptions } from "./config.ts";
export { CommunicationFleetSource } from "./communication-fleet-source.ts";
export type { AgentManager } from "./communication-fleet-source.ts";
export { COST_METRIC, CostMeter } from "./cost-meter.ts";
export { EventNumbers } from "./feed.ts";
export type { FeedLine } from "./feed.ts";
export { feedLine } from "./feed-words.ts";
export { dashboardLimits } from "./limits.ts";
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
export { PerformanceDashboard } from "./performance-dashboard.ts";
export type { DashboardChange, DashboardDependencies } from "./performance-dashboard.ts";
export { digestOf } from "./overview.ts";
export type {
  DeadLetterCount,
  FleetDigest,
  FleetEvent,
  FleetSource,
  HostUsage,
  ServiceDigest,
  ServiceSource,
} from "./ports.ts";
export type { FeedStore } from "./store.ts";
export { VolatileAlertStore } from "./volatile-alert-store.ts";
export { VolatileFeedStore } from "./volatile-feed-store.ts";
