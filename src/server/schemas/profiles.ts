// Spans, sampled profiles and the machine's figures on the wire.

import { z } from "zod";

import { ProfileKind, ProfileState } from "../../profiler/index.ts";
import type {
  FlameNode,
  FunctionSummary,
  ProfileRecord,
  SpanRecord,
} from "../../profiler/index.ts";
import { instantSchema, jsonObjectSchema, named } from "./common.ts";

export const profileKindSchema = z.enum(ProfileKind);
export const profileStateSchema = z.enum(ProfileState);

/** A profile to take. */
export const profileRequestSchema = named(
  "ProfileRequest",
  z.strictObject({
    kind: profileKindSchema.default("cpu"),
    seconds: z.number().min(1).max(120).default(10),
  }),
);

export const profileSchema: z.ZodType<ProfileRecord> = named(
  "ProfileRecord",
  z.object({
    id: z.string(),
    namespace: z.string(),
    agentId: z.string().nullable().describe("Null for the server's own"),
    kind: profileKindSchema,
    state: profileStateSchema,
    by: z.string(),
    requestedAtMs: instantSchema,
    startedAtMs: instantSchema.nullable(),
    endedAtMs: instantSchema.nullable(),
    seconds: z.number(),
    runtime: z.string().nullable(),
    reason: z.string().nullable().describe("Why it failed"),
    samples: z.number(),
    bytes: z.number(),
  }),
);

export const flameNodeSchema: z.ZodType<FlameNode> = named(
  "FlameNode",
  z.object({
    name: z.string(),
    file: z.string().nullable(),
    line: z.number().nullable(),
    self: z.number().describe("Microseconds or bytes"),
    total: z.number(),
    get children(): z.ZodArray<z.ZodType<FlameNode>> {
      return z.array(flameNodeSchema);
    },
  }),
);

/** A span as it is handed in; what it says is judged one by one. */
export const spanInputSchema = named(
  "SpanInput",
  z.strictObject({
    spanId: z.string().exactOptional().describe("16 hex digits; made when absent"),
    traceId: z.string().exactOptional().describe("32 hex digits; the request's when absent"),
    parentSpanId: z.string().nullable().exactOptional(),
    name: z.string().min(1).max(256),
    kind: z.string().min(1).max(64).exactOptional().describe("scope, function, model, tool, wait"),
    startMs: instantSchema,
    durationMs: z.number().min(0),
    ok: z.boolean().exactOptional(),
    error: z.string().max(2000).nullable().exactOptional(),
    context: jsonObjectSchema.exactOptional(),
    agentId: z.string().exactOptional().describe("An agent records about itself only"),
  }),
);

export const spanSchema: z.ZodType<SpanRecord> = named(
  "SpanRecord",
  z.object({
    spanId: z.string(),
    traceId: z.string(),
    parentSpanId: z.string().nullable(),
    namespace: z.string(),
    agentId: z.string().nullable(),
    name: z.string(),
    kind: z.string(),
    startMs: instantSchema,
    durationMs: z.number(),
    ok: z.boolean(),
    error: z.string().nullable(),
    context: jsonObjectSchema,
  }),
);

export const functionSummarySchema: z.ZodType<FunctionSummary> = named(
  "FunctionSummary",
  z.object({
    name: z.string(),
    kind: z.string(),
    agentId: z.string().nullable(),
    count: z.number(),
    failed: z.number(),
    totalMs: z.number(),
    avgMs: z.number(),
    minMs: z.number(),
    maxMs: z.number(),
    p50Ms: z.number(),
    p95Ms: z.number(),
    p99Ms: z.number(),
  }),
);
