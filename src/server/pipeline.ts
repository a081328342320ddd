// What happens to every request, in this order: host, caller, coarse authorisation, namespace,
// path and query, authorisation, body, handler, audit. A refusal costs no body parsing.

import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";

import type { CellphoneError, JsonObject } from "../core/index.ts";
import { actionTable, authorize, SecurityError } from "../security/index.ts";

import { namespaceNameOf, refuseEarly, requestedNamespace } from "./admission.ts";
import { anonymousCaller, authenticate, checkHost, sessionCookie } from "./authentication.ts";
import type { Caller } from "./authentication.ts";
import { ServerError } from "./errors.ts";
import type { FleetNamespace } from "./fleet.ts";
import { parseInput, PROBLEM_TYPE, problemOf, toKnownError } from "./problem.ts";
import { clientGone, headerOf, isPageRequest } from "./request-facts.ts";
import { bodyOf, takeBytes } from "./raw-body.ts";
import { RequestRoom } from "./request-room.ts";
import { isAudited, methodsAt } from "./route.ts";
import type { ResourceName, Route, RouteContext } from "./route.ts";
import type { Services } from "./services.ts";
import { continueTrace, inTrace, isTraceparent, traceIdOf } from "./trace-context.ts";

/** What the pipeline needs to know of the listeners. */
export interface PipelineOptions {
  readonly trustedHosts: ReadonlySet<string>;
  /** Whether the request came in on the control socket. */
  readonly isFromSocket: (request: IncomingMessage) => boolean;
  /** Aborts when the server stops. */
  readonly closing: AbortSignal;
}

/** What is known of a request so far. */
interface Call {
  route: Route | undefined;
  traceparent: string;
  /** Whether the caller said which trace this is part of. */
  readonly isTraced: boolean;
  caller: Caller;
  namespaceName: string;
  requestedNamespace: string | undefined;
  resource: ResourceName;
  params: unknown;
  query: unknown;
  details: JsonObject;
  statusCode: number | undefined;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
};

/** Where a request carries its {@link Call}; a WeakMap beside it is dear to the collector. */
const CALL = Symbol("call");
type CarryingRequest = FastifyRequest & { [CALL]?: Call };

/** What fastify makes of a query string. */
const parameters = z.record(z.string(), z.unknown());

/** Runs requests through the routes. */
export class Pipeline {
  readonly #services: Services;
  readonly #options: PipelineOptions;
  readonly #room = new RequestRoom();

  constructor(services: Services, options: PipelineOptions) {
    this.#services = services;
    this.#options = options;
  }

  /** Makes fastify answer for these routes. */
  install(app: FastifyInstance, routes: readonly Route[]): void {
    app.decorateRequest(CALL, undefined);
    // Hooks with a callback: a promise for each would be a good part of a request's cost.
    app.addHook("onRequest", (request, reply, done) => {
      this.#begin(request, reply);
      if (!this.#options.isFromSocket(request.raw)) {
        checkHost(request.headers.host, this.#options.trustedHosts);
      }
      done();
    });
    app.setErrorHandler((error, request, reply) => this.#answerError(error, request, reply));
    app.setNotFoundHandler((request, reply) => {
      return this.#answerError(this.#notFound(request, reply, routes), request, reply);
    });
    for (const route of routes) if (route.rawBody === undefined) this.#installRoute(app, route);
    // Parsers belong to a scope of fastify's; what is not to be parsed gets a scope of its own.
    app.register((scope, _options, done) => {
      takeBytes(scope);
      for (const route of routes) if (route.rawBody !== undefined) this.#installRoute(scope, route);
      done();
    });
  }

  /** Answers a request that fastify could not even route: a path that is no text. */
  readonly refuseUnreadable = (
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    this.#begin(request, reply);
    this.#answerError(error, request, reply);
  };

  #begin(request: FastifyRequest, reply: FastifyReply): void {
    const given = headerOf(request, "traceparent");
    const traceparent = continueTrace(given);
    const isTraced = given !== undefined && isTraceparent(given);
    const carrying: CarryingRequest = request;
    carrying[CALL] = newCall(traceparent, isTraced, this.#addressOf(request));
    reply.headers(SECURITY_HEADERS);
    reply.headers({ "x-request-id": request.id, traceparent });
    if (this.#options.closing.aborted) reply.header("connection", "close");
  }

  #installRoute(app: FastifyInstance, route: Route): void {
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
      // A HEAD of a live stream would never end.
      exposeHeadRoute: route.action !== "stream.read",
      ...(route.bodyBytesMax === undefined ? {} : { bodyLimit: route.bodyBytesMax }),
      onRequest: (request, reply, done) => {
        this.#admit(route, request, reply);
        done();
      },
      ...(route.rawBody === undefined ? {} : this.#beforeBody(route, route.rawBody)),
      handler: async (request, reply) => this.#handle(route, request, reply),
    });
  }

  /** What refuses a large body before any of it is read. */
  #beforeBody(route: Route, { expect }: NonNullable<Route["rawBody"]>) {
    return {
      preParsing: async (request: FastifyRequest, reply: FastifyReply, body: Readable) => {
        await expect(this.#contextOf(callOf(request), route, undefined, request, reply));
        return body;
      },
    };
  }

  /** Everything that can refuse a request before its body is read. */
  #admit(route: Route, request: FastifyRequest, reply: FastifyReply): void {
    const call = callOf(request);
    call.route = route;
    call.resource = { kind: "route", id: route.path };
    call.caller = this.#callerOf(route, request);
    const { principal } = call.caller;
    this.#room.enter(reply.raw, principal);
    refuseEarly(route, principal);
    const { namespace: inQuery, ...query } = parseInput(parameters, request.query, "query");
    const requested = requestedNamespace(request.headers["x-cellphone-namespace"], inQuery);
    call.requestedNamespace = requested;
    call.namespaceName = namespaceNameOf(principal, requested);
    if (route.scope !== "server") this.#namespaceNamed(call.namespaceName);
    call.params = parseInput(route.params, request.params, "path");
    call.query = parseInput(route.query, query, "query");
    call.resource = route.resource({ params: call.params, query: call.query }, principal);
    this.#authorize(call, route, call.resource);
  }

  async #handle(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const call = callOf(request);
    const body = await bodyOf(route, request);
    const result = await route.handler(this.#contextOf(call, route, body, request, reply));
    if (isAudited(route, call.caller.principal)) {
      await this.#services.audit.record({
        principal: call.caller.principal,
        namespace: call.namespaceName,
        action: route.action,
        resource: `${call.resource.kind}:${call.resource.id}`,
        outcome: "done",
        details: call.details,
        traceparent: call.traceparent,
      });
    }
    if (reply.sent) return reply;
    const status = call.statusCode ?? Math.min(...Object.keys(route.responses).map(Number));
    reply.code(status);
    return result === undefined ? reply.send() : reply.send(result);
  }

  #contextOf(
    call: Call,
    route: Route,
    body: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): RouteContext {
    const namespaceNamed = (): FleetNamespace => this.#namespaceNamed(call.namespaceName);
    const closing = this.#options.closing;
    return {
      params: call.params,
      query: call.query,
      body,
      principal: call.caller.principal,
      credential: call.caller.credential,
      get namespace() {
        return namespaceNamed();
      },
      requestedNamespace: call.requestedNamespace,
      traceparent: call.traceparent,
      givenTraceId: call.isTraced ? traceIdOf(call.traceparent) : undefined,
      address: this.#addressOf(request),
      get signal() {
        return AbortSignal.any([closing, clientGone(reply)]);
      },
      request,
      reply,
      authorize: (resource) => this.#authorize(call, route, resource),
      joinTrace: (traceId) => {
        if (!call.isTraced && traceId !== null) call.traceparent = inTrace(traceId);
      },
      status: (code) => {
        call.statusCode = code;
      },
      note: (details) => {
        call.details = { ...call.details, ...details };
      },
    };
  }

  #callerOf(route: Route, request: FastifyRequest): Caller {
    const fromSocket = this.#options.isFromSocket(request.raw);
    try {
      return authenticate(request.raw, this.#services.identities, fromSocket);
    } catch (error) {
      // A stale cookie must not keep anybody from the sign-in page.
      if (actionTable[route.action] !== "public") throw error;
      return anonymousCaller(this.#addressOf(request));
    }
  }

  #authorize(call: Call, route: Route, resource: ResourceName): void {
    call.resource = resource;
    const named = { ...resource, namespace: call.namespaceName };
    const result = authorize(call.caller.principal, route.action, named);
    if (!result.allowed) throw new SecurityError("security.forbidden", result.reason);
  }

  #namespaceNamed(name: string): FleetNamespace {
    const { fleet } = this.#services;
    const namespace = fleet.namespace(name);
    if (namespace !== undefined) return namespace;
    if (fleet.isRestoring()) {
      const message = `What namespace "${name}" holds is being brought back`;
      throw new ServerError("server.restoring", message, { retryAfterSeconds: 1 });
    }
    throw new ServerError("server.namespace_unknown", `There is no namespace "${name}"`);
  }

  #answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = toKnownError(error, request.id);
    const call = callOf(request);
    if (known.code === "server.internal") {
      this.#services.log?.error("server.request_failed", {
        requestId: request.id,
        method: request.method,
        route: call.route?.path,
        error: known.cause,
      });
    }
    if (known.status === 401 && isPageRequest(request)) {
      return reply.redirect(`/in?next=${encodeURIComponent(request.url)}`, 303);
    }
    this.#remember(known, call);
    if (known.status === 401) this.#challenge(request, reply);
    if (known.retryAfterSeconds !== undefined) {
      reply.header("retry-after", String(known.retryAfterSeconds));
    }
    return reply.code(known.status).type(PROBLEM_TYPE).send(problemOf(known));
  }

  #challenge(request: FastifyRequest, reply: FastifyReply): void {
    reply.header("www-authenticate", 'Bearer realm="agent-cellphone"');
    if (request.headers.cookie?.includes("cellphone_session=") !== true) return;
    reply.header("set-cookie", sessionCookie("", 0, this.#services.secure));
  }

  /** Refusals always leave a trace; failures only where success would have. */
  #remember(error: CellphoneError, call: Call): void {
    if (call.route === undefined) return;
    const refused = error.status === 401 || error.status === 403 || error.status === 429;
    const bySecurity = refused && error.code.startsWith("security.");
    if (!bySecurity && !isAudited(call.route, call.caller.principal)) return;
    this.#services.audit.refuse({
      principal: call.caller.principal,
      namespace: call.namespaceName,
      action: call.route.action,
      resource: `${call.resource.kind}:${call.resource.id}`,
      outcome: bySecurity ? "refused" : "failed",
      reason: error.code,
      details: { detail: error.message },
      traceparent: call.traceparent,
    });
  }

  #notFound(request: FastifyRequest, reply: FastifyReply, routes: readonly Route[]): ServerError {
    const [path = ""] = request.url.split("?");
    const methods = methodsAt(path, routes);
    if (methods.length === 0 || methods.includes(request.method)) {
      return new ServerError("server.route_unknown", `Nothing is at ${request.method} ${path}`);
    }
    reply.header("allow", methods.join(", "));
    const message = `${path} does not take ${request.method}`;
    return new ServerError("server.method_not_allowed", message, { details: { allow: methods } });
  }

  #addressOf(request: FastifyRequest): string {
    if (this.#options.isFromSocket(request.raw)) return "socket";
    return request.raw.socket.remoteAddress ?? "unknown";
  }
}

function callOf(request: FastifyRequest): Call {
  const { [CALL]: call }: CarryingRequest = request;
  if (call === undefined) throw new Error("The request has not been through the first hook");
  return call;
}

function newCall(traceparent: string, isTraced: boolean, address: string): Call {
  return {
    route: undefined,
    traceparent,
    isTraced,
    caller: anonymousCaller(address),
    namespaceName: "default",
    requestedNamespace: undefined,
    resource: { kind: "route", id: "" },
    params: {},
    query: {},
    details: {},
    statusCode: undefined,
  };
}
