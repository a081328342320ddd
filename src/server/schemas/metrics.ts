// Samples, summaries and charts on the wire.

import { z } from "zod";

import { Aggregation } from "../../tracker/index.ts";
import type {
  AgentSummary,
  MetricSummary,
  PerformanceSnapshot,
  Sample,
  SeriesPoints,
} from "../../tracker/index.ts";
import { instantSchema, jsonObjectSchema, named } from "./common.ts";

export const aggregationSchema = z.enum(Aggregation);

/** A sample as it is handed in; its name, value and time are judged by the tracker, one by one. */
export const sampleInputSchema = named(
  "SampleInput",
  z.strictObject({
    metric: z.string(),
    value: z.number(),
    atMs: instantSchema.exactOptional().describe("Now when absent"),
    agentId: z.string().exactOptional().describe("An agent records about itself only"),
    context: jsonObjectSchema.exactOptional().describe("Becomes labels (bounded)"),
    metadata: jsonObjectSchema.exactOptional().describe("Kept with the sample, never a label"),
  }),
);

/** What became of a batch. */
export const recordedSchema = named(
  "Recorded",
  z.object({
    accepted: z.number(),
    rejected: z.array(z.object({ index: z.number(), code: z.string(), detail: z.string() })),
  }),
);

export const sampleSchema: z.ZodType<Sample> = named(
  "Sample",
  z.object({
    metric: z.string(),
    value: z.number(),
    atMs: instantSchema,
    agentId: z.string().nullable(),
    context: jsonObjectSchema,
    metadata: jsonObjectSchema,
  }),
);

export const metricSummarySchema: z.ZodType<MetricSummary> = named(
  "MetricSummary",
  z.object({
    count: z.number(),
    min: z.number(),
    max: z.number(),
    avg: z.number(),
    latest: z.number(),
    sum: z.number(),
    p50: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
  }),
);

export const agentSummarySchema: z.ZodType<AgentSummary> = named(
  "AgentSummary",
  z.object({
    agentId: z.string(),
    fromMs: instantSchema,
    toMs: instantSchema,
    metrics: z.record(z.string(), metricSummarySchema),
  }),
);

export const seriesPointsSchema: z.ZodType<SeriesPoints> = named(
  "SeriesPoints",
  z.object({
    agentId: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    stepMs: z
      .number()
      .describe("Length of a bucket: as asked for, or whole minutes where minutes answered"),
    points: z.array(z.tuple([instantSchema, z.number()])),
  }),
);

export const snapshotSchema: z.ZodType<PerformanceSnapshot> = named(
  "PerformanceSnapshot",
  z.object({
    id: z.string(),
    atMs: instantSchema,
    windowMs: z.number(),
    agents: z.array(z.string()),
    metrics: z.record(z.string(), metricSummarySchema),
    samples: z.number(),
  }),
);
