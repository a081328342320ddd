// The port between the gateway's rules and whatever carries its calls: a listener in this thread
// or several worker threads. What crosses it is plain data that can be cloned between threads.

import type { RateLimitTable } from "./rate-limit-table.ts";
import type { CallRecord, PathRewrite, RateLimit, ServiceCredential } from "./model.ts";

/** One endpoint as the data plane uses it. */
export interface EndpointPlan {
  readonly baseUrl: string;
  readonly weight: number;
  /** False while health checks fail: used only when no other is left. */
  readonly healthy: boolean;
}

/** A path that reaches a service. */
export interface RoutePlan {
  /** Public template with its version: `/v1/users/:id`, `/v1/user_service/**`. */
  readonly template: string;
  /** Leading characters of the public path that are taken away. */
  readonly strip: string;
}

/** One service as the data plane uses it. */
export interface ServicePlan {
  readonly id: string;
  readonly version: string;
  readonly routes: readonly RoutePlan[];
  /** Serves what nobody else claims below its version. */
  readonly isVersionDefault: boolean;
  readonly rewrite: PathRewrite;
  readonly endpoints: readonly EndpointPlan[];
  readonly rateLimit: RateLimit | null;
  readonly agentRateLimit: RateLimit | null;
  readonly requestTimeoutMs: number;
  readonly retries: number;
  /** Its value with the environment's values put in. */
  readonly credential: ServiceCredential | null;
  /**
   * Environment variable the credential needs that is not set: every call is refused with
   * `gateway.credential_missing`, since the service must not see the caller's key instead.
   */
  readonly credentialMissing?: string;
}

/** Everything a data plane needs to serve one namespace. */
export interface NamespacePlan {
  readonly namespace: string;
  /** Rises with every change, also over restarts of whoever makes the plans. */
  readonly revision: number;
  readonly services: readonly ServicePlan[];
  /** Agents whose calls are refused. */
  readonly held: Readonly<Record<string, "paused" | "quarantined">>;
  /** Calls at least so slow are notable. */
  readonly slowCallMs: number;
  /** Whether callers without a key are served. */
  readonly anonymous: boolean;
}

/** Whom a key belongs to. */
export interface GatewayIdentity {
  readonly kind: "agent" | "admin";
  /** An agent's own; an admin names another with `x-cellphone-namespace`. */
  readonly namespace: string;
  readonly agentId: string | null;
}

/** A key that came, changed or went (`identity: null`), by the SHA-256 of its secret in hex. */
export interface IdentityChange {
  readonly secretHash: string;
  readonly identity: (GatewayIdentity & { readonly expiresAtMs: number | null }) | null;
}

/** Durations of calls with the same labels, since the last batch. */
export interface CallAggregate {
  readonly namespace: string;
  readonly agentId: string | null;
  readonly serviceId: string | null;
  readonly route: string | null;
  /** `2xx`, `4xx`, `429`, `5xx`, `499`: few values, so that series stay few. */
  readonly outcome: string;
  readonly durationsSeconds: Float64Array;
  /** Upstream time to first byte, of those that reached one. */
  readonly upstreamSeconds: Float64Array;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** What happened on a data plane since its last batch. */
export interface CallBatch {
  readonly calls: readonly CallRecord[];
  readonly aggregates: readonly CallAggregate[];
  /** Calls that were counted but are not in `calls`, because there were too many. */
  readonly omitted: number;
  /** Calls running now, by namespace, service and endpoint. */
  readonly inFlight: readonly {
    readonly namespace: string;
    readonly serviceId: string;
    readonly baseUrl: string;
    readonly calls: number;
  }[];
  /** Endpoints that were found (un)usable by calls themselves, since the last batch. */
  readonly outcomes: readonly {
    readonly namespace: string;
    readonly serviceId: string;
    readonly baseUrl: string;
    readonly succeeded: number;
    readonly failed: number;
    /** In words, of the last failure; null without one. */
    readonly reason: string | null;
  }[];
}

/** What a data plane proves itself with over TLS. */
export interface TlsIdentity {
  /** PEM, the whole chain. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

/** Where a data plane listens. */
export interface DataPlaneAddress {
  readonly url: string;
  readonly port: number;
}

/** Carries calls by the plans it is given. */
export interface DataPlane {
  /** @throws GatewayError `gateway.port_in_use` and its kin. */
  listen(): Promise<DataPlaneAddress>;
  /** Where it listens; undefined before {@link DataPlane.listen}. */
  readonly address: DataPlaneAddress | undefined;
  /** Budgets it counts calls by, for whoever carries calls of the same services beside it. */
  readonly rateLimits?: RateLimitTable;
  /** Names this gateway in a call's hops, wherever the call is carried. */
  readonly instanceId?: string;
  /**
   * Replaces a namespace's plan; resolves when every call that begins from now on follows it. A
   * service that is the same object as in the plan before has not changed.
   */
  apply(plan: NamespacePlan): Promise<void>;
  /** Serves the namespace no more; its calls under way are broken off. */
  remove(namespace: string): Promise<void>;
  /**
   * Resolves when keys are in force (or no longer are) for calls that begin from now on; calls under
   * way of a key that went, or that expires later, are broken off.
   */
  applyIdentities(changes: readonly IdentityChange[]): Promise<void>;
  /** Breaks off an agent's calls and streams under way; the number of them. */
  cut(namespace: string, agentId: string): Promise<number>;
  /** Called with what happened, several times a second while something does. */
  onBatch(callback: (batch: CallBatch) => void): Disposable;
  /** Takes no new calls, lets those under way finish for `graceMs`, then breaks them off. */
  close(graceMs?: number): Promise<void>;
}
