// What the control plane needs from the gateway of one namespace.

import type { JsonObject } from "../core/index.ts";
import type {
  CallQuery,
  CallRecord,
  PathRewrite,
  RateLimit,
  ServiceCredential,
  ServiceStatus,
  ServiceView,
} from "../gateway/index.ts";

/** A rate as it is given; without a burst the gateway chooses one. */
export type RateLimitInput = Omit<RateLimit, "burst"> & { readonly burst?: number };

/** What may be said of a service; absent fields get the gateway's defaults. */
export interface ServiceFields {
  readonly name?: string;
  readonly version?: string;
  /** Instead of `endpoints`, when there is one. */
  readonly baseUrl?: string;
  readonly endpoints?: readonly { readonly baseUrl: string; readonly weight?: number }[];
  readonly paths?: readonly string[];
  readonly rewrite?: PathRewrite;
  readonly healthCheckUrl?: string | null;
  readonly rateLimit?: RateLimitInput | null;
  readonly agentRateLimit?: RateLimitInput | null;
  readonly requestTimeoutMs?: number | null;
  readonly retries?: number;
  readonly credential?: ServiceCredential | null;
  readonly metadata?: JsonObject;
}

/** A service as it is registered. */
export interface ServiceInput extends ServiceFields {
  readonly id: string;
}

/** What changes of a service; null takes a field back to its default. */
export type ServicePatch = {
  readonly [Field in keyof ServiceFields]?: ServiceFields[Field] | null;
};

/** Which services to find. */
export interface ServiceQuery {
  readonly version?: string;
  readonly status?: ServiceStatus;
  /** Part of the id or the name. */
  readonly text?: string;
}

/** The gateway of one namespace: what of APIGateway is served. */
export interface FleetGateway {
  registerService(service: ServiceInput): Promise<ServiceView>;
  updateService(serviceId: string, patch: ServicePatch): Promise<ServiceView>;
  /** False when there was none. */
  unregisterService(serviceId: string): Promise<boolean>;
  getService(serviceId: string): Promise<ServiceView | undefined>;
  getAllServices(query?: ServiceQuery): Promise<readonly ServiceView[]>;
  setRateLimit(
    serviceId: string,
    requestsPerMinute: number,
    burst?: number,
    per?: "service" | "agent",
  ): Promise<ServiceView>;
  removeRateLimit(serviceId: string, per?: "service" | "agent"): Promise<ServiceView>;
  /** Asks all endpoints now. */
  checkHealth(serviceId: string): Promise<ServiceView>;
  getCalls(query: CallQuery): Promise<readonly CallRecord[]>;
  getCall(callId: string): Promise<CallRecord | undefined>;
  addServiceCallback(callback: (service: ServiceView) => void): Disposable;
  exportGatewayData(): Promise<object>;
}
