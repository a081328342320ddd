// The inbox: claim under a lease, then extend, progress, settle. The token cannot be guessed and
// fences off everybody who held the work before; an agent also needs to be the one it was given to.

import { z } from "zod";

import { serverLimits } from "../limits.ts";
import { defineRoute, empty, given, json } from "../route.ts";
import type { Route, RouteContext } from "../route.ts";
import { mailboxSchema } from "../schemas/agents.ts";
import { idSchema, jsonValueSchema, named, nameSchema, noteSchema } from "../schemas/common.ts";
import { claimedMessageSchema } from "../schemas/messages.ts";
import { agentOf } from "./agents.ts";
import { ownThing } from "./messages.ts";

const inboxParams = z.strictObject({ agentId: nameSchema });
const tokenSchema = idSchema.describe("Token of the claimed message");
const leaseSchema = named("LeaseExtension", z.object({ leaseMs: z.number() }));

const DAY_MS = 86_400_000;

export function inboxRoutes(): readonly Route[] {
  return [counts(), claim(), extend(), progress(), done(), retry(), deadLetter()];
}

function counts(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/inbox/{agentId}",
    summary: "What waits in an inbox",
    tag: "Inbox",
    action: "inbox.read",
    params: inboxParams,
    responses: { 200: json("Counts", mailboxSchema) },
    resource: ({ params }) => ({ kind: "inbox", id: params.agentId, agentIds: [params.agentId] }),
    async handler({ namespace, params }) {
      await agentOf(namespace, params.agentId);
      return namespace.communication.getMailbox(params.agentId);
    },
  });
}

function claim(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/inbox/{agentId}/claim",
    summary: "Take messages under a lease",
    description: "Waits up to waitMs for mail. What is not settled in time is handed out again.",
    tag: "Inbox",
    action: "inbox.claim",
    audited: false,
    params: inboxParams,
    body: z.strictObject({
      max: z.number().int().min(1).max(serverLimits.batchMessages.value).default(1),
      waitMs: z.number().int().min(0).max(serverLimits.waitMs.value).default(0),
      leaseMs: z.number().int().min(1000).max(DAY_MS).exactOptional(),
    }),
    example: { max: 1, waitMs: 30_000 },
    responses: {
      200: json("Urgent first", z.object({ messages: z.array(claimedMessageSchema) })),
    },
    resource: ({ params }) => ({ kind: "inbox", id: params.agentId, agentIds: [params.agentId] }),
    async handler(context) {
      const { namespace, params, body, signal } = context;
      try {
        const options = { ...body, signal };
        const messages = await namespace.communication.claim(params.agentId, options);
        return { messages: [...messages] };
      } catch (error) {
        // The server stops, or the client has left: it asks again, elsewhere or later.
        if (signal.aborted) return { messages: [] };
        throw error;
      }
    },
  });
}

function extend(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/leases/extend",
    summary: "Hold a message for longer",
    tag: "Inbox",
    action: "lease.settle",
    audited: false,
    body: z.strictObject({ token: tokenSchema }),
    example: { token: "..." },
    responses: { 200: json("The lease from now on", leaseSchema) },
    resource: (_, principal) => ownThing("lease", "token", principal),
    async handler(context) {
      await authorizeHolder(context);
      return context.namespace.communication.extend(context.body.token);
    },
  });
}

function progress(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/leases/progress",
    summary: "Say how far the work is",
    description: "Extends the lease and counts as output.",
    tag: "Inbox",
    action: "lease.settle",
    audited: false,
    body: z.strictObject({
      token: tokenSchema,
      progress: z.number().min(0).max(1).exactOptional(),
      note: noteSchema.exactOptional(),
    }),
    example: { token: "...", progress: 0.5, note: "half of the files" },
    responses: { 200: json("The lease from now on", leaseSchema) },
    resource: (_, principal) => ownThing("lease", "token", principal),
    async handler(context) {
      await authorizeHolder(context);
      const { token, ...report } = context.body;
      return context.namespace.communication.progress(token, report);
    },
  });
}

function done(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/leases/done",
    summary: "Settle a message: the work is done",
    tag: "Inbox",
    action: "lease.settle",
    audited: false,
    body: z.strictObject({
      token: tokenSchema,
      result: jsonValueSchema.exactOptional(),
      reply: jsonValueSchema.exactOptional().describe("Payload of an answer, in the same commit"),
    }),
    example: { token: "...", result: { sha256: "..." } },
    responses: { 204: empty("Settled") },
    resource: (_, principal) => ownThing("lease", "token", principal),
    async handler(context) {
      await authorizeHolder(context);
      const { token, ...report } = context.body;
      await context.namespace.communication.done(token, given(report));
      return undefined;
    },
  });
}

function retry(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/leases/retry",
    summary: "Give a message back, to be handed out again",
    tag: "Inbox",
    action: "lease.settle",
    audited: false,
    body: z.strictObject({
      token: tokenSchema,
      delayMs: z.number().int().min(0).max(DAY_MS).exactOptional(),
      note: noteSchema.exactOptional(),
    }),
    example: { token: "...", delayMs: 5000, note: "the service answered 503" },
    responses: { 204: empty("Back in the inbox") },
    resource: (_, principal) => ownThing("lease", "token", principal),
    async handler(context) {
      await authorizeHolder(context);
      const { token, ...request } = context.body;
      await context.namespace.communication.retry(token, request);
      return undefined;
    },
  });
}

function deadLetter(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/leases/dead-letter",
    summary: "Refuse a message for good",
    description: "It becomes a dead letter with the note as its reason; its sender can see that.",
    tag: "Inbox",
    action: "lease.settle",
    audited: false,
    body: z.strictObject({ token: tokenSchema, note: noteSchema.min(1) }),
    example: { token: "...", note: "no such file" },
    responses: { 204: empty("Dead") },
    resource: (_, principal) => ownThing("lease", "token", principal),
    async handler(context) {
      await authorizeHolder(context);
      const { token, note } = context.body;
      await context.namespace.communication.deadLetter(token, { note });
      return undefined;
    },
  });
}

/**
 * Refuses another agent's lease: a token that leaked into a log is no key. What is no longer in
 * force is left to the settlement, which says what became of it.
 */
async function authorizeHolder(
  context: RouteContext<unknown, unknown, { readonly token: string }>,
): Promise<void> {
  if (context.principal.kind !== "agent") return;
  const holder = await context.namespace.communication.holderOf(context.body.token);
  if (holder === undefined) return;
  context.authorize({ kind: "lease", id: `of ${holder}`, agentIds: [holder] });
}
