// Messages, receipts and tasks on the wire.

import { z } from "zod";

import { DeadReason } from "../../communication/index.ts";
import type {
  ClaimedMessage,
  ConversationSummary,
  Delivery,
  Message,
  MessageWithDeliveries,
  SendResult,
  Task,
  TaskRequest,
} from "../../communication/index.ts";
import { deliveryStateSchema, prioritySchema, taskStateSchema } from "./agents.ts";
import {
  idSchema,
  instantSchema,
  jsonValueSchema,
  named,
  nameSchema,
  traceparentSchema,
} from "./common.ts";

export const taskRequestSchema: z.ZodType<TaskRequest> = named(
  "TaskRequest",
  z.strictObject({
    title: z.string().min(1).max(500),
    parentId: idSchema.exactOptional(),
    expectMs: z.number().min(0).exactOptional().describe("Longest time without output"),
  }),
);

/** A message as it is handed in. */
export const sendSchema = named(
  "Send",
  z.strictObject({
    senderId: nameSchema.exactOptional().describe("Admins only; an agent sends as itself"),
    recipientId: nameSchema,
    type: nameSchema.default("direct").describe("task_assignment makes a task; see MessageType"),
    payload: jsonValueSchema,
    priority: prioritySchema.exactOptional().describe("Lane of the inbox; normal when absent"),
    dedupeKey: idSchema.exactOptional().describe("The same key is accepted once in 24 h"),
    orderingKey: idSchema
      .exactOptional()
      .describe("Messages of one key are handed out one after another"),
    replyToId: idSchema.exactOptional().describe("The message this one answers"),
    conversationId: idSchema.exactOptional(),
    expectsReply: z.boolean().exactOptional().describe("The sender waits for an answer"),
    task: taskRequestSchema.exactOptional(),
    traceparent: traceparentSchema.exactOptional(),
  }),
);

export const sendResultSchema: z.ZodType<SendResult> = named(
  "SendResult",
  z.object({
    messageId: z.string(),
    deliveryId: z.string(),
    duplicate: z.boolean(),
    recipientOnline: z.boolean(),
  }),
);

export const messageSchema: z.ZodType<Message> = named(
  "Message",
  z.object({
    id: z.string(),
    namespace: z.string(),
    senderId: z.string(),
    recipientId: z.string().nullable(),
    type: z.string(),
    payload: jsonValueSchema,
    priority: prioritySchema,
    conversationId: z.string(),
    replyToId: z.string().nullable(),
    expectsReply: z.boolean(),
    orderingKey: z.string().nullable(),
    dedupeKey: z.string().nullable(),
    traceparent: z.string().nullable(),
    task: taskRequestSchema.nullable(),
    acceptedAtMs: instantSchema,
  }),
);

export const deliverySchema: z.ZodType<Delivery> = named(
  "Delivery",
  z.object({
    id: z.string(),
    messageId: z.string(),
    recipientId: z.string(),
    priority: prioritySchema,
    sequence: z.number(),
    state: deliveryStateSchema,
    attempts: z.number(),
    acceptedAtMs: instantSchema,
    visibleAtMs: instantSchema.nullable(),
    deliveredAtMs: instantSchema.nullable(),
    settledAtMs: instantSchema.nullable(),
    answeredAtMs: instantSchema.nullable(),
    answerId: z.string().nullable(),
    deadReason: z.enum(DeadReason).nullable(),
    note: z.string().nullable(),
    result: jsonValueSchema.nullable(),
  }),
);

export const messageWithDeliveriesSchema: z.ZodType<MessageWithDeliveries> = named(
  "MessageWithDeliveries",
  z.object({ message: messageSchema, deliveries: z.array(deliverySchema) }),
);

export const messageListSchema = z.object({ messages: z.array(messageWithDeliveriesSchema) });

export const claimedMessageSchema: z.ZodType<ClaimedMessage> = named(
  "ClaimedMessage",
  z.object({
    message: messageSchema,
    deliveryId: z.string(),
    token: z.string(),
    attempt: z.number(),
    leaseMs: z.number(),
    taskId: z.string().nullable(),
  }),
);

export const conversationSchema: z.ZodType<ConversationSummary> = named(
  "ConversationSummary",
  z.object({
    conversationId: z.string(),
    participants: z.array(z.string()),
    firstAtMs: instantSchema,
    lastAtMs: instantSchema,
    messages: z.number(),
    open: z.number(),
    dead: z.number(),
    subject: z.string(),
  }),
);

export const taskSchema: z.ZodType<Task> = named(
  "Task",
  z.object({
    id: z.string(),
    namespace: z.string(),
    agentId: z.string(),
    title: z.string(),
    parentId: z.string().nullable(),
    messageId: z.string().nullable(),
    state: taskStateSchema,
    attempt: z.number(),
    progress: z.number().nullable(),
    note: z.string().nullable(),
    result: jsonValueSchema.nullable(),
    expectMs: z.number().nullable(),
    traceparent: z.string().nullable(),
    createdAtMs: instantSchema,
    updatedAtMs: instantSchema,
    endedAtMs: instantSchema.nullable(),
  }),
);
