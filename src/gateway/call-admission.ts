// Everything that decides whether a call may go on, in one order for every kind of call:
// path, key, held agents, route, rate limits.

import type { Clock } from "../core/index.ts";

import type { RunningCall } from "./running-call.ts";
import { canonicalisePath, shownPath } from "./canonical-path.ts";
import type { GatewayIdentity, IdentityChange, NamespacePlan } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import type { CallerFields } from "./header-fields.ts";
import { IdentityTable, looksLikeOwnKey } from "./identity-table.ts";
import type { HeldKey } from "./identity-table.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import { rateLimitPairs } from "./rate-limit-headers.ts";
import type { AppliedRateLimit } from "./rate-limit-headers.ts";
import type { RateLimitTable } from "./rate-limit-table.ts";
import { serviceBusy } from "./upstream-error.ts";
import { bearerOf, dropOwnKeys } from "./upstream-headers.ts";
import { PlaneNamespace } from "./upstream-service.ts";

/** For whom code calls; the network has to show a key. */
export interface TrustedCaller {
  readonly namespace?: string;
  readonly identity?: GatewayIdentity | null;
}

/** What calls are admitted by. */
export interface CallAdmissionOptions {
  readonly clock: Clock;
  readonly rateLimits: RateLimitTable;
  readonly instanceId: string;
  readonly defaultNamespace: string;
  /** Most calls to one service under way. */
  readonly callsPerService: number;
}

/** Plans and keys, and what they say about a call. */
export class CallAdmission {
  readonly #clock: Clock;
  readonly #limits: RateLimitTable;
  readonly #instanceId: string;
  readonly #defaultNamespace: string;
  readonly #callsPerService: number;
  readonly #identities = new IdentityTable();
  readonly #namespaces = new Map<string, PlaneNamespace>();

  constructor(options: CallAdmissionOptions) {
    this.#clock = options.clock;
    this.#limits = options.rateLimits;
    this.#instanceId = options.instanceId;
    this.#defaultNamespace = options.defaultNamespace;
    this.#callsPerService = options.callsPerService;
  }

  apply(plan: NamespacePlan): void {
    const known = this.#namespaces.get(plan.namespace);
    if (known !== undefined) known.apply(plan);
    else this.#namespaces.set(plan.namespace, new PlaneNamespace(plan, this.#clock));
  }

  remove(namespace: string): void {
    this.#namespaces.delete(namespace);
  }

  /** @returns the keys that went. */
  applyIdentities(changes: readonly IdentityChange[]): ReadonlySet<HeldKey> {
    return this.#identities.apply(changes);
  }

  namespace(name: string): PlaneNamespace | undefined {
    return this.#namespaces.get(name);
  }

  namespaces(): IterableIterator<PlaneNamespace> {
    return this.#namespaces.values();
  }

  /**
   * Finds out who calls what, and notes it in the call.
   * @throws GatewayError when the call must not go on.
   */
  admit(call: RunningCall, trusted: TrustedCaller | undefined): void {
    const { caller, fields } = call;
    if (fields.problem !== null) {
      throw new GatewayError(
        "gateway.request_invalid",
        `The request is ambiguous: ${fields.problem}`,
      );
    }
    if (caller.method === "TRACE" || caller.method === "CONNECT") {
      throw new GatewayError("gateway.method_refused", `${caller.method} is not carried`);
    }
    if (fields.hops !== null) this.#checkHops(fields.hops);
    const found = canonicalisePath(caller.target);
    if (found.problem !== undefined) {
      throw new GatewayError("gateway.path_invalid", `The path cannot be used: ${found.problem}`);
    }
    call.path = found.path;
    call.query = found.query;
    const namespace =
      trusted === undefined ? this.#identify(call, fields) : this.#trust(call, trusted, fields);
    this.#checkHeld(call, namespace);
    this.#route(call, namespace);
    this.#limit(call);
  }

  #checkHops(hops: string): void {
    const names = hops.split(",").map((name) => name.trim());
    if (!names.includes(this.#instanceId) && names.length < dataPlaneLimits.hops.value) return;
    const words = names.includes(this.#instanceId)
      ? "The call came back to the gateway that forwarded it"
      : `The call came through ${names.length} gateways`;
    throw new GatewayError("gateway.loop_detected", words);
  }

  /** The namespace the call is for; the key is taken out of what is forwarded. */
  #identify(call: RunningCall, fields: CallerFields): PlaneNamespace {
    const nowMs = this.#clock.now();
    const bearer = bearerOf(fields.authorization);
    let ownProblem: "unknown" | "expired" | null = null;
    for (const secret of [fields.cellphoneKey, fields.apiKey, bearer]) {
      if (secret === null) continue;
      const found = this.#identities.find(secret, nowMs);
      if (found.key !== null) {
        const { identity } = found.key;
        call.key = found.key;
        call.identity = identity;
        dropOwnKeys(fields, secret);
        return this.#namespaceOf(call, identity, fields.namespace);
      }
      if (found.expired) ownProblem = "expired";
      else if (secret === fields.cellphoneKey || looksLikeOwnKey(secret)) ownProblem ??= "unknown";
    }
    const name = fields.namespace ?? this.#defaultNamespace;
    call.namespace = this.#namespaces.has(name) ? name : this.#defaultNamespace;
    if (ownProblem !== null) throw keyProblem(ownProblem);
    const namespace = this.#namespaces.get(name);
    if (namespace?.plan.anonymous !== true) {
      const hasOther = bearer !== null || fields.apiKey !== null;
      throw hasOther ? keyProblem("unknown") : keyProblem("missing");
    }
    dropOwnKeys(fields, null);
    return namespace;
  }

  #namespaceOf(
    call: RunningCall,
    identity: GatewayIdentity,
    requested: string | null,
  ): PlaneNamespace {
    const isOther = requested !== null && requested !== identity.namespace;
    const name = isOther && identity.kind === "admin" ? requested : identity.namespace;
    const namespace = this.#namespaces.get(name);
    call.namespace = namespace === undefined ? identity.namespace : name;
    if (namespace === undefined || (isOther && identity.kind !== "admin")) {
      const shown = JSON.stringify((requested ?? name).slice(0, 128));
      throw new GatewayError("gateway.namespace_unknown", `No namespace ${shown} for this key`);
    }
    return namespace;
  }

  #trust(call: RunningCall, trusted: TrustedCaller, fields: CallerFields): PlaneNamespace {
    call.identity = trusted.identity ?? null;
    const name = trusted.namespace ?? call.identity?.namespace ?? this.#defaultNamespace;
    call.namespace = name;
    dropOwnKeys(fields, null);
    const namespace = this.#namespaces.get(name);
    if (namespace !== undefined) return namespace;
    throw new GatewayError("gateway.namespace_unknown", `No namespace "${name}" is served`);
  }

  #checkHeld(call: RunningCall, namespace: PlaneNamespace): void {
    const { agentId } = call;
    if (agentId === null || !Object.hasOwn(namespace.plan.held, agentId)) return;
    const held = namespace.plan.held[agentId];
    const code = held === "paused" ? "gateway.agent_paused" : "gateway.agent_quarantined";
    const words = held === "paused" ? "is paused" : "is in quarantine";
    throw new GatewayError(code, `Agent "${agentId}" ${words}`, { details: { agentId } });
  }

  #route(call: RunningCall, namespace: PlaneNamespace): void {
    const match = namespace.routes.match(call.path);
    const service = match === undefined ? undefined : namespace.service(match.service.id);
    if (match === undefined || service === undefined) {
      const message = `No service takes "${shownPath(call.path)}"`;
      throw new GatewayError("gateway.route_unknown", message);
    }
    call.service = service;
    call.route = match.route.template;
    call.upstreamPath = match.upstreamPath;
    call.patienceMs = service.plan.requestTimeoutMs;
    const { id, credentialMissing } = service.plan;
    if (service.calls >= this.#callsPerService) {
      throw serviceBusy(id, `${service.calls} are under way`);
    }
    if (credentialMissing === undefined) return;
    const message = `Service "${id}" needs ${credentialMissing}, which is not set`;
    throw new GatewayError("gateway.credential_missing", message);
  }

  /** The agent's own limit first: a call it refuses takes nothing from the others. */
  #limit(call: RunningCall): void {
    const { service, agentId } = call;
    if (service === null) return;
    const { rateLimit, agentRateLimit } = service.plan;
    if (rateLimit === null && agentRateLimit === null) return;
    const nowMs = this.#clock.now();
    const applied: AppliedRateLimit[] = [];
    if (agentRateLimit !== null && agentId !== null) {
      const key = service.agentLimitKey + agentId;
      const decision = this.#limits.take(key, agentRateLimit, nowMs);
      applied.push({ policy: "agent", limit: agentRateLimit, decision });
    }
    if (rateLimit !== null && applied[0]?.decision.allowed !== false) {
      const decision = this.#limits.take(service.limitKey, rateLimit, nowMs);
      applied.push({ policy: "service", limit: rateLimit, decision });
    }
    call.limitHeaders = rateLimitPairs(applied);
    const last = applied.at(-1);
    if (last === undefined || last.decision.allowed) return;
    const whose = last.policy === "agent" ? `Agent "${agentId}" calls` : "All together call";
    const { requestsPerMinute, burst } = last.limit;
    const details = { serviceId: service.plan.id, policy: last.policy };
    if (requestsPerMinute === 0) {
      const message = `Service "${service.plan.id}" takes no calls: its limit is 0 a minute`;
      throw new GatewayError("gateway.rate_limited", message, { details });
    }
    const allowed = `${requestsPerMinute} a minute, ${burst} at once`;
    const message = `${whose} service "${service.plan.id}" more often than ${allowed}`;
    throw new GatewayError("gateway.rate_limited", message, { details });
  }
}

function keyProblem(kind: "unknown" | "expired" | "missing"): GatewayError {
  if (kind === "missing") {
    return new GatewayError("gateway.key_missing", "The call carries no key");
  }
  if (kind === "expired") return new GatewayError("gateway.key_expired", "The key has expired");
  return new GatewayError("gateway.key_unknown", "The key is not known, or was revoked");
}
