// The five views of the dashboard on the wire: shapes of dashboard/dashboard-data.ts, checked
// against it by the compiler.

import { z } from "zod";

import { ServiceStatus } from "../../gateway/index.ts";
import type { DashboardData } from "../../dashboard/index.ts";
import { alertRuleSchema, alertSchema } from "./alerts.ts";
import { instantSchema, named } from "./common.ts";
import { agentTileSchema, overviewSummarySchema } from "./dashboard.ts";
import { metricSummarySchema, seriesPointsSchema, snapshotSchema } from "./metrics.ts";

const header = {
  namespace: z.string(),
  atMs: instantSchema,
  fromMs: instantSchema,
  toMs: instantSchema,
};

const metricsSchema = z.record(z.string(), metricSummarySchema);

const alertCountsSchema = z.object({
  firing: z.object({
    info: z.number(),
    warning: z.number(),
    error: z.number(),
    critical: z.number(),
  }),
  unacknowledged: z.number(),
});

const systemPerformanceSchema = z.object({
  fromMs: instantSchema,
  toMs: instantSchema,
  health: z.object({
    score: z.number(),
    lost: z.array(
      z.object({ points: z.number(), reason: z.string(), causeId: z.string().nullable() }),
    ),
  }),
  host: z.object({ cpuPercent: z.number(), memoryPercent: z.number() }).nullable(),
  errorRatio: z.number().nullable(),
  costPerHourUsd: z.number().nullable(),
  alerts: alertCountsSchema,
  metrics: metricsSchema,
  agents: z.number(),
  samples: z.number(),
});

const agentPerformanceSchema = z.object({
  agentId: z.string(),
  tile: agentTileSchema.nullable(),
  fromMs: instantSchema,
  toMs: instantSchema,
  metrics: metricsSchema,
  alerts: z.array(alertSchema),
});

const serviceDigestSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(ServiceStatus),
  statusSinceMs: instantSchema,
  reason: z.string(),
  recent: z.object({
    calls: z.number(),
    failed: z.number(),
    limited: z.number(),
    p50Seconds: z.number().nullable(),
    p95Seconds: z.number().nullable(),
    lastFailedTraceId: z.string().nullable(),
  }),
});

const chartSchema = z.object({
  metric: z.string(),
  aggregation: z.enum(["avg", "min", "max"]),
  stepMs: z.number(),
  points: z.array(z.tuple([instantSchema, z.number()])),
});

export const dashboardDataSchema: z.ZodType<DashboardData> = named(
  "DashboardData",
  z.discriminatedUnion("view", [
    z.object({
      ...header,
      view: z.literal("system_overview"),
      summary: overviewSummarySchema,
      system: systemPerformanceSchema,
      agents: z.array(agentTileSchema),
      services: z.array(serviceDigestSchema),
    }),
    z.object({
      ...header,
      view: z.literal("agent_performance"),
      agents: z.array(agentPerformanceSchema),
      total: z.number(),
    }),
    z.object({
      ...header,
      view: z.literal("metrics_detail"),
      metrics: z.array(
        z.object({
          metric: z.string(),
          agents: z.number(),
          summary: metricSummarySchema.nullable(),
        }),
      ),
      series: z.array(seriesPointsSchema),
    }),
    z.object({
      ...header,
      view: z.literal("alerts"),
      counts: alertCountsSchema,
      folded: z.number().describe("Alerts that wait for room because too many fire"),
      firing: z.array(alertSchema),
      resolved: z.array(alertSchema),
      rules: z.array(alertRuleSchema),
    }),
    z.object({
      ...header,
      view: z.literal("historical"),
      snapshots: z.array(snapshotSchema),
      charts: z.array(chartSchema),
      alerts: z.array(alertSchema),
    }),
  ]),
);
