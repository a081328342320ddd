// The first two questions to a caller, answered before path, query or body are looked at.

import type { Principal } from "../core/index.ts";
import { actionTable, authorize, isAgentAction, SecurityError } from "../security/index.ts";

import { ServerError } from "./errors.ts";
import type { Route } from "./route.ts";

/**
 * Refuses by kind of caller alone, before anything about the input is told.
 * @throws SecurityError `security.key_missing`, `security.forbidden`
 */
export function refuseEarly(route: Route, principal: Principal): void {
  const access = actionTable[route.action];
  if (access === "public" || principal.kind === "admin") return;
  if (principal.kind === "anonymous") {
    throw new SecurityError("security.key_missing", `${route.method} ${route.path} needs a key`);
  }
  const resource = { kind: "route", id: route.path, namespace: principal.namespace };
  if (principal.kind === "agent" && isAgentAction(route.action)) return; // depends on whose it is
  const result = authorize(principal, route.action, resource);
  if (!result.allowed) throw new SecurityError("security.forbidden", result.reason);
}

/**
 * The namespace a request names, by header or query; undefined when it names none.
 * @throws ServerError `server.input_invalid` when it names two: nobody may guess which is meant.
 */
export function requestedNamespace(header: unknown, query: unknown): string | undefined {
  const named = [header, query].flat().filter((name) => typeof name === "string" && name !== "");
  const [first, ...others] = new Set(named);
  if (others.length === 0) return typeof first === "string" ? first : undefined;
  const message = "The request names more than one namespace";
  throw new ServerError("server.input_invalid", message);
}

/**
 * The namespace a request is about: an agent's own, whichever an admin names.
 * @throws SecurityError `security.forbidden` when an agent names another than its own.
 */
export function namespaceNameOf(principal: Principal, requested: string | undefined): string {
  if (principal.kind === "admin" || principal.kind === "anonymous") {
    return requested ?? principal.namespace;
  }
  if (requested === undefined || requested === principal.namespace) return principal.namespace;
  const message = `The key belongs to namespace "${principal.namespace}", not to "${requested}"`;
  throw new SecurityError("security.forbidden", message);
}
