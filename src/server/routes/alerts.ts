// Alerts: raising, reading, taking on, ending.

import { z } from "zod";

import { DashboardError } from "../../dashboard/index.ts";
import type { Alert } from "../../dashboard/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import {
  acknowledgeSchema,
  alertInputSchema,
  alertLevelSchema,
  alertRuleSchema,
  alertSchema,
} from "../schemas/alerts.ts";
import {
  countParameter,
  idParams,
  named,
  nameSchema,
  noteSchema,
  rangeParameters,
} from "../schemas/common.ts";
import { orderer } from "./agent-control.ts";
import { refuseQuarantined } from "./agents.ts";
import { ownId, ownList, ownThing, senderOf } from "./messages.ts";

const TAG = "Alerts";

export function alertRoutes(): readonly Route[] {
  return [list(), create(), read(), acknowledge(), unacknowledge(), resolve(), rules(), notify()];
}

async function alertOf(namespace: FleetNamespace, alertId: string): Promise<Alert> {
  const found = await namespace.dashboard.getAlert(alertId);
  if (found !== undefined) return found;
  const message = `No alert "${alertId}" in namespace "${namespace.name}"`;
  throw new DashboardError("dashboard.alert_unknown", message);
}

function list(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/alerts",
    summary: "Find alerts",
    description:
      "Those that fire first, then those that wait for room, each newest first. An agent sees those about itself.",
    tag: TAG,
    action: "alert.list",
    query: z.strictObject({
      state: z.enum(["firing", "queued", "resolved"]).exactOptional(),
      level: alertLevelSchema.exactOptional(),
      agentId: nameSchema.exactOptional(),
      rule: z.string().max(128).exactOptional(),
      source: z.string().max(256).exactOptional(),
      traceId: z.string().max(64).exactOptional(),
      acknowledged: z.stringbool().exactOptional(),
      text: z.string().max(500).exactOptional().describe("Part of the message"),
      ...rangeParameters,
      limit: countParameter().default(100),
    }),
    responses: { 200: json("The alerts", z.object({ alerts: z.array(alertSchema) })) },
    resource: ({ query }, principal) => ownList("alert", query.agentId, principal),
    async handler({ namespace, principal, query }) {
      const agentId = query.agentId ?? ownId(principal);
      const found = await namespace.dashboard.getAlerts(given({ ...query, agentId }));
      return { alerts: [...found] };
    },
  });
}

function create(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/alerts",
    summary: "Raise an alert",
    description:
      "What fires already is counted, not raised again: same level, source, message and agent. " +
      "An agent raises alerts about itself. Without a traceId it belongs to the traceparent's. " +
      "In a flood it is queued until there is room for it to fire.",
    tag: TAG,
    action: "alert.create",
    audited: "admins",
    body: alertInputSchema,
    example: { level: "warning", message: "index is 4 h old", source: "indexer" },
    responses: { 201: json("The alert", alertSchema) },
    resource: (_, principal) => ({ kind: "alert", id: "new", agentIds: [principal.id] }),
    async handler(context) {
      const { namespace, principal, body } = context;
      refuseQuarantined(namespace, principal);
      const isAgent = principal.kind === "agent";
      const agentId = isAgent ? senderOf(principal, body.agentId) : body.agentId;
      const source = isAgent ? `agent:${principal.id}` : (body.source ?? sourceOf(agentId));
      const traceId = body.traceId ?? context.givenTraceId;
      const alert = await namespace.dashboard.raiseAlert(
        given({ ...body, source, agentId, traceId }),
      );
      context.joinTrace(alert.traceId);
      context.note({ alertId: alert.id, level: alert.level, count: alert.count });
      return alert;
    },
  });
}

function sourceOf(agentId: string | undefined): string {
  return agentId === undefined ? "operator" : `agent:${agentId}`;
}

function read(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/alerts/{id}",
    summary: "Read one alert",
    tag: TAG,
    action: "alert.read",
    params: idParams,
    responses: { 200: json("The alert", alertSchema) },
    resource: ({ params }, principal) => ownThing("alert", params.id, principal),
    async handler({ namespace, params, authorize }) {
      const alert = await alertOf(namespace, params.id);
      authorize({ kind: "alert", id: alert.id, agentIds: alert.agentIds });
      return alert;
    },
  });
}

function acknowledge(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/alerts/{id}/acknowledge",
    summary: "Take an alert on",
    description: "It is quiet until it gets worse; then it is raised again and needs a new owner.",
    tag: TAG,
    action: "alert.acknowledge",
    params: idParams,
    body: acknowledgeSchema,
    example: { owner: "Dana", note: "provider has an incident" },
    responses: { 200: json("The alert", alertSchema) },
    resource: ({ params }) => ({ kind: "alert", id: params.id }),
    async handler(context) {
      const { namespace, params, body } = context;
      context.joinTrace((await alertOf(namespace, params.id)).traceId);
      const owner = body.owner ?? orderer(context);
      context.note({ owner, note: body.note });
      return namespace.dashboard.acknowledgeAlert(params.id, { owner, note: body.note });
    },
  });
}

function unacknowledge(): Route {
  return defineRoute({
    method: "DELETE",
    path: "/api/v1/alerts/{id}/acknowledge",
    summary: "Give an alert back",
    tag: TAG,
    action: "alert.acknowledge",
    params: idParams,
    responses: { 200: json("The alert", alertSchema) },
    resource: ({ params }) => ({ kind: "alert", id: params.id }),
    async handler({ namespace, params, joinTrace }) {
      joinTrace((await alertOf(namespace, params.id)).traceId);
      return namespace.dashboard.unacknowledgeAlert(params.id);
    },
  });
}

function resolve(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/alerts/{id}/resolve",
    summary: "End an alert",
    description: "One that a rule raised is raised again while the rule still sees it.",
    tag: TAG,
    action: "alert.resolve",
    params: idParams,
    body: z.strictObject({ note: noteSchema.default("") }),
    example: { note: "restarted the index" },
    responses: { 200: json("The alert", alertSchema) },
    resource: ({ params }) => ({ kind: "alert", id: params.id }),
    async handler({ namespace, params, body, note, joinTrace }) {
      joinTrace((await alertOf(namespace, params.id)).traceId);
      note({ note: body.note });
      return namespace.dashboard.resolveAlert(params.id, { note: body.note });
    },
  });
}

function rules(): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/alert-rules",
    summary: "The rules in force",
    tag: TAG,
    action: "alert_rule.list",
    responses: { 200: json("All rules", z.object({ rules: z.array(alertRuleSchema) })) },
    resource: () => ({ kind: "alert_rule", id: "*" }),
    handler: ({ namespace }) => ({ rules: [...namespace.dashboard.getAlertRules()] }),
  });
}

function notify(): Route {
  const schema = named(
    "NotificationTest",
    z.object({ delivered: z.boolean(), detail: z.string() }),
  );
  return defineRoute({
    method: "POST",
    path: "/api/v1/notifications/test",
    summary: "Send a notification that says it is a test",
    description: "To the webhook that the configuration names.",
    tag: TAG,
    action: "notification.test",
    responses: { 200: json("Whether it was taken, and what was answered", schema) },
    resource: () => ({ kind: "notification", id: "test" }),
    async handler({ namespace, note }) {
      const { delivered, detail } = await namespace.dashboard.sendTestNotification();
      note({ delivered });
      return { delivered, detail };
    },
  });
}
