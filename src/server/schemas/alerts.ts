// Alerts on the wire: the shape of dashboard/alert.ts, checked against it by the compiler.

import { z } from "zod";

import { AlertLevel } from "../../dashboard/index.ts";
import type { Alert, AlertRuleView } from "../../dashboard/index.ts";
import { instantSchema, jsonObjectSchema, named, nameSchema, noteSchema } from "./common.ts";

export const alertLevelSchema = z.enum(AlertLevel);

/** An alert to raise. */
export const alertInputSchema = named(
  "AlertInput",
  z.strictObject({
    level: alertLevelSchema,
    message: z.string().min(1).max(1000).describe("Subject, verb, number"),
    source: z.string().min(1).max(256).exactOptional().describe("What it is about, or who says so"),
    context: jsonObjectSchema.exactOptional(),
    agentId: nameSchema.exactOptional().describe("The agent it is about"),
    traceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/, "must be 32 hex digits")
      .exactOptional(),
  }),
);

/** What whoever takes an alert on says. */
export const acknowledgeSchema = z.strictObject({
  owner: z.string().min(1).max(128).exactOptional().describe("Name; the caller's when absent"),
  note: noteSchema.default(""),
});

export const alertSchema: z.ZodType<Alert> = named(
  "Alert",
  z.object({
    id: z.string(),
    namespace: z.string(),
    key: z.string().describe("Rule and subject: what makes two alerts the same"),
    rule: z.string(),
    level: alertLevelSchema,
    message: z.string(),
    source: z.string(),
    labels: z.record(z.string(), z.string()),
    context: jsonObjectSchema,
    agentIds: z.array(z.string()),
    traceId: z.string().nullable(),
    value: z.number().nullable(),
    threshold: z.number().nullable(),
    state: z.enum(["firing", "resolved"]),
    startsAtMs: instantSchema,
    updatedAtMs: instantSchema,
    endsAtMs: instantSchema.nullable(),
    count: z.number().describe("Times it was seen while it was firing"),
    raised: z.number().describe("Times it was raised again because it got worse"),
    acknowledged: z.object({ owner: z.string(), note: z.string(), atMs: instantSchema }).nullable(),
    notifiedAtMs: instantSchema
      .nullable()
      .describe("When the webhook's receiver took the news last; null: not since it got worse"),
  }),
);

export const alertRuleSchema: z.ZodType<AlertRuleView> = named(
  "AlertRule",
  z.object({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    unit: z.enum(["percent", "s", "ratio", "items"]).nullable(),
    levels: z.array(
      z.object({
        level: alertLevelSchema,
        threshold: z.number().nullable(),
        clearThreshold: z.number().nullable(),
      }),
    ),
    forMs: z.number().describe("How long it must hold before an alert fires"),
    keepFiringForMs: z.number().describe("How long it must be gone before the alert resolves"),
    firing: z.number(),
    pending: z.number(),
  }),
);
