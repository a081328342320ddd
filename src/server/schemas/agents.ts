// Agents on the wire: shapes of communication/model.ts, checked against it by the compiler.

import { z } from "zod";

import {
  AgentState,
  AgentStatus,
  DeliveryState,
  MessagePriority,
  TaskState,
} from "../../communication/index.ts";
import type {
  AgentCommand,
  AgentHold,
  AgentInstance,
  AgentView,
  HeartbeatReply,
  MailboxCounts,
  Presence,
  ProcessUsage,
  StateChange,
} from "../../communication/index.ts";
import { instantSchema, jsonObjectSchema, named } from "./common.ts";

export const agentStatusSchema = z.enum(AgentStatus);
export const agentStateSchema = z.enum(AgentState);
export const prioritySchema = z.enum(MessagePriority);
export const deliveryStateSchema = z.enum(DeliveryState);
export const taskStateSchema = z.enum(TaskState);

export const capabilitiesSchema = z.array(z.string().min(1).max(128)).max(100);

export const instanceSchema: z.ZodType<AgentInstance> = named(
  "AgentInstance",
  z.strictObject({
    id: z.string().min(1).max(128).describe("Unique per process start"),
    host: z.string().max(255).exactOptional(),
    pid: z.number().int().min(0).exactOptional(),
    runtime: z.string().max(128).exactOptional().describe("Such as `python 3.11`"),
    startedAtMs: instantSchema.exactOptional(),
  }),
);

export const processUsageSchema: z.ZodType<ProcessUsage> = named(
  "ProcessUsage",
  z.strictObject({
    cpuPercent: z.number().min(0).describe("Whole process tree, in percent of one core"),
    memoryBytes: z.number().min(0).describe("Resident memory of the tree"),
    processes: z.number().int().min(0),
  }),
);

export const mailboxSchema: z.ZodType<MailboxCounts> = named(
  "MailboxCounts",
  z.object({
    ready: z.object({
      low: z.number(),
      normal: z.number(),
      high: z.number(),
      urgent: z.number(),
    }),
    leased: z.number(),
    delayed: z.number(),
    oldestReadyAtMs: instantSchema.nullable(),
  }),
);

const presenceSchema: z.ZodType<Presence> = named(
  "Presence",
  z.object({
    state: agentStateSchema,
    sinceMs: instantSchema,
    reason: z.string(),
    holds: z.array(
      z.object({
        kind: z.enum(["delivery", "task"]),
        id: z.string(),
        title: z.string(),
        sinceMs: instantSchema,
        messageId: z.string().nullable(),
        traceId: z.string().nullable(),
      }),
    ),
    waitsOn: z.array(
      z.object({ agentId: z.string(), messageId: z.string(), sinceMs: instantSchema }),
    ),
    cycle: z.array(z.string()),
    lastHeartbeatAtMs: instantSchema.nullable(),
    lastOutputAtMs: instantSchema.nullable(),
    process: processUsageSchema.nullable(),
    exitCode: z.number().nullable(),
    left: z
      .boolean()
      .describe("Down because it ended well: no mail or work waits for it, and nobody misses it"),
  }),
);

const holdSchema: z.ZodType<AgentHold> = named(
  "AgentHold",
  z.object({ sinceMs: instantSchema, by: z.string(), reason: z.string() }),
);

export const agentViewSchema: z.ZodType<AgentView> = named(
  "AgentView",
  z.object({
    id: z.string(),
    namespace: z.string(),
    name: z.string(),
    capabilities: z.array(z.string()),
    endpoint: z.string().nullable(),
    kind: z.string(),
    version: z.string().nullable(),
    instance: instanceSchema.nullable(),
    metadata: jsonObjectSchema,
    status: agentStatusSchema,
    registeredAtMs: instantSchema,
    paused: holdSchema.nullable(),
    quarantined: holdSchema.nullable(),
    presence: presenceSchema,
    mailbox: mailboxSchema,
  }),
);

const commandSchema: z.ZodType<AgentCommand> = named(
  "AgentCommand",
  z.discriminatedUnion("kind", [
    z.object({ id: z.string(), kind: z.enum(["restart", "pause", "resume"]) }),
    z.object({
      id: z.string(),
      kind: z.literal("profile"),
      profile: z.object({
        profileId: z.string(),
        kind: z.enum(["cpu", "heap"]),
        seconds: z.number(),
      }),
    }),
  ]),
);

export const heartbeatReplySchema: z.ZodType<HeartbeatReply> = named(
  "HeartbeatReply",
  z.object({
    atMs: instantSchema,
    intervalMs: z.number(),
    paused: z.boolean(),
    quarantined: z.boolean(),
    mailbox: mailboxSchema,
    commands: z.array(commandSchema),
    lostLeases: z.array(z.string()),
  }),
);

export const stateChangeSchema: z.ZodType<StateChange> = named(
  "StateChange",
  z.object({
    agentId: z.string(),
    state: agentStateSchema,
    atMs: instantSchema,
    reason: z.string(),
  }),
);
