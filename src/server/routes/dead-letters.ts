// Messages nobody could settle, and the way back.

import { z } from "zod";

import { defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { countParameter, idSchema, named, nameSchema } from "../schemas/common.ts";
import { deliverySchema, messageListSchema } from "../schemas/messages.ts";
import { ownId, ownList } from "./messages.ts";

const redrivenSchema = named(
  "Redriven",
  z.object({
    redriven: z.number(),
    stayed: z
      .record(z.string(), z.number())
      .describe("How many are dead letters still, by the code of the error that says why"),
  }),
);

export function deadLetterRoutes(): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/dead-letters",
      summary: "List dead letters",
      tag: "Dead letters",
      action: "dead_letter.list",
      query: z.strictObject({
        agentId: nameSchema.exactOptional(),
        beforeId: idSchema.exactOptional().describe("Only those of older messages than this"),
        limit: countParameter().exactOptional(),
      }),
      responses: { 200: json("Newest first", messageListSchema) },
      resource: ({ query }, principal) => ownList("dead_letter", query.agentId, principal),
      async handler({ namespace, principal, query }) {
        const agentId = query.agentId ?? ownId(principal);
        const found = await namespace.communication.getDeadLetters(given({ ...query, agentId }));
        return { messages: [...found] };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/dead-letters/{deliveryId}/redrive",
      summary: "Put a dead letter back into its inbox",
      tag: "Dead letters",
      action: "dead_letter.redrive",
      params: z.strictObject({ deliveryId: idSchema }),
      responses: { 200: json("Its receipt", deliverySchema) },
      resource: ({ params }) => ({ kind: "delivery", id: params.deliveryId }),
      handler: ({ namespace, params }) => namespace.communication.redrive(params.deliveryId),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/dead-letters/redrive",
      summary: "Put all dead letters back, or all of one agent",
      tag: "Dead letters",
      action: "dead_letter.redrive",
      body: z.strictObject({ agentId: nameSchema.exactOptional() }),
      example: { agentId: "worker-1" },
      responses: {
        200: json("How many", redrivenSchema),
      },
      resource: () => ({ kind: "delivery", id: "*" }),
      async handler({ namespace, body, note }) {
        const result = await namespace.communication.redriveAll(body);
        note({ ...result, ...body });
        return result;
      },
    }),
  ];
}
