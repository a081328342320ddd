// CPU and heap profiles: asked for, taken by the agent's own runtime, kept, handed out.

import { z } from "zod";

import { ProfilerError } from "../../profiler/index.ts";
import type { ProfileRecord } from "../../profiler/index.ts";
import { content, defineRoute, empty, given, json } from "../route.ts";
import type { Route, RouteContext } from "../route.ts";
import {
  agentParams,
  countParameter,
  idParams,
  nameSchema,
  rangeParameters,
  waitParameter,
} from "../schemas/common.ts";
import {
  flameNodeSchema,
  profileKindSchema,
  profileRequestSchema,
  profileSchema,
  profileStateSchema,
} from "../schemas/profiles.ts";
import { orderer } from "./agent-control.ts";
import { agentOf } from "./agents.ts";
import { ownId, ownList, ownThing } from "./messages.ts";

const TAG = "Profiles";

/** What a route about one profile works with, as far as finding it is concerned. */
export type ProfileContext = Pick<
  RouteContext<z.output<typeof idParams>>,
  "namespace" | "params" | "authorize"
>;

export function profileRoutes(): readonly Route[] {
  return [requestOfAgent(), requestOfServer(), list(), read(), data(), tree(), remove()];
}

/** The profile, if the caller may see it. */
export async function profileOf(context: ProfileContext): Promise<ProfileRecord> {
  const { namespace, params, authorize } = context;
  const found = await namespace.profiles.get(params.id);
  if (found === undefined) {
    const message = `No profile "${params.id}" in namespace "${namespace.name}"`;
    throw new ProfilerError("profiler.profile_unknown", message);
  }
  const agentIds = found.agentId === null ? [] : [found.agentId];
  authorize({ kind: "profile", id: found.id, agentIds });
  return found;
}

function requestOfAgent(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/agents/{id}/profiles",
    summary: "Take a profile of a running agent",
    description:
      "The agent's SDK samples its own runtime and sends the result; wait for it with " +
      "GET /api/v1/profiles/{id}?waitMs.",
    tag: TAG,
    action: "profile.request",
    params: agentParams,
    body: profileRequestSchema,
    example: { kind: "cpu", seconds: 10 },
    responses: { 202: json("The agent has been asked", profileSchema) },
    resource: ({ params }) => ({ kind: "agent", id: params.id }),
    async handler(context) {
      const { namespace, params } = context;
      await agentOf(namespace, params.id);
      return requested(context, params.id);
    },
  });
}

function requestOfServer(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/profiles",
    summary: "Take a profile of the server itself",
    tag: TAG,
    action: "profile.request",
    body: profileRequestSchema,
    example: { kind: "cpu", seconds: 5 },
    responses: { 202: json("It has begun", profileSchema) },
    resource: () => ({ kind: "server", id: "profile" }),
    handler: (context) => requested(context, null),
  });
}

async function requested(
  context: Pick<RouteContext, "namespace" | "principal" | "note"> & {
    readonly body: z.output<typeof profileRequestSchema>;
  },
  agentId: string | null,
): Promise<ProfileRecord> {
  const { namespace, body, note } = context;
  const record = await namespace.profiles.request({ agentId, ...body, by: orderer(context) });
  note({ profileId: record.id, ...body });
  return record;
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/profiles",
    summary: "List profiles",
    tag: TAG,
    action: "profile.list",
    query: z.strictObject({
      agentId: nameSchema.exactOptional(),
      kind: profileKindSchema.exactOptional(),
      state: profileStateSchema.exactOptional(),
      ...rangeParameters,
      limit: countParameter().default(100),
    }),
    responses: { 200: json("Newest first", z.object({ profiles: z.array(profileSchema) })) },
    resource: ({ query }, principal) => ownList("profile", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const agentId = query.agentId ?? ownId(principal);
      return { profiles: [...(await namespace.profiles.list(given({ ...query, agentId })))] };
    },
  });
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/profiles/{id}",
    summary: "Read one profile, or wait until it is done",
    tag: TAG,
    action: "profile.read",
    params: idParams,
    query: z.strictObject({ waitMs: waitParameter().default(0) }),
    responses: { 200: json("As far as it is", profileSchema) },
    resource: ({ params }, principal) => ownThing("profile", params.id, principal),
    async handler(context) {
      const { namespace, params, query, signal } = context;
      const now = await profileOf(context);
      if (query.waitMs === 0) return now;
      return (await namespace.profiles.get(params.id, { waitMs: query.waitMs, signal })) ?? now;
    },
  });
}

function data(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/profiles/{id}/data",
    summary: "Download a profile",
    description:
      "cpuprofile: as V8 gives it, for its own tools (a heap profile is a .heapprofile); " +
      "pprof: gzipped protobuf; folded: one stack a line.",
    tag: TAG,
    action: "profile.read",
    params: idParams,
    query: z.strictObject({ format: z.enum(["cpuprofile", "pprof", "folded"]).default("pprof") }),
    responses: { 200: content("application/octet-stream", "The file") },
    resource: ({ params }, principal) => ownThing("profile", params.id, principal),
    async handler(context) {
      const { namespace, params, query, reply } = context;
      await profileOf(context);
      const file = await namespace.profiles.data(params.id, query.format);
      reply.type(file.contentType);
      reply.header("content-disposition", `attachment; filename="${fileNameOf(file.name)}"`);
      return Buffer.from(file.bytes);
    },
  });
}

/** Header fields take no quotes and no controls. */
function fileNameOf(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, "_");
}

function tree(): Route {
  const schema = z.object({ root: flameNodeSchema, unit: z.string(), total: z.number() });
  return defineRoute({
    method: "GET",
    path: "/api/v1/profiles/{id}/tree",
    summary: "Read a profile as a tree of calls",
    tag: TAG,
    action: "profile.read",
    params: idParams,
    responses: { 200: json("Values in microseconds or bytes", schema) },
    resource: ({ params }, principal) => ownThing("profile", params.id, principal),
    async handler(context) {
      await profileOf(context);
      const { root, unit, total } = await context.namespace.profiles.tree(context.params.id);
      return { root, unit, total };
    },
  });
}

function remove(): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/profiles/{id}",
    summary: "Delete a profile",
    tag: TAG,
    action: "profile.delete",
    params: idParams,
    responses: { 204: empty("It is gone") },
    resource: ({ params }) => ({ kind: "profile", id: params.id }),
    async handler(context) {
      await profileOf(context);
      await context.namespace.profiles.delete(context.params.id);
      return undefined;
    },
  });
}
