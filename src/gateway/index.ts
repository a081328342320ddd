export type {
  CallBody,
  CallHeaders,
  GatewayRequest,
  GatewayResponse,
  Middleware,
  RoutedRequest,
  RoutedResponse,
} from "./call.ts";
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
} from "./data-plane.ts";
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
export type { CallRetention, CallStore, ServiceStore } from "./store.ts";
