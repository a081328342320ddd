// A call as code sees it: what routeRequest() takes and returns, and what middleware works with.

import type { JsonValue } from "../core/index.ts";
import type { GatewayIdentity } from "./data-plane.ts";

/** Headers by lower-case name; a list where the header came several times. */
export type CallHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A body: bytes, text, a JSON value, or a stream of bytes that is read once. */
export type CallBody = Uint8Array | string | AsyncIterable<Uint8Array> | JsonValue | null;

/** A call on its way in. */
export interface GatewayRequest {
  readonly method: string;
  /** Public path, canonical, without the query: `/v1/users/7`. */
  readonly path: string;
  /** Raw query without `?`; empty when there is none. */
  readonly query: string;
  readonly headers: CallHeaders;
  readonly body: CallBody;
  readonly namespace: string;
  /** Who calls; null for anonymous callers. */
  readonly identity: GatewayIdentity | null;
  /** The service the path leads to, its matched template and its version. */
  readonly serviceId: string;
  readonly route: string;
  readonly version: string;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly callId: string;
  readonly traceId: string;
  /** Aborts when the client goes away, the call is cut or the gateway stops. */
  readonly signal: AbortSignal;
}

/** An answer on its way out. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: CallHeaders;
  readonly body: CallBody;
}

/**
 * Sees every call to a service, in order of registration. It may answer by itself, change the
 * request it hands to `next`, or change the response that `next` brings.
 *
 * Throwing answers 500 with an id that the log repeats.
 */
export type Middleware = (
  request: GatewayRequest,
  next: (request?: GatewayRequest) => Promise<GatewayResponse>,
) => Promise<GatewayResponse> | GatewayResponse;

/** A call made by code rather than by the network. */
export interface RoutedRequest {
  readonly method: string;
  /** Public path, with or without a query. */
  readonly path: string;
  readonly headers?: CallHeaders;
  readonly queryParams?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly body?: CallBody;
  /** @default "unknown" */
  readonly clientAddress?: string;
  /** @default "unknown" */
  readonly userAgent?: string;
  readonly signal?: AbortSignal;
}

/** What routeRequest() resolves with: the whole answer, read to its end. */
export interface RoutedResponse {
  readonly status: number;
  readonly headers: CallHeaders;
  readonly body: Uint8Array;
  readonly callId: string;
  readonly traceId: string;
  readonly durationMs: number;
  text(): string;
  /** @throws SyntaxError when the body is no JSON. */
  json(): JsonValue;
}
