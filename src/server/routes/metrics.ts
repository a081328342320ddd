// Recording samples and reading them back.

import { z } from "zod";

import type { Principal } from "../../core/index.ts";
import { OTHER } from "../../tracker/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { serverLimits } from "../limits.ts";
import { itemProblem, parseInput } from "../problem.ts";
import { defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import {
  countParameter,
  named,
  nameSchema,
  numberParameter,
  rangeParameters,
  standsFor,
} from "../schemas/common.ts";
import {
  aggregationSchema,
  metricSummarySchema,
  recordedSchema,
  sampleInputSchema,
  sampleSchema,
  seriesPointsSchema,
  snapshotSchema,
} from "../schemas/metrics.ts";
import type { Services } from "../services.ts";
import { noteOutput, refuseQuarantined } from "./agents.ts";
import { ownId, ownList, senderOf } from "./messages.ts";

const HOUR_MS = 3_600_000;

/** Points a chart gets when it names no step. */
const CHART_POINTS = 240;

/** One bad sample must not cost the others, so each is parsed by itself, in the handler. */
const anySampleSchema = standsFor("SampleInput", z.unknown());

/** What can be read about: names, and what series beyond their caps were folded into. */
const readNameSchema = z.union([nameSchema, z.literal(OTHER)]);

const aboutParameters = {
  metric: readNameSchema.exactOptional(),
  agentId: readNameSchema.exactOptional(),
  ...rangeParameters,
};

export function metricRoutes(services: Services): readonly Route[] {
  return [record(), samples(), summary(services), series(services), names(), snapshots()];
}

function record(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/metrics",
    summary: "Record samples",
    description: "Each is taken or refused by itself.",
    tag: "Metrics",
    action: "metric.record",
    audited: false,
    body: z.strictObject({
      samples: z.array(anySampleSchema).max(serverLimits.batchSamples.value),
    }),
    example: { samples: [{ metric: "response_time", value: 0.42 }] },
    responses: { 202: json("How many were taken", recordedSchema) },
    resource: (_, principal) => ({ kind: "metric", id: "*", agentIds: [principal.id] }),
    handler({ namespace, principal, body }) {
      refuseQuarantined(namespace, principal);
      const rejected: z.output<typeof recordedSchema>["rejected"] = [];
      for (const [index, sample] of body.samples.entries()) {
        try {
          recordOne(namespace, principal, sample);
        } catch (error) {
          const { code, detail } = itemProblem(error);
          rejected.push({ index, code, detail });
        }
      }
      const accepted = body.samples.length - rejected.length;
      if (accepted > 0) noteOutput(namespace, principal);
      return { accepted, rejected };
    },
  });
}

function recordOne(namespace: FleetNamespace, principal: Principal, input: unknown): void {
  const sample = parseInput(sampleInputSchema, input, "sample");
  const agentId = principal.kind === "agent" ? senderOf(principal, sample.agentId) : sample.agentId;
  namespace.tracker.record(given({ ...sample, agentId }));
}

const labelSchema = z
  .string()
  .max(256)
  .regex(/^[^:]+:/, "is no label: write name:value");
const groupBySchema = z.union([
  z.enum(["agent", "none"]),
  z.templateLiteral(["label:", z.string().min(1).max(128)]),
]);

function samples(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/metrics",
    summary: "Read samples",
    tag: "Metrics",
    action: "metric.read",
    query: z.strictObject({
      ...aboutParameters,
      limit: countParameter(serverLimits.listSamples.value).default(1000),
    }),
    responses: { 200: json("The samples", z.object({ samples: z.array(sampleSchema) })) },
    resource: ({ query }, principal) => ownList("metric", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const { metric, fromMs, toMs, limit } = query;
      const agentId = query.agentId ?? ownId(principal);
      const range = given({ fromMs, toMs });
      const found = await namespace.tracker.getMetrics(metric, agentId, range, { limit });
      return { samples: [...found] };
    },
  });
}

function summary({ clock }: Services): Route {
  const schema = named(
    "MetricSummaries",
    z.object({
      metrics: z.record(z.string(), metricSummarySchema),
      fromMs: z.number(),
      toMs: z.number(),
    }),
  );
  return defineRoute({
    method: "GET",
    path: "/api/v1/metrics/summary",
    summary: "Sum metrics up, with percentiles",
    description: "Of one metric or all, of one agent or the whole fleet. Default: the last hour.",
    tag: "Metrics",
    action: "metric.read",
    query: z.strictObject(aboutParameters),
    responses: { 200: json("By metric", schema) },
    resource: ({ query }, principal) => ownList("metric", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const toMs = query.toMs ?? clock.now();
      const range = { fromMs: query.fromMs ?? toMs - HOUR_MS, toMs };
      const agentId = query.agentId ?? ownId(principal);
      const about = given({ metric: query.metric, agentId });
      const found = await namespace.tracker.getSummaries({ ...about, ...range });
      return { metrics: { ...found.metrics }, fromMs: found.fromMs, toMs: found.toMs };
    },
  });
}

function series({ clock }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/metrics/series",
    summary: "Points of a chart",
    description:
      "Default: the last hour in 240 steps, averaged, one line over all. `label=service:search` " +
      "(repeatable) keeps series with that label, `groupBy=label:outcome` draws a line per value; " +
      "both are answered by the minute. Each line says the `stepMs` it has: steps that the stored " +
      "minutes cannot give become whole minutes.",
    tag: "Metrics",
    action: "metric.read",
    query: z.strictObject({
      ...aboutParameters,
      metric: readNameSchema,
      stepMs: numberParameter(
        z.number("must be milliseconds").int().min(1000).max(31_536_000_000),
      ).exactOptional(),
      aggregation: aggregationSchema.default("avg"),
      groupBy: groupBySchema.default("none"),
      label: z.union([labelSchema, z.array(labelSchema).max(8)]).exactOptional(),
    }),
    responses: {
      200: json("One or more lines", z.object({ series: z.array(seriesPointsSchema) })),
    },
    resource: ({ query }, principal) => ownList("metric", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const { metric, aggregation, groupBy } = query;
      const toMs = query.toMs ?? clock.now();
      const fromMs = query.fromMs ?? toMs - HOUR_MS;
      const evenMs = Math.max(1000, Math.ceil((toMs - fromMs) / CHART_POINTS / 1000) * 1000);
      const stepMs = query.stepMs ?? evenMs;
      const agentId = query.agentId ?? ownId(principal);
      const about = { metric, fromMs, toMs, stepMs, aggregation, groupBy };
      const labels = query.label === undefined ? undefined : labelsOf([query.label].flat());
      const lines = await namespace.tracker.getSeries({ ...about, ...given({ agentId, labels }) });
      return { series: [...lines] };
    },
  });
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]),
  );
}

function names(): Route {
  const schema = z.object({
    metrics: z.array(z.object({ metric: z.string(), agents: z.number() })),
  });
  return defineRoute({
    method: "GET",
    path: "/api/v1/metrics/names",
    summary: "Which metrics there are",
    tag: "Metrics",
    action: "metric.names",
    responses: { 200: json("With the number of agents that report each", schema) },
    resource: () => ({ kind: "metric", id: "*" }),
    handler: async ({ namespace }) => ({
      metrics: [...(await namespace.tracker.getMetricNames())],
    }),
  });
}

function snapshots(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/snapshots",
    summary: "Pictures of all metrics, one per interval",
    tag: "Metrics",
    action: "snapshot.read",
    query: z.strictObject({ count: countParameter().default(60), ...rangeParameters }),
    responses: { 200: json("Newest first", z.object({ snapshots: z.array(snapshotSchema) })) },
    resource: () => ({ kind: "snapshot", id: "*" }),
    handler: async ({ namespace, query: { count, fromMs, toMs } }) => {
      const range = given({ fromMs, toMs });
      return {
        snapshots: [...(await namespace.tracker.getPerformanceSnapshots(count, range))],
      };
    },
  });
}
