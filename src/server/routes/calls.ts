// The history of calls through the gateway.

import { z } from "zod";

import type { Principal } from "../../core/index.ts";
import { GatewayError } from "../../gateway/index.ts";
import type { CallRecord } from "../../gateway/index.ts";
import { defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import {
  countParameter,
  idParams,
  nameSchema,
  numberParameter,
  rangeParameters,
} from "../schemas/common.ts";
import { callSchema } from "../schemas/gateway.ts";
import { ownId, ownList, ownThing } from "./messages.ts";

const sequenceParameter = numberParameter(z.number("must be a number").int().min(0));

const query = z.strictObject({
  serviceId: nameSchema.exactOptional(),
  agentId: nameSchema.exactOptional(),
  method: z
    .string()
    .regex(/^[A-Za-z]{1,32}$/, "must be a method, such as GET")
    .transform((method) => method.toUpperCase())
    .exactOptional(),
  status: z
    .string()
    .regex(/^[1-5](?:\d\d|xx)$/, "must be a status (404) or a class (4xx)")
    .exactOptional(),
  text: z.string().max(500).exactOptional().describe("Part of the path"),
  traceId: z.string().max(64).exactOptional(),
  ...rangeParameters,
  minDurationMs: numberParameter(z.number("must be milliseconds").min(0)).exactOptional(),
  failed: z.stringbool().exactOptional().describe("5xx, 499, or refused by the gateway"),
  beforeSequence: sequenceParameter.exactOptional().describe("Older than this one: for paging"),
  afterSequence: sequenceParameter.exactOptional().describe("Newer than this one: for following"),
  limit: countParameter().default(100),
});

export function callRoutes(): readonly Route[] {
  return [list(), read()];
}

/** A call as the caller may see it: agents are not told where a service runs. */
function shownTo(principal: Principal, call: CallRecord): CallRecord {
  return principal.kind === "admin" ? call : { ...call, endpoint: null };
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/calls",
    summary: "Find calls that went through the gateway, or were refused by it",
    description: "Newest first. An agent sees its own.",
    tag: "Services",
    action: "call.list",
    query,
    responses: { 200: json("The calls", z.object({ calls: z.array(callSchema) })) },
    resource: (input, principal) => ownList("call", input.query.agentId, principal),
    async handler({ namespace, principal, query: asked }) {
      const agentId = asked.agentId ?? ownId(principal);
      const found = await namespace.gateway.getCalls(given({ ...asked, agentId }));
      return { calls: found.map((call) => shownTo(principal, call)) };
    },
  });
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/calls/{id}",
    summary: "Read one call",
    tag: "Services",
    action: "call.read",
    params: idParams,
    responses: { 200: json("The call", callSchema) },
    resource: ({ params }, principal) => ownThing("call", params.id, principal),
    async handler({ namespace, principal, params, authorize }) {
      const call = await namespace.gateway.getCall(params.id);
      if (call === undefined) {
        const message = `No call "${params.id}" in namespace "${namespace.name}"`;
        throw new GatewayError("gateway.call_unknown", message);
      }
      const agentIds = call.agentId === null ? [] : [call.agentId];
      authorize({ kind: "call", id: call.id, agentIds });
      return shownTo(principal, call);
    },
  });
}
