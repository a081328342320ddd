// What callers hand to the gateway's methods.

import type { JsonObject } from "../core/index.ts";
import type { ApiVersion, PathRewrite, ServiceCredential, ServiceStatus } from "./model.ts";

/** An endpoint as it is given: a URL, or one with its share of the calls. */
export type EndpointInput =
  | string
  | {
      readonly baseUrl: string;
      /** Share of the calls relative to the other endpoints; 0 takes none. @default 1 */
      readonly weight?: number;
    };

/** A rate as it is given. */
export interface RateLimitInput {
  readonly requestsPerMinute: number;
  /** How many may come at once from rest. @default ten seconds' worth, at least 1 */
  readonly burst?: number;
}

/** What may be said of a service beside its id. */
export interface ServiceFields {
  /** For people. @default the id */
  readonly name?: string;
  /** First segment of its public paths. @default "v1" */
  readonly version?: ApiVersion;
  /** Where it answers, when that is one place; instead of `endpoints`. */
  readonly baseUrl?: string;
  /** Where it answers. */
  readonly endpoints?: readonly EndpointInput[];
  /** Path templates below the version. @default none, which claims `/<version>/<id>/**` */
  readonly paths?: readonly string[];
  /** What of the public path is taken away. @default "version" with paths, "prefix" without */
  readonly rewrite?: PathRewrite;
  /** Absolute URL, or a path below each base URL. @default null: judged by its calls alone */
  readonly healthCheckUrl?: string | null;
  /** Of all calls to the service. @default null: none */
  readonly rateLimit?: RateLimitInput | null;
  /** Of each agent's calls to the service. @default null: none */
  readonly agentRateLimit?: RateLimitInput | null;
  /** Until its answer begins, in milliseconds. @default null: the gateway's requestTimeout */
  readonly requestTimeoutMs?: number | null;
  /** Further attempts on another endpoint, for calls that may be repeated. @default 1 */
  readonly retries?: number;
  /** Put in place of the caller's key; `${NAME}` is replaced from the environment. */
  readonly credential?: ServiceCredential | null;
  /** Anything about it that JSON can carry. @default {} */
  readonly metadata?: JsonObject;
}

/** A service to register; an id that is registered already is replaced. */
export interface ServiceRegistration extends ServiceFields {
  readonly id: string;
}

/** What changes of a service; null takes a field back to its default, absent fields stay. */
export type ServicePatch = {
  readonly [Field in keyof ServiceFields]?: ServiceFields[Field] | null;
};

/** Which services to find. */
export interface ServiceQuery {
  readonly version?: ApiVersion;
  readonly status?: ServiceStatus;
  /** Part of the id or the name, upper or lower case. */
  readonly text?: string;
}

/** Which of a service's two limits is meant. */
export type RateLimitScope = "service" | "agent";
