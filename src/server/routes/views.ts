// The dashboard's five views as data, the key figures, and both on one page to send around.

import { z } from "zod";

import { DashboardView } from "../../dashboard/index.ts";
import { content, defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { nameSchema, rangeParameters } from "../schemas/common.ts";
import { kpiSchema } from "../schemas/traces.ts";
import { dashboardDataSchema } from "../schemas/views.ts";

const TAG = "Dashboard";

export function viewRoutes(): readonly Route[] {
  return [view(), kpis(), report()];
}

function view(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/dashboard/{view}",
    summary: "The data of one view",
    description:
      "Of one agent or metric, where the view is about some. Default range: the last hour.",
    tag: TAG,
    action: "dashboard.read",
    params: z.strictObject({ view: z.enum(DashboardView) }),
    query: z.strictObject({
      agentId: nameSchema.exactOptional(),
      metric: nameSchema.exactOptional(),
      ...rangeParameters,
    }),
    responses: { 200: json("By `view`", dashboardDataSchema) },
    resource: ({ params }) => ({ kind: "dashboard", id: params.view }),
    handler: ({ namespace, params, query }) =>
      namespace.dashboard.getDashboardData(params.view, given(query)),
  });
}

function kpis(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/kpis",
    summary: "The key figures of the fleet",
    tag: TAG,
    action: "kpi.read",
    query: z.strictObject(rangeParameters),
    responses: {
      200: json("Under their documented names", z.object({ kpis: z.array(kpiSchema) })),
    },
    resource: () => ({ kind: "kpi", id: "*" }),
    handler: async ({ namespace, query }) => ({ kpis: [...(await namespace.kpis(given(query)))] }),
  });
}

function report(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/report.html",
    summary: "The state of the fleet as one self-contained page",
    description: "No scripts and nothing loaded from elsewhere, so that it can be sent and kept.",
    tag: TAG,
    action: "report.read",
    query: z.strictObject(rangeParameters),
    responses: { 200: content("text/html", "The page") },
    resource: () => ({ kind: "report", id: "*" }),
    async handler({ namespace, query, reply }) {
      const page = await namespace.dashboard.htmlReport(given(query));
      reply.type("text/html; charset=utf-8");
      // Its own styles, and charts drawn in it; nothing runs and nothing is fetched.
      reply.header(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
      );
      return page;
    },
  });
}
