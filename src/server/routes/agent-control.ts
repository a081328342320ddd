// Signs of life from an agent's side, and orders from the side of whoever runs the fleet.

import { z } from "zod";

import { OPERATOR } from "../../core/index.ts";
import { communicationLimits } from "../../communication/index.ts";
import type { AgentView } from "../../communication/index.ts";
import { serverLimits } from "../limits.ts";
import { defineRoute, empty, json } from "../route.ts";
import type { Route, RouteContext } from "../route.ts";
import {
  agentStatusSchema,
  agentViewSchema,
  heartbeatReplySchema,
  processUsageSchema,
} from "../schemas/agents.ts";
import { agentParams, countParameter, idSchema, instantSchema, named } from "../schemas/common.ts";
import { agentOf } from "./agents.ts";

const logLineSchema = named(
  "LogLine",
  z.strictObject({
    atMs: instantSchema,
    stream: z.enum(["stdout", "stderr"]),
    text: z.string().max(16_384),
  }),
);

const knownStandingSchema = named(
  "KnownStanding",
  z.strictObject({
    paused: z.boolean().exactOptional(),
    quarantined: z.boolean().exactOptional(),
    commands: z.array(idSchema).max(256).exactOptional().describe("Ids it leaves to others"),
  }),
);

export function agentControlRoutes(): readonly Route[] {
  return [heartbeat(), pause(), resume(), quarantine(), release(), restart(), ...log()];
}

/** How an order's giver is named to the fleet: the audit log knows which admin it was. */
export function orderer(context: Pick<RouteContext, "principal">): string {
  return context.principal.kind === "admin" ? OPERATOR : context.principal.id;
}

function heartbeat(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/heartbeat",
    summary: "Show that an agent lives",
    description:
      "Extends the leases named, and brings back commands until they are acknowledged. With " +
      "waitMs it counts at once and is answered when a command comes, the agent is paused, " +
      "resumed, quarantined or released, or the time is over.",
    tag: "Agents",
    action: "agent.heartbeat",
    audited: false,
    params: agentParams,
    body: z.strictObject({
      status: agentStatusSchema.exactOptional(),
      process: processUsageSchema.nullable().exactOptional(),
      exitCode: z.number().int().exactOptional(),
      leases: z.array(idSchema).max(256).exactOptional().describe("Tokens of leases to extend"),
      ackCommands: z.array(idSchema).max(256).exactOptional(),
      instanceId: z.string().min(1).max(128).exactOptional(),
      left: z.boolean().exactOptional().describe("The agent says goodbye"),
      waitMs: z
        .number()
        .int()
        .min(0)
        .max(communicationLimits.heartbeatWaitMs.value)
        .exactOptional(),
      knows: knownStandingSchema
        .exactOptional()
        .describe("What it was told last; the answer comes at once when things stand otherwise"),
    }),
    example: { status: "busy" },
    responses: { 200: json("What waits for the agent", heartbeatReplySchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
    handler: ({ namespace, params, body, signal }) =>
      namespace.communication.heartbeat(params.id, { ...body, signal }),
  });
}

function pause(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/pause",
    summary: "Pause an agent",
    description: "Its inbox hands out nothing until it is resumed; what it holds it may finish.",
    tag: "Agents",
    action: "agent.pause",
    params: agentParams,
    body: z.strictObject({ reason: z.string().max(500).default("") }),
    example: { reason: "waits in a circle with planner" },
    responses: { 200: json("The agent", agentViewSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id }),
    async handler(context): Promise<AgentView> {
      const { namespace, params, body } = context;
      await agentOf(namespace, params.id);
      const hold = { by: orderer(context), reason: body.reason };
      await namespace.communication.pauseAgent(params.id, hold);
      context.note({ reason: body.reason });
      return agentOf(namespace, params.id);
    },
  });
}

function resume(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/resume",
    summary: "Let a paused agent go on",
    tag: "Agents",
    action: "agent.resume",
    params: agentParams,
    responses: { 200: json("The agent", agentViewSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id }),
    async handler(context): Promise<AgentView> {
      const { namespace, params } = context;
      await agentOf(namespace, params.id);
      await namespace.communication.resumeAgent(params.id, { by: orderer(context) });
      return agentOf(namespace, params.id);
    },
  });
}

function quarantine(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/quarantine",
    summary: "Quarantine an agent",
    description:
      "As a pause; and what it sends, finishes and measures is refused until it is released. " +
      "Its calls through the gateway are cut. It may heartbeat and read.",
    tag: "Agents",
    action: "agent.quarantine",
    params: agentParams,
    body: z.strictObject({ reason: z.string().max(500).default("") }),
    example: { reason: "answers with other agents' secrets" },
    responses: { 200: json("The agent", agentViewSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id }),
    async handler(context): Promise<AgentView> {
      const { namespace, params, body } = context;
      await agentOf(namespace, params.id);
      const hold = { by: orderer(context), reason: body.reason };
      await namespace.communication.quarantineAgent(params.id, hold);
      context.note({ reason: body.reason });
      return agentOf(namespace, params.id);
    },
  });
}

function release(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/release",
    summary: "End an agent's quarantine",
    description: "A pause that was there beside it stays.",
    tag: "Agents",
    action: "agent.release",
    params: agentParams,
    responses: { 200: json("The agent", agentViewSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id }),
    async handler(context): Promise<AgentView> {
      const { namespace, params } = context;
      await agentOf(namespace, params.id);
      await namespace.communication.releaseAgent(params.id, { by: orderer(context) });
      return agentOf(namespace, params.id);
    },
  });
}

function restart(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/restart",
    summary: "Ask an agent's wrapper to restart its process",
    description: "The order goes out with the next heartbeat, until the wrapper acknowledges it.",
    tag: "Agents",
    action: "agent.restart",
    params: agentParams,
    responses: {
      202: json("The order waits", named("CommandId", z.object({ commandId: z.string() }))),
    },
    resource: ({ params }) => ({ kind: "agent", id: params.id }),
    async handler(context) {
      const { namespace, params } = context;
      await agentOf(namespace, params.id);
      const by = orderer(context);
      const command = await namespace.communication.requestRestart(params.id, { by });
      context.note({ commandId: command.id });
      return { commandId: command.id };
    },
  });
}

function log(): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/agents/{id}/log",
      summary: "Hand in what an agent's process printed",
      description: "The server keeps the last lines in memory.",
      tag: "Agents",
      action: "agent.log.write",
      audited: false,
      params: agentParams,
      body: z.strictObject({ lines: z.array(logLineSchema).max(serverLimits.listItems.value) }),
      example: { lines: [{ atMs: 1_795_442_400_000, stream: "stdout", text: "ready" }] },
      responses: { 204: empty("Kept") },
      resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
      async handler({ namespace, params, body }) {
        await agentOf(namespace, params.id);
        namespace.logs.append(params.id, body.lines);
        return undefined;
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/agents/{id}/log",
      summary: "The last lines an agent's process printed",
      tag: "Agents",
      action: "agent.log.read",
      params: agentParams,
      query: z.strictObject({ limit: countParameter().default(200) }),
      responses: { 200: json("Oldest first", z.object({ lines: z.array(logLineSchema) })) },
      resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
      async handler({ namespace, params, query }) {
        await agentOf(namespace, params.id);
        return { lines: [...namespace.logs.lines(params.id, query.limit)] };
      },
    }),
  ];
}
