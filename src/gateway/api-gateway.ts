// The component's face: services, the calls that reach them, and what is known of both. It only
// forwards; each part below it has one job.

import type { JsonObject } from "../core/index.ts";
import type { CallBody, CallHeaders, Middleware, RoutedRequest, RoutedResponse } from "./call.ts";
import type { IdentityChange } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { gatherExport, writeExport } from "./gateway-export.ts";
import type { GatewayExport } from "./gateway-export.ts";
import { GatewayHost } from "./gateway-host.ts";
import type { ApiVersion, CallQuery, CallRecord, ServiceRecord, ServiceView } from "./model.ts";
import { rateLimitOf } from "./rate-limit.ts";
import type * as requests from "./requests.ts";
import { callerOf, checkedRequest, requestOf } from "./route-request.ts";
import type { RouteArguments } from "./route-request.ts";

/**
 * The gateway of one namespace. Starts by itself with the first call; {@link stop} ends it.
 *
 * @example
 * const gateway = new APIGateway();
 * await gateway.registerService("user_service", "User Management", "v1", "http://localhost:8001");
 * await gateway.setRateLimit("user_service", 100, 20);
 * const response = await gateway.routeRequest("GET", "/v1/users", {}, { page: "1" });
 * console.log(response.status);
 * await gateway.stop();
 */
export class APIGateway extends GatewayHost {
  /**
   * Registers a service, or replaces the one of that id. Calls that begin once this resolves
   * follow it.
   * @throws GatewayError `gateway.service_invalid`, `gateway.url_invalid`, `gateway.paths_clash`,
   * `gateway.loop_detected`, `gateway.services_full`, `gateway.store_failed`.
   */
  async registerService(registration: requests.ServiceRegistration): Promise<ServiceView>;
  async registerService(
    serviceId: string,
    name: string,
    version: ApiVersion,
    baseUrl: string | readonly requests.EndpointInput[],
    healthCheckUrl?: string | null,
    metadata?: JsonObject,
  ): Promise<ServiceView>;
  async registerService(
    first: requests.ServiceRegistration | string,
    name?: string,
    version?: ApiVersion,
    baseUrl?: string | readonly requests.EndpointInput[],
    healthCheckUrl?: string | null,
    metadata?: JsonObject,
  ): Promise<ServiceView> {
    const given =
      typeof first !== "string"
        ? first
        : {
            id: first,
            ...(name === undefined ? {} : { name }),
            ...(version === undefined ? {} : { version }),
            ...(typeof baseUrl === "object" ? { endpoints: baseUrl } : { baseUrl }),
            ...(healthCheckUrl === undefined ? {} : { healthCheckUrl }),
            ...(metadata === undefined ? {} : { metadata }),
          };
    const registration = ownCopy(given);
    return this.#changed((registry) => registry.register(registration));
  }

  /** Changes some fields of a service; null takes a field back to its default. */
  async updateService(serviceId: string, patch: requests.ServicePatch): Promise<ServiceView> {
    const copy = ownCopy(patch);
    return this.#changed((registry) => registry.update(serviceId, copy));
  }

  /** Forgets a service: its paths are nobody's. False when there was none. */
  async unregisterService(serviceId: string): Promise<boolean> {
    const runtime = await this.open();
    const wasThere = await runtime.registry.unregister(serviceId);
    await runtime.inForce();
    return wasThere;
  }

  async getService(serviceId: string): Promise<ServiceView | undefined> {
    return (await this.#seen()).board.view(serviceId);
  }

  /** In order of registration. */
  async getServicesByVersion(version: ApiVersion): Promise<readonly ServiceView[]> {
    return this.getAllServices({ version });
  }

  /** Services that match, in order of registration. */
  async getAllServices(query: requests.ServiceQuery = {}): Promise<readonly ServiceView[]> {
    const { status, version } = query;
    const text = query.text?.toLowerCase();
    return (await this.#seen()).board
      .views()
      .filter(
        (service) =>
          (version === undefined || service.version === version) &&
          (status === undefined || service.status === status) &&
          (text === undefined || `${service.id}\n${service.name}`.toLowerCase().includes(text)),
      );
  }

  /**
   * Makes a call through the gateway: routing, limits, middleware, history as for any other, and a
   * real request to the service. What the gateway refuses is an answer, too, as problem+json.
   * @throws GatewayError `gateway.argument_invalid` on what is no request, `gateway.upstream_broken`
   * when an answer broke off, `gateway.answer_too_large`; the signal's reason when it aborted.
   */
  async routeRequest(request: RoutedRequest): Promise<RoutedResponse>;
  async routeRequest(
    method: string,
    path: string,
    headers?: CallHeaders,
    queryParams?: RoutedRequest["queryParams"],
    body?: CallBody,
    clientIp?: string,
    userAgent?: string,
  ): Promise<RoutedResponse>;
  async routeRequest(
    first: RoutedRequest | string,
    ...given: RouteArguments
  ): Promise<RoutedResponse> {
    const request = checkedRequest(typeof first === "string" ? requestOf(first, given) : first);
    // Services and limits asked for before this call count for it, awaited or not.
    const runtime = await this.#settled();
    const caller = callerOf(request.headers ?? {}, this.namespace, this.identify);
    return runtime.ownPlane.call(request, caller);
  }

  /**
   * Limits the calls of a service, or of each agent to it: `burst` at once from rest,
   * `requestsPerMinute` sustained (0: none at all). In force at once; resolves when stored.
   * @param burstLimit ten seconds' worth of the rate when left out.
   * @throws GatewayError `gateway.limit_invalid`, `gateway.service_unknown`.
   */
  async setRateLimit(
    serviceId: string,
    requestsPerMinute: number,
    burstLimit?: number | null,
    per: requests.RateLimitScope = "service",
  ): Promise<ServiceView> {
    const limit = rateLimitOf(requestsPerMinute, burstLimit);
    return this.#changed((registry) => registry.limit(serviceId, checkedScope(per), limit));
  }

  /** Lifts a limit. */
  async removeRateLimit(
    serviceId: string,
    per: requests.RateLimitScope = "service",
  ): Promise<ServiceView> {
    return this.#changed((registry) => registry.limit(serviceId, checkedScope(per), null));
  }

  /** Adds a middleware after those there are; dispose the result to remove it. */
  addMiddleware(middleware: Middleware): Disposable {
    if (typeof middleware !== "function") {
      throw new TypeError("A middleware is a function (request, next) => response");
    }
    this.middleware.push(middleware);
    return { [Symbol.dispose]: () => void this.removeMiddleware(middleware) };
  }

  /** Removes a middleware; false when it was not there. Calls under way keep it. */
  removeMiddleware(middleware: Middleware): boolean {
    const index = this.middleware.indexOf(middleware);
    if (index === -1) return false;
    this.middleware.splice(index, 1);
    return true;
  }

  /** Asks all endpoints of a service now, and says what was found. */
  async checkHealth(serviceId: string): Promise<ServiceView> {
    const runtime = await this.#settled();
    await runtime.checkHealth(serviceId);
    return this.#view(serviceId);
  }

  /** Calls that match, newest first. */
  async getCalls(query: CallQuery = {}): Promise<readonly CallRecord[]> {
    return (await this.#seen()).history.calls(query);
  }

  /** A call by its id, which every answer carries as `x-cellphone-call-id`. */
  async getCall(callId: string): Promise<CallRecord | undefined> {
    return (await this.#seen()).history.call(callId);
  }

  /** Refuses an agent's calls from now on and breaks off those under way; how many those were. */
  async holdAgent(agentId: string, how: "paused" | "quarantined"): Promise<number> {
    this.held.set(agentId, how);
    const runtime = await this.open();
    await runtime.push();
    return runtime.cut(agentId);
  }

  /** Serves an agent's calls again. */
  async releaseAgent(agentId: string): Promise<void> {
    this.held.delete(agentId);
    await (await this.open()).push();
  }

  /** Tells this gateway's own data plane whose keys are whose; a shared one is told by its owner. */
  async applyIdentities(changes: readonly IdentityChange[]): Promise<void> {
    await (await this.open()).ownPlane.applyIdentities(changes);
  }

  /**
   * All services and the call history as one document, written to `path` when one is given.
   * @throws GatewayError `gateway.export_failed` when the file cannot be written.
   */
  async exportGatewayData(path?: string): Promise<GatewayExport> {
    const { board, history } = await this.#seen();
    const nowMs = this.clock.now();
    const document = await gatherExport(this.namespace, board.views(), history, nowMs);
    if (path !== undefined) await writeExport(path, document);
    return document;
  }

  /** The running parts, once every change asked for so far is made. */
  async #settled(): ReturnType<GatewayHost["open"]> {
    const runtime = await this.open();
    await runtime.settled();
    return runtime;
  }

  /** The same, with the calls made so far counted in. */
  async #seen(): ReturnType<GatewayHost["open"]> {
    const runtime = await this.#settled();
    runtime.collect();
    return runtime;
  }

  /** Makes a change; resolves once it is stored and in force. */
  async #changed(change: (registry: Registry) => Promise<ServiceRecord>): Promise<ServiceView> {
    const runtime = await this.open();
    const { id } = await change(runtime.registry);
    await runtime.inForce();
    return this.#view(id);
  }

  /** @throws GatewayError `gateway.service_unknown` when it has gone meanwhile. */
  async #view(serviceId: string): Promise<ServiceView> {
    const { board, registry } = await this.open();
    registry.require(serviceId);
    const view = board.view(serviceId);
    if (view !== undefined) return view;
    throw new GatewayError("gateway.service_unknown", `There is no service "${serviceId}"`);
  }
}

/** What was asked for must not change when the caller's object does, before its turn comes. */
function ownCopy<Value>(value: Value): Value {
  try {
    return structuredClone(value);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("gateway.service_invalid", `It holds what is no data: ${words}`, {
      cause,
    });
  }
}

type Registry = Awaited<ReturnType<GatewayHost["open"]>>["registry"];

function checkedScope(per: requests.RateLimitScope): requests.RateLimitScope {
  if (per === "service" || per === "agent") return per;
  const message = `per is "${String(per)}": it must be service or agent`;
  throw new GatewayError("gateway.argument_invalid", message);
}
