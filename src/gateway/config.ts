// The options of the gateway, and the same in milliseconds as the code uses them.

import { z } from "zod";

import { countOption, durationOption, flagOption, textOption } from "../core/index.ts";
import type { MiddlewareModule } from "./middleware-chain.ts";

const DAY_S = 86_400;

/**
 * Schema of the options; every field has its unit, default and description. Options of other
 * components are ignored, so that one object can configure several.
 */
export const gatewayConfigSchema = z.object({
  healthCheckInterval: durationOption(
    "s",
    60,
    "Time between two health checks of an endpoint that has a healthCheckUrl.",
    { min: 0.05, max: DAY_S },
  ),
  healthCheckTimeout: durationOption(
    "s",
    5,
    "An endpoint that has not answered its health check after this time has failed it.",
    { min: 0.01, max: 300 },
  ),
  maxHistory: countOption("items", 10_000, "Calls kept in the history, the newest.", {
    min: 0,
    max: 100_000_000,
  }),
  maxNotableHistory: countOption(
    "items",
    2000,
    "Failed and slow calls kept beside them, however many others came since.",
    { min: 0, max: 10_000_000 },
  ),
  callRetentionDays: durationOption("days", 7, "How long calls are kept.", {
    min: 0.001,
    max: 3650,
  }),
  activityWindow: durationOption(
    "s",
    300,
    "How far back a service's recent calls, errors and percentiles go; alerts rest on them.",
    { min: 1, max: 3600 },
  ),
  slowCall: durationOption("s", 5, "A call that takes at least so long is kept as slow.", {
    min: 0.001,
    max: DAY_S,
  }),
  requestTimeout: durationOption(
    "s",
    30,
    "How long a service may take to begin its answer, unless it says otherwise itself.",
    { min: 0.01, max: 3600 },
  ),
  streamIdleTimeout: durationOption(
    "s",
    300,
    "An answer under way that sends nothing for so long is broken off.",
    { min: 0.05, max: DAY_S },
  ),
  host: textOption(
    "127.0.0.1",
    "Address the gateway listens on; a server's, beyond loopback, needs server.tlsCert and " +
      "server.tlsKey, or server.allowInsecure.",
  ),
  port: countOption("port", 2356, "Port of the gateway; 0 takes a free one.", {
    min: 0,
    max: 65_535,
  }),
  workers: countOption(
    "items",
    0,
    "Worker threads that carry calls; 0 chooses by the number of cores.",
    {
      min: 0,
      max: 64,
    },
  ),
  anonymous: flagOption(
    false,
    "Serve callers without a key. A gateway used as a library without identities always does.",
  ),
  middleware: z
    .array(z.object({ module: z.string().min(1), options: z.unknown().optional() }))
    .default([])
    .meta({
      description:
        "Modules whose default export makes a middleware from `options`; every call passes them " +
        "in this order. A path is absolute or a file URL.",
    }),
  maxBodyBytes: countOption("bytes", 104_857_600, "Most bytes of one request body.", {
    min: 0,
    max: 1_099_511_627_776,
  }),
  maxConcurrentCalls: countOption("items", 10_000, "Calls under way at once, per worker.", {
    min: 1,
    max: 1_000_000,
  }),
  maxUpstreamConnections: countOption(
    "items",
    1024,
    "Connections of one worker to one origin of services. A stream holds one as long as it lives; " +
      "further calls wait for one. 1024 is Envoy's default, too.",
    { min: 1, max: 16_384 },
  ),
  maxServices: countOption("items", 1000, "Most registered services per namespace.", {
    min: 1,
    max: 100_000,
  }),
});

/** Options of the gateway; every one may be left out. */
export type GatewayOptions = z.input<typeof gatewayConfigSchema>;

/** The options as the code uses them: durations in milliseconds. */
export interface GatewaySettings {
  readonly healthCheckIntervalMs: number;
  readonly healthCheckTimeoutMs: number;
  readonly maxHistory: number;
  readonly maxNotableHistory: number;
  readonly callRetentionMs: number;
  readonly activityWindowMs: number;
  readonly slowCallMs: number;
  readonly requestTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly anonymous: boolean;
  readonly middleware: readonly MiddlewareModule[];
  readonly maxBodyBytes: number;
  readonly maxConcurrentCalls: number;
  readonly maxUpstreamConnections: number;
  readonly maxServices: number;
}

/**
 * Parses options and turns durations into milliseconds.
 * @throws z.ZodError naming the option that cannot be used.
 * @example
 * console.assert(gatewaySettings({ requestTimeout: "2s" }).requestTimeoutMs === 2000);
 */
export function gatewaySettings(options: GatewayOptions = {}): GatewaySettings {
  const parsed = gatewayConfigSchema.parse(options);
  return {
    healthCheckIntervalMs: parsed.healthCheckInterval * 1000,
    healthCheckTimeoutMs: parsed.healthCheckTimeout * 1000,
    maxHistory: parsed.maxHistory,
    maxNotableHistory: parsed.maxNotableHistory,
    callRetentionMs: parsed.callRetentionDays * DAY_S * 1000,
    activityWindowMs: parsed.activityWindow * 1000,
    slowCallMs: parsed.slowCall * 1000,
    requestTimeoutMs: parsed.requestTimeout * 1000,
    streamIdleTimeoutMs: parsed.streamIdleTimeout * 1000,
    host: parsed.host,
    port: parsed.port,
    workers: parsed.workers,
    anonymous: parsed.anonymous,
    middleware: parsed.middleware,
    maxBodyBytes: parsed.maxBodyBytes,
    maxConcurrentCalls: parsed.maxConcurrentCalls,
    maxUpstreamConnections: parsed.maxUpstreamConnections,
    maxServices: parsed.maxServices,
  };
}
