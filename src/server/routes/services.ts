// Services behind the gateway: what agents may call, where it runs, how well it answers.

import { z } from "zod";

import { GatewayError } from "../../gateway/index.ts";
import type { ServiceView } from "../../gateway/index.ts";
import type { Principal } from "../../core/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { defineRoute, empty, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { nameSchema } from "../schemas/common.ts";
import {
  rateLimitInputSchema,
  serviceInputSchema,
  servicePatchSchema,
  serviceStatusSchema,
  serviceViewSchema,
} from "../schemas/gateway.ts";

const params = z.strictObject({ id: nameSchema });

/** Stands where an agent may not read on. */
const HIDDEN = "hidden";

const TAG = "Services";

export function serviceRoutes(): readonly Route[] {
  return [list(), register(), read(), update(), unregister(), check(), limit(), unlimit()];
}

/** The service, or an error that says there is none. */
async function serviceOf(namespace: FleetNamespace, serviceId: string): Promise<ServiceView> {
  const found = await namespace.gateway.getService(serviceId);
  if (found !== undefined) return found;
  const message = `No service "${serviceId}" in namespace "${namespace.name}"`;
  throw new GatewayError("gateway.service_unknown", message);
}

/** A service as the caller may see it: agents call it by its public path and need no more. */
function shownTo(principal: Principal, service: ServiceView): ServiceView {
  if (principal.kind === "admin") return service;
  return {
    ...service,
    credential: null,
    healthCheckUrl: service.healthCheckUrl === null ? null : HIDDEN,
    endpoints: service.endpoints.map((endpoint) => ({ ...endpoint, baseUrl: HIDDEN })),
    endpointViews: service.endpointViews.map((view) => ({ ...view, baseUrl: HIDDEN })),
  };
}

/** Where calls go from now on, for the audit log. */
function placesOf({ endpoints }: ServiceView): string[] {
  return endpoints.slice(0, 10).map(({ baseUrl }) => baseUrl);
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/services",
    summary: "Find services",
    description: "In order of registration. Agents do not see endpoints' URLs and credentials.",
    tag: TAG,
    action: "service.list",
    query: z.strictObject({
      version: z.string().max(64).exactOptional(),
      status: serviceStatusSchema.exactOptional(),
      text: z.string().max(500).exactOptional().describe("Part of the id or the name"),
    }),
    responses: { 200: json("The services", z.object({ services: z.array(serviceViewSchema) })) },
    resource: () => ({ kind: "service", id: "*" }),
    async handler({ namespace, principal, query }) {
      const services = await namespace.gateway.getAllServices(given(query));
      return { services: services.map((service) => shownTo(principal, service)) };
    },
  });
}

function register(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/services",
    summary: "Register a service, or replace it",
    description: "Agents reach it at /<version>/<id>/… of the gateway, in force with the answer.",
    tag: TAG,
    action: "service.put",
    body: serviceInputSchema,
    example: {
      id: "search",
      baseUrl: "http://127.0.0.1:8001",
      healthCheckUrl: "/healthz",
      rateLimit: { requestsPerMinute: 100, burst: 20 },
    },
    responses: {
      200: json("Replaced", serviceViewSchema),
      201: json("Registered", serviceViewSchema),
    },
    resource: () => ({ kind: "service", id: "new" }),
    async handler(context) {
      const { namespace, body } = context;
      context.authorize({ kind: "service", id: body.id });
      context.note({ fields: Object.keys(body) });
      const known = await namespace.gateway.getService(body.id);
      const service = await namespace.gateway.registerService(body);
      context.note({ endpoints: placesOf(service) });
      if (known === undefined) context.status(201);
      return service;
    },
  });
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/services/{id}",
    summary: "Read one service",
    tag: TAG,
    action: "service.read",
    params,
    responses: { 200: json("The service", serviceViewSchema) },
    resource: (input) => ({ kind: "service", id: input.params.id }),
    handler: async ({ namespace, principal, params: { id } }) =>
      shownTo(principal, await serviceOf(namespace, id)),
  });
}

function update(): Route {
  return defineRoute({
    method: "PATCH",
    path: "/api/v1/services/{id}",
    summary: "Change a service",
    description: "Absent fields stay as they are; null takes one back to its default.",
    tag: TAG,
    action: "service.put",
    params,
    body: servicePatchSchema,
    example: { requestTimeoutMs: 5000, rateLimit: null },
    responses: { 200: json("The service", serviceViewSchema) },
    resource: (input) => ({ kind: "service", id: input.params.id }),
    async handler({ namespace, params: { id }, body, note }) {
      note({ fields: Object.keys(body) });
      await serviceOf(namespace, id);
      const service = await namespace.gateway.updateService(id, body);
      note({ endpoints: placesOf(service) });
      return service;
    },
  });
}

function unregister(): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/services/{id}",
    summary: "Unregister a service",
    description: "New calls are refused; those under way end. Its history stays.",
    tag: TAG,
    action: "service.delete",
    params,
    responses: { 204: empty("It is gone") },
    resource: (input) => ({ kind: "service", id: input.params.id }),
    async handler({ namespace, params: { id } }) {
      await serviceOf(namespace, id);
      await namespace.gateway.unregisterService(id);
      return undefined;
    },
  });
}

function check(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/services/{id}/check",
    summary: "Check a service's health now",
    tag: TAG,
    action: "service.check",
    params,
    responses: { 200: json("The service, as its endpoints answered", serviceViewSchema) },
    resource: (input) => ({ kind: "service", id: input.params.id }),
    async handler({ namespace, params: { id }, note }) {
      await serviceOf(namespace, id);
      const service = await namespace.gateway.checkHealth(id);
      note({ status: service.status });
      return service;
    },
  });
}

function limit(): Route {
  return defineRoute({
    method: "PUT",
    path: "/api/v1/services/{id}/rate-limit",
    summary: "Limit how many calls a service takes",
    description: "Of all its calls, or of each agent's. In force with the answer.",
    tag: TAG,
    action: "service.limit",
    params,
    body: rateLimitInputSchema,
    example: { requestsPerMinute: 100, burst: 20 },
    responses: { 200: json("The service", serviceViewSchema) },
    resource: (input) => ({ kind: "service", id: input.params.id }),
    async handler({ namespace, params: { id }, body, note }) {
      note({ ...body });
      await serviceOf(namespace, id);
      const { requestsPerMinute, burst, per } = body;
      return namespace.gateway.setRateLimit(id, requestsPerMinute, burst, per);
    },
  });
}

function unlimit(): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/services/{id}/rate-limit",
    summary: "Take a service's rate limit away",
    tag: TAG,
    action: "service.limit",
    params,
    query: z.strictObject({ per: z.enum(["service", "agent"]).default("service") }),
    responses: { 200: json("The service", serviceViewSchema) },
    resource: (input) => ({ kind: "service", id: input.params.id }),
    async handler({ namespace, params: { id }, query, note }) {
      note({ per: query.per });
      await serviceOf(namespace, id);
      return namespace.gateway.removeRateLimit(id, query.per);
    },
  });
}
