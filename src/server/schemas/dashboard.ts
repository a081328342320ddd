// The overview and the feed on the wire.

import { z } from "zod";

import type { AgentTile, FeedEvent, OverviewSummary } from "../../dashboard/index.ts";
import { agentStateSchema } from "./agents.ts";
import { instantSchema, named } from "./common.ts";

const acknowledgementSchema = z.object({
  owner: z.string(),
  note: z.string(),
  atMs: instantSchema,
});

const levelSchema = z.enum(["info", "warning", "error", "critical"]);

export const agentTileSchema: z.ZodType<AgentTile> = named(
  "AgentTile",
  z.object({
    id: z.string(),
    name: z.string(),
    kind: z.string(),
    state: agentStateSchema,
    sinceMs: instantSchema,
    reason: z.string(),
    left: z.boolean(),
    task: z.string().nullable(),
    taskSinceMs: instantSchema.nullable(),
    paused: z.boolean(),
    quarantined: z.boolean(),
    status: z.string(),
    costUsd: z.number().nullable(),
  }),
);

export const overviewSummarySchema: z.ZodType<OverviewSummary> = named(
  "OverviewSummary",
  z.object({
    namespace: z.string(),
    atMs: instantSchema,
    headline: z.string(),
    counts: z.object({
      working: z.number(),
      waiting: z.number(),
      idle: z.number(),
      stuck: z.number(),
      down: z.number(),
      left: z.number().describe("Ended well; not counted as down"),
      total: z.number(),
      paused: z.number(),
    }),
    costPerHourUsd: z.number().nullable(),
    errorRatio: z.number().nullable(),
    health: z.object({
      score: z.number(),
      lost: z.array(
        z.object({ points: z.number(), reason: z.string(), causeId: z.string().nullable() }),
      ),
    }),
    causes: z.array(
      z.object({
        id: z.string(),
        kind: z.enum([
          "deadlock",
          "stuck",
          "down",
          "dead_letters",
          "operator_mail",
          "error_status",
          "paused",
          "quarantined",
          "service_failing",
          "service_slow",
          "inbox_backlog",
          "alert",
        ]),
        level: z.enum(["info", "warning", "error", "critical"]),
        text: z.string(),
        agentIds: z.array(z.string()),
        sinceMs: instantSchema,
        costUsd: z.number().nullable(),
        actions: z.array(
          z.object({
            kind: z.enum([
              "pause",
              "resume",
              "restart",
              "open",
              "release",
              "acknowledge",
              "open_service",
            ]),
            agentIds: z.array(z.string()),
            serviceId: z.string().exactOptional(),
          }),
        ),
        alertId: z.string().nullable(),
        acknowledged: acknowledgementSchema.nullable(),
      }),
    ),
    alerts: z.object({
      firing: z.object({
        info: z.number(),
        warning: z.number(),
        error: z.number(),
        critical: z.number(),
      }),
      unacknowledged: z.number(),
    }),
    services: z.object({
      total: z.number(),
      healthy: z.number(),
      degraded: z.number(),
      unhealthy: z.number(),
      unknown: z.number(),
    }),
    deadLetters: z.number(),
    oldestMailAtMs: z.number().nullable(),
  }),
);

export const feedEventSchema: z.ZodType<FeedEvent> = named(
  "FeedEvent",
  z.object({
    id: z.number(),
    atMs: instantSchema,
    kind: z.enum([
      "joined",
      "left",
      "state",
      "paused",
      "resumed",
      "restarted",
      "dead_letter",
      "message",
      "cause",
      "cause_resolved",
      "server",
      "alert",
      "alert_resolved",
      "alert_acknowledged",
      "quarantined",
      "released",
      "service",
    ]),
    level: levelSchema,
    agentId: z.string().nullable(),
    text: z.string(),
  }),
);
