// The registry: who there is, what each can do, how each is doing.

import { z } from "zod";

import { CommunicationError } from "../../communication/index.ts";
import type { AgentView } from "../../communication/index.ts";
import { ActivityKind } from "../../core/index.ts";
import type { Principal } from "../../core/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { serverLimits } from "../limits.ts";
import { defineRoute, empty, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import {
  agentStateSchema,
  agentStatusSchema,
  agentViewSchema,
  capabilitiesSchema,
  instanceSchema,
  stateChangeSchema,
} from "../schemas/agents.ts";
import {
  agentParams,
  countParameter,
  jsonObjectSchema,
  nameSchema,
  noteSchema,
  rangeParameters,
} from "../schemas/common.ts";
import { agentSummarySchema } from "../schemas/metrics.ts";
import type { Services } from "../services.ts";

const DAY_MS = 86_400_000;

const registrationSchema = z.strictObject({
  agentId: nameSchema,
  name: z.string().min(1).max(128).exactOptional(),
  capabilities: capabilitiesSchema.exactOptional(),
  endpoint: z.string().max(2048).nullable().exactOptional(),
  kind: nameSchema.exactOptional(),
  version: z.string().max(128).nullable().exactOptional(),
  instance: instanceSchema.nullable().exactOptional(),
  metadata: jsonObjectSchema.exactOptional(),
});

export function agentRoutes(services: Services): readonly Route[] {
  return [register(), list(), read(), update(), unregister(services), ...history(services)];
}

/** The agent, or an error that names near matches. */
export function agentOf(namespace: FleetNamespace, agentId: string): Promise<AgentView> {
  return namespace.communication.requireAgent(agentId);
}

/** @throws CommunicationError when a quarantined agent measures, or says anything. */
export function refuseQuarantined(
  { communication }: FleetNamespace,
  { kind, id }: Principal,
): void {
  if (kind !== "agent" || !communication.isQuarantined(id)) return;
  const message = `Agent "${id}" is quarantined: nothing it says or measures is taken`;
  throw new CommunicationError("communication.agent_quarantined", message);
}

/** What an agent measures shows that it does something. */
export function noteOutput({ communication }: FleetNamespace, { kind, id }: Principal): void {
  if (kind === "agent") communication.recordActivity(id, ActivityKind.Output);
}

function register(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents",
    summary: "Register an agent, or renew its registration",
    description: "Keeps the inbox. An agent registers only itself.",
    tag: "Agents",
    action: "agent.register",
    body: registrationSchema,
    example: { agentId: "worker-1", capabilities: ["hash", "sort"] },
    responses: {
      200: json("Registered again", agentViewSchema),
      201: json("Registered", agentViewSchema),
    },
    resource: (_, principal) => ({ kind: "agent", id: "new", agentIds: [principal.id] }),
    async handler(context) {
      const { communication } = context.namespace;
      const { body } = context;
      context.authorize({ kind: "agent", id: body.agentId, agentIds: [body.agentId] });
      const known = await communication.getAgentInfo(body.agentId);
      const instance = body.instance ?? known?.instance ?? null;
      if (known === undefined) context.status(201);
      return communication.registerAgent({ ...body, instance });
    },
  });
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/agents",
    summary: "Find agents",
    description: "In order of discovery: online first, then the least loaded.",
    tag: "Agents",
    action: "agent.list",
    query: z.strictObject({
      capability: z.string().max(128).exactOptional(),
      status: agentStatusSchema.exactOptional(),
      state: agentStateSchema.exactOptional(),
      text: z.string().max(500).exactOptional(),
      limit: countParameter(serverLimits.listAgents.value).exactOptional(),
    }),
    responses: { 200: json("The agents", z.object({ agents: z.array(agentViewSchema) })) },
    resource: () => ({ kind: "agent", id: "*" }),
    handler: async ({ namespace, query }) => {
      const agents = await namespace.communication.findAgents(query);
      return { agents: [...agents].slice(0, query.limit) };
    },
  });
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/agents/{id}",
    summary: "Read one agent",
    tag: "Agents",
    action: "agent.read",
    params: agentParams,
    responses: { 200: json("The agent", agentViewSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
    handler: ({ namespace, params }) => agentOf(namespace, params.id),
  });
}

function update(): Route {
  return defineRoute({
    method: "PATCH",
    path: "/api/v1/agents/{id}",
    summary: "Change what an agent says of itself",
    tag: "Agents",
    action: "agent.update",
    params: agentParams,
    body: z.strictObject({
      status: agentStatusSchema.exactOptional(),
      note: noteSchema.exactOptional(),
      capabilities: capabilitiesSchema.exactOptional(),
      metadata: jsonObjectSchema.exactOptional(),
    }),
    example: { status: "busy", note: "index rebuild" },
    responses: { 200: json("The agent", agentViewSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
    async handler({ namespace, params, body, note }) {
      note({ fields: Object.keys(body) });
      await agentOf(namespace, params.id);
      return namespace.communication.updateAgent(params.id, given(body));
    },
  });
}

function unregister({ identities }: Services): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/agents/{id}",
    summary: "Unregister an agent",
    description: "Its key stops working, and mail it has not taken becomes dead letters.",
    tag: "Agents",
    action: "agent.unregister",
    params: agentParams,
    responses: { 204: empty("It is gone; its history stays") },
    resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
    async handler({ namespace, principal, params }) {
      await agentOf(namespace, params.id);
      // It would enrol again without the quarantine.
      refuseQuarantined(namespace, principal);
      await namespace.communication.unregisterAgent(params.id);
      await identities.revokeAgent(namespace.name, params.id);
      return undefined;
    },
  });
}

function history({ clock }: Services): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/agents/{id}/states",
      summary: "How an agent's state changed",
      description: "Oldest first, beginning with the state in force at fromMs. Default: 24 h.",
      tag: "Agents",
      action: "agent.states.read",
      params: agentParams,
      query: z.strictObject(rangeParameters),
      responses: { 200: json("The changes", z.object({ states: z.array(stateChangeSchema) })) },
      resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
      async handler({ namespace, params, query }) {
        const toMs = query.toMs ?? clock.now();
        const fromMs = query.fromMs ?? toMs - DAY_MS;
        const states = await namespace.communication.getStates({
          agentId: params.id,
          fromMs,
          toMs,
        });
        return { states: [...states] };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/agents/{id}/summary",
      summary: "Summaries of an agent's metrics",
      tag: "Agents",
      action: "agent.summary.read",
      params: agentParams,
      query: z.strictObject(rangeParameters),
      responses: { 200: json("By metric", agentSummarySchema) },
      resource: ({ params }) => ({ kind: "agent", id: params.id, agentIds: [params.id] }),
      handler: ({ namespace, params, query }) =>
        namespace.tracker.getAgentPerformanceSummary(params.id, given(query)),
    }),
  ];
}
