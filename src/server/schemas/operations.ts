// Identities, audit and facts about the server on the wire.

import { z } from "zod";

import type { AuditEntry } from "../../security/index.ts";
import type { NamespaceView } from "../fleet.ts";
import { instantSchema, jsonObjectSchema, named } from "./common.ts";

export const auditEntrySchema: z.ZodType<AuditEntry> = named(
  "AuditEntry",
  z.object({
    id: z.string(),
    atMs: instantSchema,
    namespace: z.string(),
    actor: z.string(),
    via: z.string(),
    action: z.string(),
    resource: z.string(),
    outcome: z.enum(["done", "refused", "failed"]),
    reason: z.string().nullable(),
    details: jsonObjectSchema,
    traceparent: z.string().nullable(),
  }),
);

export const namespaceSchema: z.ZodType<NamespaceView> = named(
  "Namespace",
  z.object({
    name: z.string(),
    createdAtMs: instantSchema,
    config: jsonObjectSchema.describe('Its own options; secrets are "(secret)"'),
    running: z.boolean().describe("False when it could not be started; the log says why"),
  }),
);

export const enrolmentSchema = named(
  "Enrolment",
  z.object({
    id: z.string(),
    namespace: z.string(),
    createdAtMs: instantSchema,
    expiresAtMs: instantSchema.nullable(),
    note: z.string().nullable(),
  }),
);

export const configurationRowSchema = named(
  "ConfigurationRow",
  z.object({
    key: z.string(),
    value: z.unknown(),
    source: z.string(),
    unit: z.string().nullable(),
    description: z.string(),
    default: z.unknown(),
  }),
);

export const readinessSchema = named(
  "Readiness",
  z.object({
    status: z.enum(["ready", "not_ready"]),
    checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().exactOptional() })),
  }),
);

export const serverFactsSchema = named(
  "ServerFacts",
  z.object({
    version: z.string(),
    startedAtMs: instantSchema,
    dataFolder: z.string().nullable(),
    dashboardUrl: z.string().nullable(),
    gatewayUrl: z.string().nullable(),
    pid: z.number(),
    node: z.string(),
    threads: z.array(z.string()).readonly(),
  }),
);
