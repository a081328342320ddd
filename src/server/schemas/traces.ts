// Traces and key figures on the wire.

import { z } from "zod";

import type { Kpi } from "../kpi.ts";
import { TraceSpanKind } from "../trace-view.ts";
import type { TraceView } from "../trace-view.ts";
import { alertSchema } from "./alerts.ts";
import { instantSchema, named } from "./common.ts";
import { auditEntrySchema } from "./operations.ts";

const traceSpanSchema = named(
  "TraceSpan",
  z.object({
    id: z.string(),
    parentId: z.string().nullable(),
    kind: z.enum(TraceSpanKind),
    name: z.string(),
    agentId: z.string().nullable(),
    fromMs: instantSchema,
    toMs: instantSchema.nullable().describe("Null while it runs"),
    ok: z.boolean().nullable(),
    detail: z.string().nullable(),
    ref: z.object({ kind: z.enum(["message", "call", "span", "task"]), id: z.string() }),
  }),
);

export const traceViewSchema: z.ZodType<TraceView> = named(
  "TraceView",
  z.object({
    traceId: z.string(),
    fromMs: instantSchema,
    toMs: instantSchema,
    spans: z.array(traceSpanSchema),
    alerts: z.array(alertSchema),
    audit: z.array(auditEntrySchema),
  }),
);

const statisticsSchema = named(
  "KpiStatistics",
  z.object({
    count: z.number(),
    min: z.number(),
    avg: z.number(),
    max: z.number(),
    p50: z.number(),
    p95: z.number(),
    p99: z.number(),
  }),
);

export const kpiSchema: z.ZodType<Kpi> = named(
  "Kpi",
  z.object({
    id: z.string(),
    group: z.enum(["health", "response", "resources", "communication", "api"]),
    title: z.string(),
    unit: z.string(),
    value: z.number().nullable(),
    statistics: statisticsSchema.nullable(),
    subjects: z.array(
      z.object({
        subject: z.string(),
        value: z.number().nullable(),
        statistics: statisticsSchema.nullable(),
      }),
    ),
    meaning: z.string(),
    fromMs: instantSchema,
    toMs: instantSchema,
  }),
);
