// Namespaces: fleets that share a server and nothing else.

import { z } from "zod";

import { DEFAULT_NAMESPACE } from "../../core/index.ts";
import { ServerError } from "../errors.ts";
import { defineRoute, empty, json } from "../route.ts";
import type { Route } from "../route.ts";
import { jsonObjectSchema, nameSchema } from "../schemas/common.ts";
import { namespaceSchema } from "../schemas/operations.ts";
import type { Services } from "../services.ts";

const params = z.strictObject({ name: nameSchema });

export function namespaceRoutes(services: Services): readonly Route[] {
  return [list(services), put(services), remove(services)];
}

function list({ fleet }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/namespaces",
    summary: "List namespaces",
    tag: "Operations",
    action: "namespace.list",
    scope: "server",
    responses: { 200: json("All of them", z.object({ namespaces: z.array(namespaceSchema) })) },
    resource: () => ({ kind: "namespace", id: "*" }),
    handler: async () => ({ namespaces: [...(await fleet.namespaces())] }),
  });
}

function put({ fleet }: Services): Route {
  return defineRoute({
    method: "PUT",
    path: "/api/v1/namespaces/{name}",
    summary: "Make a namespace, or change its configuration",
    tag: "Operations",
    action: "namespace.put",
    scope: "server",
    params,
    body: z.strictObject({
      config: jsonObjectSchema
        .default({})
        .describe(
          'Overrides of options: {"communication":{"heartbeatInterval":2}}; "(secret)" keeps the ' +
            "secret that is stored",
        ),
    }),
    example: { config: { communication: { heartbeatInterval: 2 } } },
    responses: {
      200: json("Changed", namespaceSchema),
      201: json("Made", namespaceSchema),
    },
    resource: (input) => ({ kind: "namespace", id: input.params.name }),
    async handler(context) {
      const { name } = context.params;
      const { record, created } = await fleet.putNamespace(name, context.body.config);
      if (created) context.status(201);
      return record;
    },
  });
}

function remove({ fleet, identities, streams }: Services): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/namespaces/{name}",
    summary: "Delete a namespace with everything in it",
    description: "Agents, messages, metrics, keys. Audit rows stay.",
    tag: "Operations",
    action: "namespace.delete",
    scope: "server",
    params,
    responses: { 204: empty("It is gone") },
    resource: (input) => ({ kind: "namespace", id: input.params.name }),
    async handler(context) {
      const { name } = context.params;
      if (name === DEFAULT_NAMESPACE) {
        const message = `Namespace "${DEFAULT_NAMESPACE}" always exists`;
        throw new ServerError("server.namespace_protected", message);
      }
      const known = await fleet.namespaces();
      if (!known.some((record) => record.name === name)) {
        throw new ServerError("server.namespace_unknown", `There is no namespace "${name}"`);
      }
      streams.close(name);
      await fleet.deleteNamespace(name);
      await identities.forgetNamespace(name);
      return undefined;
    },
  });
}
