export type {
  CallBody,
  CallHeaders,
  GatewayRequest,
  GatewayResponse,
  Middleware,
  RoutedRequest,
  RoutedResponse,
} from "./call.ts";
export { callLimit, isFailedCall, isNotableCall, statusRange } from "./call-filter.ts";
export { canonicalisePath, maskQuery } from "./canonical-path.ts";
export { gatewayConfigSchema, gatewaySettings } from "./config.ts";
export type { GatewayOptions, GatewaySettings } from "./config.ts";
export type {
  CallAggregate,
  CallBatch,
  DataPlane,
  DataPlaneAddress,
  EndpointPlan,
  GatewayIdentity,
  IdentityChange,
  NamespacePlan,
  RoutePlan,
  ServicePlan,
  TlsIdentity,
} from "./data-plane.ts";
export { GatewayError, gatewayErrors } from "./errors.ts";
export type { GatewayErrorCode } from "./errors.ts";
export { gatewayLimits } from "./limits.ts";
export { changedPlan, planChange } from "./plan-change.ts";
export type { PlanChange } from "./plan-change.ts";
export { probePort } from "./http-front.ts";
export { InProcessDataPlane } from "./in-process-data-plane.ts";
export type { InProcessDataPlaneOptions } from "./in-process-data-plane.ts";
export type { TrustedCaller } from "./call-admission.ts";
export { loadMiddleware } from "./middleware-chain.ts";
export type { MiddlewareFactory, MiddlewareModule } from "./middleware-chain.ts";
export { ApiVersion, ServiceStatus } from "./model.ts";
export type {
  CallQuery,
  CallRecord,
  EndpointView,
  PathRewrite,
  RateLimit,
  ServiceActivity,
  ServiceCredential,
  ServiceEndpoint,
  ServiceRecord,
  ServiceView,
} from "./model.ts";
export { RateLimitTable } from "./rate-limit-table.ts";
export type { RateLimitDecision } from "./rate-limit-table.ts";
export type { CallRetention, CallStore, ServiceStore } from "./store.ts";
export { VolatileCallStore } from "./volatile-call-store.ts";
export { VolatileServiceStore } from "./volatile-service-store.ts";
export { APIGateway } from "./api-gateway.ts";
export { GatewayMetric } from "./call-metrics.ts";
export type { GatewayExport } from "./gateway-export.ts";
export type { GatewayDependencies, GatewayStatistics, ServiceDigest } from "./gateway-host.ts";
export { rateLimitOf } from "./rate-limit.ts";
