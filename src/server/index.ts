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
export { SECRET_MASK } from "./fleet.ts";
export type {
  ConfigurationRow,
  Fleet,
  FleetCommunication,
  FleetDashboard,
  FleetNamespace,
  FleetTracker,
  NamespaceView,
  ReadinessCheck,
  ServerFacts,
} from "./fleet.ts";
export type {
  FleetGateway,
  RateLimitInput,
  ServiceInput,
  ServicePatch,
  ServiceQuery,
} from "./fleet-gateway.ts";
export type { FleetProfiler, FleetProfiles, ProfileFormat } from "./fleet-profiler.ts";
export type { Kpi, KpiStatistics } from "./kpi.ts";
export { serverLimits } from "./limits.ts";
export { checkBinding, isLoopback, readTlsFiles } from "./listeners.ts";
export type { OpenApiDocument } from "./openapi.ts";
export { TraceSpanKind } from "./trace-view.ts";
export type { TraceSpan, TraceView } from "./trace-view.ts";
