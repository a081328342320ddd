// What the pages show, at once and live.

import { z } from "zod";

import { mapInSlices } from "../../core/index.ts";
import type { AgentTile } from "../../dashboard/index.ts";
import type { FleetDashboard } from "../fleet.ts";
import { serverLimits } from "../limits.ts";
import { content, defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { countParameter, named, nameSchema, numberParameter } from "../schemas/common.ts";
import { agentTileSchema, feedEventSchema, overviewSummarySchema } from "../schemas/dashboard.ts";
import type { Services } from "../services.ts";

const eventNumber = numberParameter(z.number("must be a number").int().min(0));

export function dashboardRoutes(services: Services): readonly Route[] {
  return [overview(), events(), stream(services)];
}

function overview(): Route {
  const schema = named(
    "Overview",
    z.object({ summary: overviewSummarySchema, agents: z.array(agentTileSchema) }),
  );
  return defineRoute({
    method: "GET",
    path: "/api/v1/overview",
    summary: "The fleet at a glance",
    tag: "Dashboard",
    action: "overview.read",
    responses: { 200: json("Headline, causes, health and a tile per agent", schema) },
    resource: () => ({ kind: "overview", id: "*" }),
    handler: async ({ namespace: { dashboard } }) => ({
      summary: dashboard.summary(),
      agents: await tilesOf(dashboard),
    }),
  });
}

/** All tiles; those of a large fleet are made with pauses for whatever else waits. */
export async function tilesOf(dashboard: FleetDashboard): Promise<AgentTile[]> {
  const slice = serverLimits.viewerFrameAgents.value;
  const tiles = await mapInSlices(dashboard.agentIds(), (id) => dashboard.tile(id), slice);
  return tiles.filter((tile) => tile !== undefined);
}

function events(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/events",
    summary: "The feed of events",
    description: "Oldest first: those after a number, or the newest.",
    tag: "Dashboard",
    action: "event.read",
    query: z.strictObject({
      afterId: eventNumber.exactOptional(),
      agentId: nameSchema.exactOptional(),
      limit: countParameter().default(100),
    }),
    responses: { 200: json("The events", z.object({ events: z.array(feedEventSchema) })) },
    resource: () => ({ kind: "event", id: "*" }),
    handler: async ({ namespace, query }) => ({
      events: [...(await namespace.dashboard.events(given(query)))],
    }),
  });
}

function stream({ identities, streams, closing }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/stream",
    summary: "Live changes, as server-sent events",
    description:
      "Events: hello, summary, agents (changed tiles, removed ids), feed (resumable by its id), " +
      "message (ids of changed conversations), alerts (changed ones; after hello all that fire), " +
      "services (changed ones, removed ids; after hello all). " +
      "A slow reader gets the newest state, not a queue. " +
      "Resume with the header Last-Event-ID or ?lastEventId; the number of viewers is limited.",
    tag: "Dashboard",
    action: "stream.read",
    query: z.strictObject({ lastEventId: eventNumber.exactOptional() }),
    responses: { 200: content("text/event-stream", "An endless stream") },
    resource: () => ({ kind: "stream", id: "*" }),
    handler({ namespace, query, request, reply, credential }) {
      streams.refuseWhenFull();
      const header = eventNumber.safeParse(request.headers["last-event-id"]);
      const response = reply.hijack().raw;
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) response.setHeader(name, value);
      }
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "x-accel-buffering": "no", // tells nginx and its kin not to hold frames back
      });
      streams.open(namespace, {
        response,
        lastEventId: header.success ? header.data : query.lastEventId,
        isAllowed: () =>
          !closing.aborted && (credential === null || identities.isInForce(credential.id)),
      });
      return undefined;
    },
  });
}
