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
  FleetNamespace,
  FleetTracker,
  ReadinessCheck,
  ServerFacts,
} from "./fleet.ts";
export { serverLimits } from "./limits.ts";
export { isLoopback } from "./listeners.ts";
export type { OpenApiDocument } from "./openapi.ts";
export { OPERATOR } from "./operator.ts";
