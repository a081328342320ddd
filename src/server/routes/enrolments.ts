// How processes become agents: an admin makes an enrolment, a process swaps it for a key.

import { z } from "zod";

import { CommunicationError } from "../../communication/index.ts";
import { parseDurationMs, OPERATOR } from "../../core/index.ts";
import type { Credential, NameHolder } from "../../security/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { defineRoute, empty, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { capabilitiesSchema, instanceSchema } from "../schemas/agents.ts";
import {
  idParams,
  instantSchema,
  jsonObjectSchema,
  named,
  nameSchema,
  noteSchema,
} from "../schemas/common.ts";
import { enrolmentSchema } from "../schemas/operations.ts";
import type { Services } from "../services.ts";

const MINUTE_MS = 60_000;
const LONGEST_MS = 3650 * 86_400_000;

const durationSchema = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, 'is no duration such as "30d" or "12h"')
  .transform((text) => parseDurationMs(text) ?? Number.NaN)
  .refine((ms) => ms >= MINUTE_MS && ms <= LONGEST_MS, "must be between 1 minute and 10 years");

const newEnrolmentSchema = named(
  "NewEnrolment",
  z.object({
    id: z.string(),
    token: z.string(),
    url: z.string().describe("Give it to agents as CELLPHONE_URL"),
    expiresAtMs: instantSchema,
  }),
);

const enrolSchema = z.strictObject({
  name: nameSchema.describe("Becomes the agent's id"),
  kind: nameSchema.exactOptional(),
  version: z.string().max(128).exactOptional(),
  capabilities: capabilitiesSchema.exactOptional(),
  endpoint: z.string().max(2048).exactOptional(),
  metadata: jsonObjectSchema.exactOptional(),
  instance: instanceSchema.exactOptional(),
  replace: z.boolean().default(false).describe("Take the name over from a live process"),
});

const enrolledSchema = named(
  "Enrolled",
  z.object({
    agentId: z.string(),
    key: z.string(),
    namespace: z.string(),
    heartbeatIntervalMs: z.number(),
    gatewayUrl: z.string().nullable().describe("Where it calls services; null when that is off"),
  }),
);

export function enrolmentRoutes(services: Services): readonly Route[] {
  return [create(services), list(services), remove(services), enrol(services)];
}

function create({ identities, baseUrl }: Services): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/enrolments",
    summary: "Make a token with which processes become agents",
    tag: "Identity",
    action: "enrolment.create",
    body: z.strictObject({
      expiresIn: durationSchema.exactOptional(),
      note: noteSchema.exactOptional(),
    }),
    example: { expiresIn: "30d", note: "workers of the nightly run" },
    responses: { 201: json("The token, shown only here", newEnrolmentSchema) },
    resource: () => ({ kind: "enrolment", id: "new" }),
    async handler(context) {
      const { token, credential } = await identities.createEnrolment(
        context.namespace.name,
        context.body.expiresIn,
        context.body.note,
      );
      context.note({ enrolmentId: credential.id });
      const url = new URL(baseUrl());
      const expiresAtMs = credential.expiresAtMs ?? Number.MAX_SAFE_INTEGER;
      return {
        id: credential.id,
        token,
        url: `${url.protocol}//${token}@${url.host}`,
        expiresAtMs,
      };
    },
  });
}

function list({ identities }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/enrolments",
    summary: "List enrolments that still work",
    tag: "Identity",
    action: "enrolment.list",
    responses: { 200: json("Without tokens", z.object({ enrolments: z.array(enrolmentSchema) })) },
    resource: () => ({ kind: "enrolment", id: "*" }),
    handler: (context) => ({
      enrolments: identities.enrolments(context.namespace.name).map(toEnrolment),
    }),
  });
}

function remove({ identities }: Services): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/enrolments/{id}",
    summary: "Stop an enrolment from working",
    description: "Agents that used it keep their keys.",
    tag: "Identity",
    action: "enrolment.delete",
    params: idParams,
    responses: { 204: empty("It no longer works") },
    resource: ({ params }) => ({ kind: "enrolment", id: params.id }),
    async handler(context) {
      await identities.deleteEnrolment(context.namespace.name, context.params.id);
      return undefined;
    },
  });
}

function enrol({ fleet, identities }: Services): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/enrol",
    summary: "Become an agent",
    description:
      "Swaps an enrolment token for the agent's own key. A process that starts again gets its " +
      "name back, and the key it had before stops working.",
    tag: "Identity",
    action: "agent.enrol",
    body: enrolSchema,
    example: { name: "worker-1", capabilities: ["hash"] },
    responses: { 201: json("The agent's key, shown only here", enrolledSchema) },
    resource: () => ({ kind: "agent", id: "new" }),
    async handler(context) {
      const { namespace, body, principal } = context;
      context.authorize({ kind: "agent", id: body.name });
      if (body.name === OPERATOR && principal.kind !== "admin") {
        const message = `The name "${OPERATOR}" stands for the people who run the fleet`;
        throw new CommunicationError("communication.name_reserved", message);
      }
      const { name, replace, ...registration } = body;
      const key = await identities.enrolAgent({
        principal,
        namespace: namespace.name,
        agentId: name,
        instanceId: body.instance?.id ?? null,
        replace,
        holder: () => liveHolder(namespace, name),
        register: async () => {
          await namespace.communication.registerAgent(given({ ...registration, agentId: name }));
        },
      });
      const { heartbeatIntervalMs } = namespace;
      const { gatewayUrl } = fleet.facts();
      return { agentId: name, key, namespace: namespace.name, heartbeatIntervalMs, gatewayUrl };
    },
  });
}

/** Who uses the name now. An agent that an admin registered in advance is not held by anybody. */
async function liveHolder(
  namespace: FleetNamespace,
  agentId: string,
): Promise<NameHolder | undefined> {
  const agent = await namespace.communication.getAgentInfo(agentId);
  if (agent === undefined || agent.presence.state === "down") return undefined;
  const { lastHeartbeatAtMs } = agent.presence;
  if (agent.instance === null && lastHeartbeatAtMs === null) return undefined;
  return { instanceId: agent.instance?.id ?? null, lastHeartbeatAtMs };
}

function toEnrolment(credential: Credential): z.output<typeof enrolmentSchema> {
  const { id, namespace, createdAtMs, expiresAtMs, note } = credential;
  return { id, namespace, createdAtMs, expiresAtMs, note };
}
