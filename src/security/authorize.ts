// The one place that says who may do what. A table, so that it can be read, printed and tested
// as a whole; pure, so that the gateway's workers can use it too.

import { PrincipalKind } from "../core/index.ts";
import type { AuthorizationResult, Principal } from "../core/index.ts";

/**
 * Who may take an action.
 * - `public`: anybody, without a key.
 * - `known`: any caller with a valid key or session.
 * - `enrol`: admins and enrolments.
 * - `agent`: admins, and agents of the namespace.
 * - `self`: admins, and the agent itself: one of the resource's `agentIds`.
 * - `admin`: admins only.
 */
export type Access = "public" | "known" | "enrol" | "agent" | "self" | "admin";

/** Every action there is, and who may take it. */
export const actionTable = {
  "health.read": "public",
  "page.read": "public",
  "sdk.read": "public",
  "session.create": "public",
  "session.read": "known",
  "session.delete": "known",
  "documentation.read": "known",
  "login_code.create": "admin",
  "enrolment.create": "admin",
  "enrolment.list": "admin",
  "enrolment.delete": "admin",
  "admin_key.rotate": "admin",
  "agent.enrol": "enrol",
  "agent.register": "self",
  "agent.list": "agent",
  "agent.read": "agent",
  "agent.update": "self",
  "agent.unregister": "self",
  "agent.heartbeat": "self",
  "agent.pause": "admin",
  "agent.resume": "admin",
  "agent.quarantine": "admin",
  "agent.release": "admin",
  "agent.restart": "admin",
  "agent.log.write": "self",
  "agent.log.read": "self",
  "agent.states.read": "self",
  "agent.summary.read": "self",
  "message.send": "self",
  "message.broadcast": "self",
  "message.list": "self",
  "message.read": "self",
  "message.wait_reply": "self",
  "conversation.list": "self",
  "dead_letter.list": "self",
  "dead_letter.redrive": "admin",
  "inbox.read": "self",
  "inbox.claim": "self",
  "lease.settle": "self",
  "task.create": "self",
  "task.update": "self",
  "task.list": "self",
  "task.read": "self",
  "metric.record": "self",
  "metric.read": "self",
  "metric.names": "agent",
  "snapshot.read": "admin",
  "service.list": "agent",
  "service.read": "agent",
  "service.put": "admin",
  "service.delete": "admin",
  "service.check": "admin",
  "service.limit": "admin",
  "call.list": "self",
  "call.read": "self",
  "profile.request": "admin",
  "profile.list": "self",
  "profile.read": "self",
  "profile.delete": "admin",
  "profile.upload": "self",
  "span.record": "self",
  "span.list": "self",
  "profiling.read": "self",
  "system.read": "admin",
  "trace.read": "admin",
  "alert.create": "self",
  "alert.list": "self",
  "alert.read": "self",
  "alert.acknowledge": "admin",
  "alert.resolve": "admin",
  "alert_rule.list": "admin",
  "notification.test": "admin",
  "dashboard.read": "admin",
  "kpi.read": "admin",
  "report.read": "admin",
  "overview.read": "admin",
  "event.read": "admin",
  "stream.read": "admin",
  "config.read": "admin",
  "audit.read": "admin",
  "export.read": "admin",
  "namespace.list": "admin",
  "namespace.put": "admin",
  "namespace.delete": "admin",
  "server.read": "admin",
} as const satisfies Readonly<Record<string, Access>>;

/** A dotted action id, as in the audit log. */
export type Action = keyof typeof actionTable;

/** What an action is done to. */
export interface Resource {
  readonly namespace: string;
  /** What sort of thing: `agent`, `message`, `namespace`. */
  readonly kind: string;
  readonly id: string;
  /** Agents whose own this is: the agent itself, a message's sender and recipients. */
  readonly agentIds?: readonly string[];
}

const ALLOWED: AuthorizationResult = { allowed: true };

/**
 * Decides whether a caller may take an action on a resource.
 *
 * @example
 * const worker = { kind: "agent", id: "w1", namespace: "default", via: "key" } as const;
 * const inbox = { namespace: "default", kind: "inbox", id: "w2", agentIds: ["w2"] };
 * console.assert(authorize(worker, "inbox.claim", inbox).allowed === false);
 */
export function authorize(
  principal: Principal,
  action: Action,
  resource: Resource,
): AuthorizationResult {
  const access: Access = actionTable[action];
  if (access === "public") return ALLOWED;
  switch (principal.kind) {
    case PrincipalKind.Admin:
      return ALLOWED;
    case PrincipalKind.Agent:
      return authorizeAgent(principal, action, access, resource);
    case PrincipalKind.Enrolment:
      if (access !== "enrol" && access !== "known") {
        return refuse("An enrolment can only be swapped for an agent's key (POST /api/v1/enrol)");
      }
      return inNamespace(principal, resource);
    default:
      return refuse("No key was given");
  }
}

/** Whether agents may take the action at all, on something of their own. */
export function isAgentAction(action: Action): boolean {
  const access: Access = actionTable[action];
  return access !== "admin" && access !== "enrol";
}

function authorizeAgent(
  principal: Principal,
  action: Action,
  access: Access,
  resource: Resource,
): AuthorizationResult {
  if (access === "admin") return refuse(`Only admins may take the action ${action}`);
  if (access === "enrol") return refuse(`Agent "${principal.id}" is enrolled already`);
  const namespaced = inNamespace(principal, resource);
  if (!namespaced.allowed || access !== "self") return namespaced;
  if (resource.agentIds?.includes(principal.id) === true) return ALLOWED;
  const what = `${resource.kind} "${resource.id}"`;
  return refuse(
    `Agent "${principal.id}" may take the action ${action} only on its own; not ${what}`,
  );
}

function inNamespace(principal: Principal, resource: Resource): AuthorizationResult {
  if (principal.namespace === resource.namespace) return ALLOWED;
  return refuse(
    `The key belongs to namespace "${principal.namespace}", not to "${resource.namespace}"`,
  );
}

function refuse(reason: string): AuthorizationResult {
  return { allowed: false, reason };
}
