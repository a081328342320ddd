// What host, process and network use, on the wire: shapes of profiler/system-model.ts.

import { z } from "zod";

import type { NetworkMetrics, ProcessMetrics, SystemMetrics } from "../../profiler/index.ts";
import { instantSchema, named } from "./common.ts";

const ratesSchema = z.object({
  receiveBytesPerSecond: z.number().nullable(),
  transmitBytesPerSecond: z.number().nullable(),
});

export const systemMetricsSchema: z.ZodType<SystemMetrics> = named(
  "SystemMetrics",
  z.object({
    atMs: instantSchema,
    hostname: z.string(),
    platform: z.string(),
    uptimeSeconds: z.number(),
    cpu: z.object({
      cores: z.number(),
      usagePercent: z.number().nullable(),
      userPercent: z.number().nullable(),
      systemPercent: z.number().nullable(),
      waitPercent: z.number().nullable(),
      perCorePercent: z.array(z.number()),
      loadAverage: z
        .tuple([z.number(), z.number(), z.number()])
        .nullable()
        .describe("Over 1, 5 and 15 minutes"),
    }),
    memory: z.object({
      totalBytes: z.number(),
      usedBytes: z.number(),
      availableBytes: z.number(),
      usagePercent: z.number(),
      swapTotalBytes: z.number(),
      swapUsedBytes: z.number(),
    }),
    container: z
      .object({
        memoryLimitBytes: z.number().nullable(),
        memoryUsedBytes: z.number().nullable(),
        memoryUsagePercent: z.number().nullable(),
        cpuLimitCores: z.number().nullable(),
      })
      .nullable(),
    disk: z
      .object({
        path: z.string(),
        totalBytes: z.number(),
        usedBytes: z.number(),
        availableBytes: z.number(),
        usagePercent: z.number(),
      })
      .nullable(),
    network: ratesSchema,
  }),
);

export const processMetricsSchema: z.ZodType<ProcessMetrics> = named(
  "ProcessMetrics",
  z.object({
    atMs: instantSchema,
    pid: z.number(),
    name: z.string(),
    uptimeSeconds: z.number(),
    cpuPercent: z.number().nullable().describe("100 is one core"),
    cpuUserSeconds: z.number(),
    cpuSystemSeconds: z.number(),
    residentBytes: z.number(),
    virtualBytes: z.number().nullable(),
    threads: z.number().nullable(),
    openFiles: z.number().nullable(),
    heap: z
      .object({ usedBytes: z.number(), totalBytes: z.number(), externalBytes: z.number() })
      .nullable(),
    eventLoop: z
      .object({
        meanDelaySeconds: z.number(),
        p99DelaySeconds: z.number(),
        maxDelaySeconds: z.number(),
        utilization: z.number(),
      })
      .nullable(),
  }),
);

export const networkMetricsSchema: z.ZodType<NetworkMetrics> = named(
  "NetworkMetrics",
  z.object({
    atMs: instantSchema,
    intervalMs: z.number().nullable(),
    interfaces: z.array(
      z.object({
        ...ratesSchema.shape,
        name: z.string(),
        loopback: z.boolean(),
        receivedBytes: z.number(),
        transmittedBytes: z.number(),
        receiveErrors: z.number(),
        transmitErrors: z.number(),
        receiveDropped: z.number(),
        transmitDropped: z.number(),
      }),
    ),
    total: z.object({
      ...ratesSchema.shape,
      receivedBytes: z.number(),
      transmittedBytes: z.number(),
    }),
  }),
);
