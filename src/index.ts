// The library's public names: each component works alone, and startSwitchboard() runs them all.

export {
  AgentCommunicationProtocol,
  AgentState,
  AgentStatus,
  CommunicationError,
  DeadReason,
  DeliveryState,
  MessagePriority,
  MessageType,
  TaskState,
} from "./communication/index.ts";
export type {
  Agent,
  AgentView,
  ClaimedMessage,
  CommunicationEvent,
  CommunicationOptions,
  CommunicationStore,
  Delivery,
  MailboxCounts,
  Message,
  MessageWithDeliveries,
  Presence,
  SendRequest,
  SendResult,
  Task,
} from "./communication/index.ts";
export { loadConfiguration } from "./configuration/index.ts";
export type { CellphoneConfiguration } from "./configuration/index.ts";
export {
  ActivityKind,
  CellphoneError,
  ManualClock,
  noTelemetry,
  systemClock,
} from "./core/index.ts";
export type { Clock, ComponentLog, JsonObject, JsonValue, Telemetry } from "./core/index.ts";
export {
  AlertLevel,
  DashboardError,
  DashboardView,
  digestOf,
  htmlReport,
  PerformanceDashboard,
} from "./dashboard/index.ts";
export type {
  Acknowledgement,
  AgentTile,
  Alert,
  AlertQuery,
  AlertRuleView,
  AlertStore,
  Cause,
  DashboardData,
  DashboardDependencies,
  DashboardOptions,
  DashboardQuery,
  FeedEvent,
  FleetDigest,
  FleetSource,
  HealthScore,
  OverviewSummary,
  ReportData,
  ServiceSource,
} from "./dashboard/index.ts";
export { ApiVersion, APIGateway, GatewayError, ServiceStatus } from "./gateway/index.ts";
export type {
  CallQuery,
  CallRecord,
  CallStore,
  DataPlane,
  GatewayDependencies,
  GatewayIdentity,
  GatewayOptions,
  GatewayRequest,
  GatewayResponse,
  Middleware,
  MiddlewareFactory,
  RateLimit,
  RoutedRequest,
  RoutedResponse,
  ServiceStore,
  ServiceView,
} from "./gateway/index.ts";
export {
  PerformanceProfiler,
  ProfileDesk,
  ProfileKind,
  ProfilerError,
  SystemProbe,
} from "./profiler/index.ts";
export type {
  FunctionSummary,
  NetworkMetrics,
  ProcessMetrics,
  ProfileDecorator,
  ProfileRecord,
  ProfilerDependencies,
  ProfilerOptions,
  ProfileScope,
  ProfileStore,
  ProfilingSummary,
  SpanRecord,
  SystemMetrics,
} from "./profiler/index.ts";
export { openLedger, openSeries, StorageError } from "./storage/index.ts";
export {
  SqliteAlertStore,
  SqliteCallStore,
  SqliteCommunicationStore,
  SqliteFeedStore,
  SqliteProfileStore,
  SqliteSecurityStore,
  SqliteSeriesStore,
  SqliteServiceStore,
} from "./storage/index.ts";
export { startSwitchboard } from "./switchboard.ts";
export type { Switchboard, SwitchboardOptions } from "./switchboard.ts";
export {
  Aggregation,
  DistributionSketch,
  MetricType,
  PerformanceTracker,
  TrackerError,
} from "./tracker/index.ts";
export type {
  AgentSummary,
  MetricSummary,
  PerformanceSnapshot,
  Sample,
  SeriesPoints,
  SeriesQuery,
  SeriesStore,
  TimeRange,
  TrackerOptions,
} from "./tracker/index.ts";
