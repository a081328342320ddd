// Spans: what agents timed themselves, and what it sums up to.

import { z } from "zod";

import type { Principal } from "../../core/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { serverLimits } from "../limits.ts";
import { itemProblem, parseInput } from "../problem.ts";
import { defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { countParameter, nameSchema, rangeParameters, standsFor } from "../schemas/common.ts";
import { recordedSchema } from "../schemas/metrics.ts";
import { functionSummarySchema, spanInputSchema, spanSchema } from "../schemas/profiles.ts";
import { noteOutput, refuseQuarantined } from "./agents.ts";
import { ownId, ownList, senderOf } from "./messages.ts";

const TAG = "Profiles";

/** One bad span must not cost the others, so each is parsed by itself, in the handler. */
const anySpanSchema = standsFor("SpanInput", z.unknown());

export function spanRoutes(): readonly Route[] {
  return [record(), list(), summary()];
}

function record(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/spans",
    summary: "Record spans",
    description: "Each is taken or refused by itself; one without a traceId begins a trace.",
    tag: TAG,
    action: "span.record",
    audited: false,
    body: z.strictObject({ spans: z.array(anySpanSchema).max(serverLimits.batchSpans.value) }),
    example: {
      spans: [{ name: "embed", kind: "model", startMs: 1_795_442_400_000, durationMs: 820 }],
    },
    responses: { 202: json("How many were taken", recordedSchema) },
    resource: (_, principal) => ({ kind: "span", id: "*", agentIds: [principal.id] }),
    handler({ namespace, principal, body }) {
      refuseQuarantined(namespace, principal);
      const rejected: z.output<typeof recordedSchema>["rejected"] = [];
      for (const [index, span] of body.spans.entries()) {
        try {
          recordOne(namespace, principal, span);
        } catch (error) {
          const { code, detail } = itemProblem(error);
          rejected.push({ index, code, detail });
        }
      }
      const accepted = body.spans.length - rejected.length;
      if (accepted > 0) noteOutput(namespace, principal);
      return { accepted, rejected };
    },
  });
}

function recordOne(namespace: FleetNamespace, principal: Principal, input: unknown): void {
  const span = parseInput(spanInputSchema, input, "span");
  const agentId = principal.kind === "agent" ? senderOf(principal, span.agentId) : span.agentId;
  namespace.profiler.recordSpan({ ...span, agentId: agentId ?? null });
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/spans",
    summary: "Find spans",
    tag: TAG,
    action: "span.list",
    query: z.strictObject({
      traceId: z.string().max(64).exactOptional(),
      agentId: nameSchema.exactOptional(),
      name: z.string().max(256).exactOptional(),
      ...rangeParameters,
      limit: countParameter(serverLimits.listSpans.value).default(100),
    }),
    responses: { 200: json("Newest first", z.object({ spans: z.array(spanSchema) })) },
    resource: ({ query }, principal) => ownList("span", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const agentId = query.agentId ?? ownId(principal);
      return { spans: [...(await namespace.profiler.getSpans(given({ ...query, agentId })))] };
    },
  });
}

function summary(): Route {
  const schema = z.object({ functions: z.array(functionSummarySchema) });
  return defineRoute({
    method: "GET",
    path: "/api/v1/profiling/summary",
    summary: "Timed functions and scopes, summed up",
    tag: TAG,
    action: "profiling.read",
    query: z.strictObject({ agentId: nameSchema.exactOptional(), ...rangeParameters }),
    responses: { 200: json("The most time first", schema) },
    resource: ({ query }, principal) => ownList("profiling", query.agentId, principal),
    async handler({ namespace, principal, query: { fromMs, toMs, agentId: asked } }) {
      const about = given({ agentId: asked ?? ownId(principal) });
      const range = given({ fromMs, toMs });
      const { functions } = await namespace.profiler.getProfilingSummary(range, about);
      return { functions: [...functions] };
    },
  });
}
