// One declaration per route: it validates input, types the handler, names the action that
// authorises it, and writes the documentation. A route cannot be declared without an action.

import type { Readable } from "node:stream";

import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";

import type { JsonObject, Principal } from "../core/index.ts";
import type { Action, Credential, Resource } from "../security/index.ts";

import type { FleetNamespace } from "./fleet.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** An answer with a JSON body. */
export interface JsonResponse<Body> {
  readonly description: string;
  readonly schema: z.ZodType<Body>;
}

/** An answer with another kind of body. */
export interface ContentResponse {
  readonly description: string;
  readonly contentType: string;
}

/** An answer without a body. */
export interface EmptyResponse {
  readonly description: string;
}

/** Answers by status. */
export type ResponseTable = Readonly<
  Record<number, JsonResponse<unknown> | ContentResponse | EmptyResponse>
>;

/** What a handler may return for these responses. */
export type BodyOf<Responses extends ResponseTable> = {
  [Status in keyof Responses]: Responses[Status] extends JsonResponse<infer Body>
    ? Body
    : Responses[Status] extends ContentResponse
      ? string | Buffer | Readable | undefined
      : undefined;
}[keyof Responses];

/** What an action is done to, without the namespace, which the request names. */
export type ResourceName = Omit<Resource, "namespace">;

/** What a handler works with. */
export interface RouteContext<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  /** The key or session used; null for the control socket and for anonymous callers. */
  readonly credential: Credential | null;
  /**
   * The namespace of the request.
   * @throws ServerError `server.namespace_unknown`
   */
  readonly namespace: FleetNamespace;
  /** The namespace the caller named; undefined when it named none. */
  readonly requestedNamespace: string | undefined;
  /** W3C trace context for what this request causes. */
  readonly traceparent: string;
  /** The trace that the caller said this is part of; undefined when it said none. */
  readonly givenTraceId: string | undefined;
  /** Peer's address; `socket` on the control socket. */
  readonly address: string;
  /** Aborts when the client leaves or the server stops. */
  readonly signal: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /**
   * Asks again with what only the handler knows, such as a message's participants.
   * @throws SecurityError `security.forbidden`
   */
  readonly authorize: (resource: ResourceName) => void;
  /** Answers with this status instead of the lowest declared one. */
  readonly status: (code: number) => void;
  /**
   * Makes the change part of the trace it is about, so that its audit row is found there; a trace
   * that the caller brought stays.
   */
  readonly joinTrace: (traceId: string | null) => void;
  /** Adds facts to the audit row of this change; never secrets. */
  readonly note: (details: JsonObject) => void;
}

/** What is known of a request before its body is read; path and query are as its route says. */
export type BodylessContext = Omit<RouteContext, "body" | "query" | "note" | "status">;

interface RouteFacts {
  readonly method: Method;
  /** With `{name}` for parameters; `/*` for the rest. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly action: Action;
  /** Whether it happens in one namespace or to the server as a whole. @default "namespace" */
  readonly scope?: "namespace" | "server";
  /**
   * Whether success writes an audit row. Agents' high-volume data operations do not: the message
   * log is their audit. `admins`: only what people do, where agents may do it at any rate.
   * @default true unless the method is GET
   */
  readonly audited?: boolean | "admins";
  /** A body to show in the documentation. */
  readonly example?: JsonObject;
  /** Left out of the documentation: pages, not API. */
  readonly undocumented?: boolean;
  readonly bodyBytesMax?: number;
  /**
   * The body comes as bytes, inflated if it was gzipped and no more than `bodyBytesMax` either
   * way; `body` says so with `z.instanceof(Uint8Array)`.
   */
  readonly rawBody?: {
    readonly description: string;
    /** Refuses, by throwing, before any of the body is read. */
    readonly expect: (context: BodylessContext) => Promise<unknown>;
  };
}

/** A route as its file declares it. */
export interface RouteDefinition<
  Responses extends ResponseTable,
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends RouteFacts {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly responses: Responses;
  /** What the action is done to, as far as path and query tell. */
  resource(
    input: { readonly params: z.output<Params>; readonly query: z.output<Query> },
    principal: Principal,
  ): ResourceName;
  handler(
    context: RouteContext<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<BodyOf<Responses>> | BodyOf<Responses>;
}

/**
 * A declared route, with the types of its input forgotten: the pipeline parses path, query and
 * body with the definition's own schemas before it calls either function.
 */
export interface Route extends RouteFacts {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Undefined when the route takes no body. */
  readonly body: z.ZodType | undefined;
  readonly responses: ResponseTable;
  resource(
    input: { readonly params: unknown; readonly query: unknown },
    principal: Principal,
  ): ResourceName;
  handler(context: RouteContext): unknown;
}

const nothing = z.strictObject({});

/** Declares a route. */
export function defineRoute<
  Responses extends ResponseTable,
  Params extends z.ZodType = typeof nothing,
  Query extends z.ZodType = typeof nothing,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: RouteDefinition<Responses, Params, Query, Body>): Route {
  return {
    ...definition,
    params: definition.params ?? nothing,
    query: definition.query ?? nothing,
    body: definition.body,
  };
}

/** A JSON answer. */
export function json<Body>(description: string, schema: z.ZodType<Body>): JsonResponse<Body> {
  return { description, schema };
}

/** An answer of another media type. */
export function content(contentType: string, description: string): ContentResponse {
  return { contentType, description };
}

/** An answer without a body. */
export function empty(description: string): EmptyResponse {
  return { description };
}

/** Whether success of the route writes an audit row when this caller asks. */
export function isAudited(route: Route, { kind }: Principal): boolean {
  const audited = route.audited ?? route.method !== "GET";
  return audited === "admins" ? kind !== "agent" : audited;
}

/** Methods that the route table has at a path. */
export function methodsAt(path: string, routes: readonly Route[]): string[] {
  const steps = path.split("/");
  const fitting = routes.filter((route) => {
    const wanted = route.path.split("/");
    return (
      route.path !== "/*" &&
      wanted.length === steps.length &&
      wanted.every((step, index) => step.startsWith("{") || step === steps[index])
    );
  });
  return [...new Set(fitting.map((route) => route.method))];
}

/**
 * Drops members whose value is undefined, for options under exactOptionalPropertyTypes.
 *
 * @example
 * console.assert(!("a" in given({ a: undefined })));
 */
export function given<Fields extends object>(fields: Fields): Given<Fields>;
export function given(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Fields without those that are undefined. */
export type Given<Fields> = { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
