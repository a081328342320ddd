// One trace id through everything it touched.

import { z } from "zod";

import { ServerError } from "../errors.ts";
import { defineRoute, json } from "../route.ts";
import type { Route } from "../route.ts";
import { traceViewSchema } from "../schemas/traces.ts";

export function traceRoutes(): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/traces/{traceId}",
      summary: "Follow one trace",
      description: "Messages, tasks, calls and spans as a waterfall; its alerts and audit rows.",
      tag: "Traces",
      action: "trace.read",
      params: z.strictObject({
        traceId: z.string().regex(/^[0-9a-f]{32}$/, "must be 32 hex digits in lower case"),
      }),
      responses: { 200: json("The trace", traceViewSchema) },
      resource: ({ params }) => ({ kind: "trace", id: params.traceId }),
      async handler({ namespace, params: { traceId } }) {
        const trace = await namespace.trace(traceId);
        if (trace !== undefined) return trace;
        const message = `Nothing carries the trace "${traceId}" in namespace "${namespace.name}"`;
        throw new ServerError("server.not_found", message);
      },
    }),
  ];
}
