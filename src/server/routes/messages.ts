// Sending and reading messages.

import { z } from "zod";

import { CommunicationError } from "../../communication/index.ts";
import type { MessageWithDeliveries, SendRequest } from "../../communication/index.ts";
import { OPERATOR } from "../../core/index.ts";
import type { Principal } from "../../core/index.ts";
import { SecurityError } from "../../security/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { serverLimits } from "../limits.ts";
import { itemProblem } from "../problem.ts";
import { defineRoute, empty, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { deliveryStateSchema, prioritySchema } from "../schemas/agents.ts";
import {
  countParameter,
  idParams,
  idSchema,
  jsonValueSchema,
  named,
  nameSchema,
  problemSchema,
  placeParameters,
  rangeParameters,
  waitParameter,
} from "../schemas/common.ts";
import {
  conversationSchema,
  messageListSchema,
  messageSchema,
  messageWithDeliveriesSchema,
  sendResultSchema,
  sendSchema,
} from "../schemas/messages.ts";

const broadcastSchema = z.strictObject({
  senderId: nameSchema.exactOptional(),
  type: nameSchema.default("broadcast"),
  payload: jsonValueSchema,
  priority: prioritySchema.exactOptional(),
  capability: z.string().min(1).max(128).exactOptional(),
  kind: nameSchema.exactOptional(),
});

export function messageRoutes(): readonly Route[] {
  return [send(), sendMany(), broadcast(), list(), read(), waitForReply(), conversations()];
}

/**
 * In whose name a caller speaks: an agent in its own, an admin in any, by default `operator`.
 * @throws SecurityError `security.not_the_sender`
 */
export function senderOf(principal: Principal, claimed: string | undefined): string {
  if (principal.kind !== "agent") return claimed ?? OPERATOR;
  if (claimed === undefined || claimed === principal.id) return principal.id;
  const message = `Agent "${principal.id}" cannot speak as "${claimed}"`;
  throw new SecurityError("security.not_the_sender", message);
}

/** The agents whose own a message is. */
export function participantsOf({ message, deliveries }: MessageWithDeliveries): string[] {
  return [message.senderId, ...deliveries.map((delivery) => delivery.recipientId)];
}

function send(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/messages",
    summary: "Send a message",
    description: "Answered once the message would survive a power cut.",
    tag: "Messages",
    action: "message.send",
    audited: false,
    body: sendSchema,
    example: {
      recipientId: "worker-1",
      type: "task_assignment",
      payload: { file: "README.md" },
      task: { title: "hash README.md" },
    },
    responses: { 201: json("Accepted", sendResultSchema) },
    resource: (_, principal) => ({ kind: "message", id: "new", agentIds: [principal.id] }),
    handler: ({ namespace, principal, body, traceparent }) =>
      namespace.communication.send(toRequest(principal, body, traceparent)),
  });
}

function sendMany(): Route {
  const resultSchema = z.union([
    sendResultSchema,
    z.object({ error: problemSchema.describe("Why this one was not accepted") }),
  ]);
  return defineRoute({
    method: "POST",
    path: "/api/v1/messages/batch",
    summary: "Send several messages with one commit",
    description: "Each is accepted or refused by itself.",
    tag: "Messages",
    action: "message.send",
    audited: false,
    body: z.strictObject({ messages: z.array(sendSchema).max(serverLimits.batchMessages.value) }),
    example: { messages: [{ recipientId: "worker-1", payload: { n: 1 } }] },
    responses: { 200: json("In the order sent", z.object({ results: z.array(resultSchema) })) },
    resource: (_, principal) => ({ kind: "message", id: "new", agentIds: [principal.id] }),
    async handler({ namespace, principal, body, traceparent }) {
      const requests = body.messages.map((one) => toRequest(principal, one, traceparent));
      const outcomes = await namespace.communication.sendMany(requests);
      const results = outcomes.map((outcome) =>
        "error" in outcome ? { error: itemProblem(outcome.error) } : outcome,
      );
      return { results };
    },
  });
}

function broadcast(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/broadcasts",
    summary: "Send to every agent, or to all of a kind or with a capability",
    tag: "Messages",
    action: "message.broadcast",
    audited: false,
    body: broadcastSchema,
    example: { payload: { text: "maintenance at 18:00" }, kind: "worker" },
    responses: {
      201: json(
        "Accepted",
        named(
          "BroadcastResult",
          z.object({
            messageId: z.string(),
            recipients: z.array(z.string()).readonly(),
            refused: z.array(z.string()).readonly().describe("Left out: their inbox is full"),
          }),
        ),
      ),
    },
    resource: (_, principal) => ({ kind: "message", id: "new", agentIds: [principal.id] }),
    handler: ({ namespace, principal, body }) =>
      namespace.communication.broadcastMessage(
        senderOf(principal, body.senderId),
        body.type,
        body.payload,
        body.priority,
        given({ capability: body.capability, kind: body.kind }),
      ),
  });
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/messages",
    summary: "Read messages with their receipts",
    description:
      "Newest first. An agent reads what it has sent or received. A page of more than 8 MiB ends " +
      "early: ask on with beforeId until nothing comes.",
    tag: "Messages",
    action: "message.list",
    query: z.strictObject({
      agentId: nameSchema.exactOptional(),
      senderId: nameSchema.exactOptional(),
      recipientId: nameSchema.exactOptional(),
      conversationId: idSchema.exactOptional(),
      type: nameSchema.exactOptional(),
      state: deliveryStateSchema.exactOptional(),
      text: z.string().max(500).exactOptional(),
      ...rangeParameters,
      beforeId: idSchema.exactOptional(),
      limit: countParameter().exactOptional(),
    }),
    responses: { 200: json("The messages", messageListSchema) },
    resource: ({ query }, principal) => ownList("message", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const agentId = query.agentId ?? ownId(principal);
      const messages = await namespace.communication.getMessages(given({ ...query, agentId }));
      return { messages: [...messages] };
    },
  });
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/messages/{id}",
    summary: "Read one message with its receipts",
    tag: "Messages",
    action: "message.read",
    params: idParams,
    responses: { 200: json("The message", messageWithDeliveriesSchema) },
    resource: ({ params }, principal) => ownThing("message", params.id, principal),
    async handler({ namespace, params, authorize }) {
      const found = await messageOf(namespace, params.id);
      authorize({ kind: "message", id: params.id, agentIds: participantsOf(found) });
      return found;
    },
  });
}

function waitForReply(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/messages/{id}/reply",
    summary: "Wait for the answer to a message",
    description:
      "Whoever asked gets the answer here, and its copy in the inbox is settled; a copy that was " +
      "claimed already stays with its claim.",
    tag: "Messages",
    action: "message.wait_reply",
    params: idParams,
    query: z.strictObject({
      waitMs: waitParameter().default(0),
    }),
    responses: { 200: json("The answer", messageSchema), 204: empty("No answer yet") },
    resource: ({ params }, principal) => ownThing("message", params.id, principal),
    async handler(context) {
      const { namespace, params, principal, query } = context;
      const found = await messageOf(namespace, params.id);
      context.authorize({ kind: "message", id: params.id, agentIds: participantsOf(found) });
      const { signal } = context;
      try {
        // Who asked has now got the answer; anybody else only looks on.
        const collect = principal.kind === "agent" && principal.id === found.message.senderId;
        const wait = { timeoutMs: query.waitMs, signal, collect };
        return await namespace.communication.waitForReply(params.id, wait);
      } catch (error) {
        const late = error instanceof CommunicationError && error.code.endsWith("reply_timeout");
        if (!late && !signal.aborted) throw error;
        context.status(204);
        return undefined;
      }
    },
  });
}

function conversations(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/conversations",
    summary: "List conversations",
    description: "The one with the newest message first.",
    tag: "Messages",
    action: "conversation.list",
    query: z.strictObject({
      agentId: nameSchema.exactOptional(),
      ...placeParameters,
      limit: countParameter().exactOptional(),
    }),
    responses: {
      200: json("Summed up", z.object({ conversations: z.array(conversationSchema) })),
    },
    resource: ({ query }, principal) => ownList("conversation", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const agentId = query.agentId ?? ownId(principal);
      const found = await namespace.communication.getConversations(given({ ...query, agentId }));
      return { conversations: [...found] };
    },
  });
}

/** A list that an agent may read as far as it is about itself. */
export function ownList(
  kind: string,
  agentId: string | undefined,
  principal: Principal,
): { kind: string; id: string; agentIds: string[] } {
  return { kind, id: agentId ?? "*", agentIds: [agentId ?? principal.id] };
}

/** A thing whose owners only the handler knows; it asks again. */
export function ownThing(
  kind: string,
  id: string,
  principal: Principal,
): { kind: string; id: string; agentIds: string[] } {
  return { kind, id, agentIds: [principal.id] };
}

/** The agent a list is about when an agent names none; undefined for admins, who see all. */
export function ownId(principal: Principal): string | undefined {
  return principal.kind === "agent" ? principal.id : undefined;
}

async function messageOf(
  namespace: FleetNamespace,
  messageId: string,
): Promise<MessageWithDeliveries> {
  const found = await namespace.communication.getMessage(messageId);
  if (found !== undefined) return found;
  const message = `No message "${messageId}" in namespace "${namespace.name}"`;
  throw new CommunicationError("communication.message_unknown", message);
}

function toRequest(
  principal: Principal,
  body: z.output<typeof sendSchema>,
  traceparent: string,
): SendRequest {
  return { traceparent, ...body, senderId: senderOf(principal, body.senderId) };
}
