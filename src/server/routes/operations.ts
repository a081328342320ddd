// What whoever runs the server wants to know: configuration, audit, facts, everything at once.

import { Readable } from "node:stream";

import { z } from "zod";

import type { AuditEntry, AuditLog } from "../../security/index.ts";
import type { FleetNamespace } from "../fleet.ts";
import { content, defineRoute, given, json } from "../route.ts";
import type { Route } from "../route.ts";
import { countParameter, idSchema } from "../schemas/common.ts";
import {
  auditEntrySchema,
  configurationRowSchema,
  serverFactsSchema,
} from "../schemas/operations.ts";
import type { Services } from "../services.ts";

export function operationRoutes(services: Services): readonly Route[] {
  return [config(services), audit(services), exportAll(services), server(services)];
}

function config({ fleet }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/config",
    summary: "Options in force, and where each came from",
    tag: "Operations",
    action: "config.read",
    scope: "server",
    responses: { 200: json("All options", z.object({ options: z.array(configurationRowSchema) })) },
    resource: () => ({ kind: "config", id: "*" }),
    handler: () => ({ options: [...fleet.configuration()] }),
  });
}

function audit({ audit: log }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/audit",
    summary: "Changes and refusals",
    description: "Newest first; of all namespaces, unless the request names one.",
    tag: "Operations",
    action: "audit.read",
    scope: "server",
    query: z.strictObject({
      action: z.string().max(128).exactOptional(),
      actor: z.string().max(256).exactOptional(),
      outcome: z.enum(["done", "refused", "failed"]).exactOptional(),
      beforeId: idSchema.exactOptional(),
      limit: countParameter().default(100),
    }),
    responses: { 200: json("The rows", z.object({ entries: z.array(auditEntrySchema) })) },
    resource: () => ({ kind: "audit", id: "*" }),
    async handler({ query, requestedNamespace }) {
      const entries = await log.read(given({ ...query, namespace: requestedNamespace }));
      return { entries: [...entries] };
    },
  });
}

function exportAll({ audit: log, clock }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/export",
    summary: "Everything of a namespace, as one JSON document",
    tag: "Operations",
    action: "export.read",
    responses: { 200: content("application/json", "Streamed") },
    resource: () => ({ kind: "export", id: "*" }),
    handler({ namespace, reply }) {
      const exportedAt = new Date(clock.now()).toISOString();
      reply.type("application/json; charset=utf-8");
      const name = `cellphone-${namespace.name}-${exportedAt.replaceAll(":", "")}.json`;
      reply.header("content-disposition", `attachment; filename="${name.replaceAll('"', "")}"`);
      return Readable.from(exportText(namespace, log, exportedAt));
    },
  });
}

function server({ fleet }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/server",
    summary: "Facts about the running server",
    tag: "Operations",
    action: "server.read",
    scope: "server",
    responses: { 200: json("The facts", serverFactsSchema) },
    resource: () => ({ kind: "server", id: "facts" }),
    handler: () => fleet.facts(),
  });
}

/** The document in pieces, so that it is never one giant string. */
async function* exportText(
  namespace: FleetNamespace,
  log: AuditLog,
  exportedAt: string,
): AsyncGenerator<string> {
  const { tracker, profiler, profiles, communication, gateway, dashboard } = namespace;
  yield `{"exportedAt":${JSON.stringify(exportedAt)},"namespace":${JSON.stringify(namespace.name)}`;
  yield ',"tracker":';
  yield* tracker.exportText();
  yield ',"profiler":';
  yield* profiler.exportText();
  yield ',"profiles":[';
  yield* itemsText(profiles.all());
  yield '],"communication":';
  yield* communication.exportText();
  yield ',"gateway":';
  yield* objectText(await gateway.exportGatewayData());
  yield ',"dashboard":';
  yield* objectText(await dashboard.exportDashboardData());
  yield ',"audit":[';
  yield* itemsText(auditEntries(namespace.name, log));
  yield "]}\n";
}

async function* itemsText(items: AsyncIterable<object>): AsyncGenerator<string> {
  let separator = "";
  for await (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ",";
  }
}

async function* auditEntries(namespace: string, log: AuditLog): AsyncGenerator<AuditEntry> {
  let beforeId: string | undefined;
  for (;;) {
    const page = await log.read(given({ namespace, limit: 1000, beforeId }));
    yield* page;
    beforeId = page.at(-1)?.id;
    if (page.length < 1000) return;
  }
}

/** An object whose lists are written item by item. */
function* objectText(value: object): Generator<string> {
  let separator = "{";
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    if (Array.isArray(member)) yield* listText(member);
    else yield JSON.stringify(member);
    separator = ",";
  }
  yield separator === "{" ? "{}" : "}";
}

function* listText(items: readonly unknown[]): Generator<string> {
  yield "[";
  for (const [index, item] of items.entries()) {
    yield (index === 0 ? "" : ",") + JSON.stringify(item);
  }
  yield "]";
}
