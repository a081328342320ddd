// Whether the server lives, and whether it can take work; for supervisors and load balancers.

import { z } from "zod";

import { defineRoute, json } from "../route.ts";
import type { Route } from "../route.ts";
import { named } from "../schemas/common.ts";
import { readinessSchema } from "../schemas/operations.ts";
import type { Services } from "../services.ts";

const livenessSchema = named("Liveness", z.object({ status: z.literal("ok") }));

export function healthRoutes({ fleet, closing }: Services): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/healthz",
      summary: "Whether the server lives",
      tag: "Health",
      action: "health.read",
      scope: "server",
      responses: { 200: json("It does", livenessSchema) },
      resource: () => ({ kind: "server", id: "health" }),
      handler: () => ({ status: "ok" as const }),
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      summary: "Whether the server can take work",
      description: "Each thing it depends on, with the reason when it is not well.",
      tag: "Health",
      action: "health.read",
      scope: "server",
      responses: {
        200: json("It can", readinessSchema),
        503: json("Something is not well, or the server is stopping", readinessSchema),
      },
      resource: () => ({ kind: "server", id: "readiness" }),
      async handler(context) {
        const checks = await fleet.readiness();
        const ready = !closing.aborted && Object.values(checks).every((check) => check.ok);
        if (!ready) context.status(503);
        return { status: ready ? ("ready" as const) : ("not_ready" as const), checks };
      },
    }),
  ];
}
