// Services and calls on the wire: shapes of gateway/model.ts, checked against it by the compiler.
// Whether URLs, paths and rates make sense together is judged by the gateway.

import { z } from "zod";

import { ServiceStatus } from "../../gateway/index.ts";
import type { CallRecord, ServiceView } from "../../gateway/index.ts";
import { instantSchema, jsonObjectSchema, named, nameSchema } from "./common.ts";

export const serviceStatusSchema = z.enum(ServiceStatus);

const urlSchema = z.string().min(1).max(2048);

const endpointInputSchema = z.strictObject({
  baseUrl: urlSchema.describe("Absolute http(s) URL; its path is put before the call's"),
  weight: z.number().exactOptional().describe("Share of the calls; 1 when absent"),
});

/** A rate as it is given. */
const rateInputSchema = z.strictObject({
  requestsPerMinute: z.number(),
  burst: z.number().exactOptional().describe("How many at once from rest"),
});

const credentialSchema = named(
  "ServiceCredential",
  z.strictObject({
    header: z.string().min(1).max(128).describe("Name of the header: `authorization`"),
    value: z
      .string()
      .max(8192)
      .describe("`${NAME}` is replaced from the server's environment when it is used"),
  }),
);

/** What can be said about a service. */
const fields = {
  name: z.string().min(1).max(128),
  version: z.string().min(1).max(64).describe("First segment of its paths; v1"),
  baseUrl: urlSchema.describe("Instead of endpoints, when there is one"),
  endpoints: z.array(endpointInputSchema).max(1000),
  paths: z
    .array(z.string().min(1).max(1024))
    .max(1000)
    .describe("Templates below the version, such as /users/:id; default: /<service>/**"),
  rewrite: z
    .enum(["version", "prefix", "none"])
    .describe("What of the public path is taken away before the call is forwarded"),
  retries: z.number().describe("Of calls that may be repeated"),
  metadata: jsonObjectSchema,
};

/** What a service may be without; null says so. */
const nullableFields = {
  healthCheckUrl: urlSchema
    .nullable()
    .exactOptional()
    .describe("Absolute URL, or a path below each endpoint's base URL"),
  rateLimit: rateInputSchema.nullable().exactOptional().describe("Of all calls to the service"),
  agentRateLimit: rateInputSchema.nullable().exactOptional().describe("Of each agent's calls"),
  requestTimeoutMs: z.number().nullable().exactOptional(),
  credential: credentialSchema.nullable().exactOptional(),
};

/** A service to register. */
export const serviceInputSchema = named(
  "ServiceInput",
  z.strictObject({
    id: nameSchema,
    name: fields.name.exactOptional(),
    version: fields.version.exactOptional(),
    baseUrl: fields.baseUrl.exactOptional(),
    endpoints: fields.endpoints.exactOptional(),
    paths: fields.paths.exactOptional(),
    rewrite: fields.rewrite.exactOptional(),
    retries: fields.retries.exactOptional(),
    metadata: fields.metadata.exactOptional(),
    ...nullableFields,
  }),
);

/** What to change of a service: null takes a field back to its default. */
export const servicePatchSchema = z.strictObject({
  name: fields.name.nullable().exactOptional(),
  version: fields.version.nullable().exactOptional(),
  baseUrl: fields.baseUrl.nullable().exactOptional(),
  endpoints: fields.endpoints.nullable().exactOptional(),
  paths: fields.paths.nullable().exactOptional(),
  rewrite: fields.rewrite.nullable().exactOptional(),
  retries: fields.retries.nullable().exactOptional(),
  metadata: fields.metadata.nullable().exactOptional(),
  ...nullableFields,
});

/** A rate to set. */
export const rateLimitInputSchema = z.strictObject({
  ...rateInputSchema.shape,
  per: z.enum(["service", "agent"]).default("service"),
});

const rateLimitSchema = z.object({ requestsPerMinute: z.number(), burst: z.number() });

const activitySchema = z.object({
  calls: z.number(),
  failed: z.number().describe("Answered 5xx, not answered, or cut"),
  limited: z.number().describe("Refused by a rate limit (429)"),
  inFlight: z.number(),
  p50Seconds: z.number().nullable(),
  p95Seconds: z.number().nullable(),
  lastFailedTraceId: z.string().nullable(),
});

const endpointSchema = z.object({ baseUrl: z.string(), weight: z.number() });

const endpointViewSchema = z.object({
  ...endpointSchema.shape,
  status: serviceStatusSchema,
  reason: z.string(),
  checkedAtMs: instantSchema.nullable(),
  checkMs: z.number().nullable(),
  inFlight: z.number(),
});

export const serviceViewSchema: z.ZodType<ServiceView> = named(
  "ServiceView",
  z.object({
    namespace: z.string(),
    id: z.string(),
    name: z.string(),
    version: z.string(),
    endpoints: z.array(endpointSchema),
    paths: z.array(z.string()),
    rewrite: z.enum(["version", "prefix", "none"]),
    healthCheckUrl: z.string().nullable(),
    rateLimit: rateLimitSchema.nullable(),
    agentRateLimit: rateLimitSchema.nullable(),
    requestTimeoutMs: z.number().nullable(),
    retries: z.number(),
    credential: credentialSchema.nullable(),
    metadata: jsonObjectSchema,
    registeredAtMs: instantSchema,
    position: z.number(),
    status: serviceStatusSchema,
    statusSinceMs: instantSchema,
    reason: z.string().describe("Names no endpoint: `1 of 2 endpoints: connection refused`"),
    endpointViews: z.array(endpointViewSchema),
    publicPaths: z.array(z.string()).describe("Such as /v1/user_service/**"),
    recent: activitySchema.describe("The last five minutes"),
  }),
);

export const callSchema: z.ZodType<CallRecord> = named(
  "CallRecord",
  z.object({
    id: z.string().describe("Span id of the call: 16 hex digits"),
    sequence: z.number(),
    namespace: z.string(),
    atMs: instantSchema,
    durationMs: z.number(),
    upstreamMs: z.number().nullable(),
    agentId: z.string().nullable(),
    serviceId: z.string().nullable(),
    route: z.string().nullable(),
    endpoint: z.string().nullable().describe("Base URL that was tried last; for admins"),
    method: z.string(),
    path: z.string().describe("Its first 1024 characters"),
    query: z.string().describe("With secret-looking values masked"),
    status: z.number().describe("499 when the caller went away before the answer"),
    code: z.string().nullable().describe("Of the gateway's own answer"),
    reason: z.string().nullable().describe("Why it failed, in words that name no URL"),
    requestBytes: z.number(),
    responseBytes: z.number(),
    attempts: z.number(),
    clientAddress: z.string(),
    userAgent: z.string(),
    traceId: z.string(),
    parentSpanId: z.string().nullable(),
  }),
);
