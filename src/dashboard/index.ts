export { dashboardConfigSchema } from "./config.ts";
export type { DashboardOptions } from "./config.ts";
export { COST_METRIC, CostMeter } from "./cost-meter.ts";
export { EventNumbers } from "./feed.ts";
export type { FeedLine } from "./feed.ts";
export { dashboardLimits } from "./limits.ts";
export type {
  AgentTile,
  Cause,
  CauseAction,
  FeedEvent,
  HealthScore,
  LostPoints,
  OverviewSummary,
} from "./model.ts";
export { PerformanceDashboard } from "./performance-dashboard.ts";
export type { DashboardChange, DashboardDependencies } from "./performance-dashboard.ts";
export { digestOf } from "./overview.ts";
export type { DeadLetterCount, FleetDigest, FleetEvent, FleetSource, HostUsage } from "./ports.ts";
export type { FeedStore } from "./store.ts";
export { VolatileFeedStore } from "./volatile-feed-store.ts";
