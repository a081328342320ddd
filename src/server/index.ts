export { AgentLogs } from "./agent-logs.ts";
export type { LogLine } from "./agent-logs.ts";
export { serverConfigSchema } from "./config.ts";
export type { ServerOptions } from "./config.ts";
export { createControlPlane } from "./control-plane.ts";
export type {
  ControlPlane,
  ControlPlaneAddress,
  ControlPlaneDependencies,
} from "./control-plane.ts";
export { ServerError, serverErrors } from "./errors.ts";
export type {
  ConfigurationRow,
  Fleet,
  FleetCommunication,
  FleetDashboard,
  FleetGateway,
  FleetNamespace,
  FleetProfiler,
  FleetProfiles,
  FleetTracker,
  FlameNode,
  FunctionSummary,
  ProfileFormat,
  RateLimitInput,
  ReadinessCheck,
  ServerFacts,
  ServiceInput,
  ServicePatch,
  ServiceQuery,
  SpanInput,
} from "./fleet.ts";
export type { Kpi, KpiStatistics } from "./kpi.ts";
export { serverLimits } from "./limits.ts";
export { isLoopback } from "./listeners.ts";
export type { OpenApiDocument } from "./openapi.ts";
export { OPERATOR } from "./operator.ts";
export { TraceSpanKind } from "./trace-view.ts";
export type { TraceSpan, TraceView } from "./trace-view.ts";
