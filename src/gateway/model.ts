// The shapes of the gateway: services, calls, and what is seen of both. Instants are milliseconds
// since the Unix epoch (`...AtMs`), durations milliseconds (`...Ms`).

import type { JsonObject } from "../core/index.ts";

/** How well a service answers. */
export const ServiceStatus = {
  /** All of its endpoints answer. */
  Healthy: "healthy",
  /** Some of its endpoints answer, or too many calls fail. */
  Degraded: "degraded",
  /** None of its endpoints answers. */
  Unhealthy: "unhealthy",
  /** Neither checked nor called yet. */
  Unknown: "unknown",
} as const;
export type ServiceStatus = (typeof ServiceStatus)[keyof typeof ServiceStatus];

/** Usual versions; any path segment may be one. */
export const ApiVersion = { V1: "v1", V2: "v2", Beta: "beta", Alpha: "alpha" } as const;
export type ApiVersion = (typeof ApiVersion)[keyof typeof ApiVersion] | (string & {});

/** One place where a service answers. */
export interface ServiceEndpoint {
  /** Absolute http(s) URL; its path is put before the call's. */
  readonly baseUrl: string;
  /** Share of the calls relative to the other endpoints. */
  readonly weight: number;
}

/** How many calls a service takes: a sustained rate, and how many at once from rest. */
export interface RateLimit {
  readonly requestsPerMinute: number;
  readonly burst: number;
}

/** What of the public path is taken away before the call is forwarded. */
export type PathRewrite = "version" | "prefix" | "none";

/** A service's own credential, put in place of the caller's key. */
export interface ServiceCredential {
  /** Name of the header, lower case. */
  readonly header: string;
  /** Its value; `${NAME}` is replaced from the server's environment when it is used. */
  readonly value: string;
}

/** A registered service, as stored. */
export interface ServiceRecord {
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
  readonly version: ApiVersion;
  readonly endpoints: readonly ServiceEndpoint[];
  /**
   * Path templates below the version, such as `/users/:id` or `/files/**`; empty for the default,
   * `/<version>/<serviceId>/**` (and whatever nobody else claims, for the version's first).
   */
  readonly paths: readonly string[];
  readonly rewrite: PathRewrite;
  /** Absolute URL, or a path below each endpoint's base URL; null for none. */
  readonly healthCheckUrl: string | null;
  /** Of all calls to the service; null for none. */
  readonly rateLimit: RateLimit | null;
  /** Of each agent's calls to the service; null for none. */
  readonly agentRateLimit: RateLimit | null;
  /** For one call, until its answer begins; null for the gateway's `requestTimeout`. */
  readonly requestTimeoutMs: number | null;
  /** Further attempts on another endpoint, for calls that may be repeated. */
  readonly retries: number;
  readonly credential: ServiceCredential | null;
  readonly metadata: JsonObject;
  readonly registeredAtMs: number;
  /** Order of registration in the namespace; decides whose the version's default is. */
  readonly position: number;
}

/** What is seen of one endpoint now. */
export interface EndpointView extends ServiceEndpoint {
  readonly status: ServiceStatus;
  /** In words: "connection refused", "answered 503". */
  readonly reason: string;
  readonly checkedAtMs: number | null;
  /** Of the last check that was answered. */
  readonly checkMs: number | null;
  readonly inFlight: number;
}

/** A service with all that is known about it now; its credential's value is masked. */
export interface ServiceView extends ServiceRecord {
  readonly status: ServiceStatus;
  readonly statusSinceMs: number;
  readonly reason: string;
  readonly endpointViews: readonly EndpointView[];
  /** Public paths that reach it, such as `/v1/user_service/**`. */
  readonly publicPaths: readonly string[];
  readonly recent: ServiceActivity;
}

/** Calls of one service over the gateway's `activityWindow`, by default five minutes. */
export interface ServiceActivity {
  readonly calls: number;
  /** Answered 5xx or, by the service itself, 429; not answered, or cut. */
  readonly failed: number;
  /** Refused by a rate limit of the gateway. */
  readonly limited: number;
  readonly inFlight: number;
  /** Seconds; null without calls. */
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  /** Trace of the last failed call; null when none failed. */
  readonly lastFailedTraceId: string | null;
}

/** One call that went through the gateway, or was refused by it. */
export interface CallRecord {
  /** Span id of the call: 16 hex digits. */
  readonly id: string;
  /** Strictly increasing within a namespace; 0 until the history has numbered it. */
  readonly sequence: number;
  readonly namespace: string;
  readonly atMs: number;
  readonly durationMs: number;
  /** Until the upstream's answer began; null when there was none. */
  readonly upstreamMs: number | null;
  readonly agentId: string | null;
  readonly serviceId: string | null;
  /** The public template that matched, such as `/v1/users/:id`; null when none did. */
  readonly route: string | null;
  /** Base URL of the endpoint that answered, or was tried last. */
  readonly endpoint: string | null;
  readonly method: string;
  /** Public path without its query. */
  readonly path: string;
  /** Query with the values of secret-looking parameters masked; empty without one. */
  readonly query: string;
  /** Status given to the caller; 499 when it went away before. */
  readonly status: number;
  /** Code of the gateway's own answer, such as `gateway.rate_limited`; null for an upstream's. */
  readonly code: string | null;
  /** Why, in words, when `code` is set or the stream broke. */
  readonly reason: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Upstream attempts: 0 when refused before, 2 after one retry. */
  readonly attempts: number;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly traceId: string;
  readonly parentSpanId: string | null;
}

/** Which calls to find; newest first. */
export interface CallQuery {
  readonly serviceId?: string;
  readonly agentId?: string;
  readonly method?: string;
  /** Exact (`404`) or a class (`4xx`). */
  readonly status?: string;
  /** Part of the path. */
  readonly text?: string;
  readonly traceId?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** At least so slow. */
  readonly minDurationMs?: number;
  /** Only failed ones: 5xx, 499, or refused by the gateway. */
  readonly failed?: boolean;
  /** Older than this number: for paging. */
  readonly beforeSequence?: number;
  /** Newer than this number: for following. */
  readonly afterSequence?: number;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}
