// Calls to services through the gateway: with the agent's own key, as part of the trace of whatever
// it is doing. The service's answers are passed on as they are; only the gateway's own refusals
// become errors.

import { backoffMs } from "./backoff.ts";
import { parseDuration, sleep } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { CellphoneClientError, clientError } from "./errors.ts";
import type { CallContext } from "./runtime.ts";
import { newTrace, formatTraceparent, parseTraceparent } from "./trace.ts";
import { causeText, problemError, wasNotSent } from "./transport.ts";
import type { Transport } from "./transport.ts";

/** How to call a service: as for `fetch`, and more. */
export interface FetchOptions extends RequestInit {
  /** Sent as the JSON body; the method is then POST unless said otherwise. */
  readonly json?: unknown;
  /** What `fetch` wants beside a body that is a stream. */
  readonly duplex?: "half";
  /**
   * How long to try again when the gateway refuses for now (a limit, no endpoint), as its
   * Retry-After says. A call that may have been carried out, although its answer is missing, is
   * repeated only for GET, HEAD, OPTIONS, PUT and DELETE. A body that is a stream is sent once.
   * @default no second try
   */
  readonly retryFor?: Duration;
  /** Whether the call may reach the service twice without harm. @default as its method says */
  readonly repeatable?: boolean;
}

/** Methods that do no more when they are carried out twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Refusals of the gateway that come before it turns to the service. */
const NOT_CARRIED_OUT = new Set([
  "gateway.agent_paused",
  "gateway.closed",
  "gateway.no_endpoint",
  "gateway.rate_limited",
  "gateway.service_busy",
  "gateway.too_many_calls",
]);

/** What a {@link GatewayLine} needs. */
export interface GatewayLineOptions {
  readonly transport: Transport;
  /** Where the gateway is, as the server last said. */
  readonly gatewayUrl: () => string | null;
  /** Asks the server again. */
  readonly askAgain: () => Promise<string | null>;
}

/** The agent's line to services. */
export class GatewayLine {
  readonly #options: GatewayLineOptions;

  constructor(options: GatewayLineOptions) {
    this.#options = options;
  }

  /**
   * @throws CellphoneClientError with the gateway's code, `client.no_gateway`, or
   *   `client.unreachable`; TypeError when the path does not start with a slash.
   */
  async fetch(
    path: string,
    options: FetchOptions,
    context: CallContext | undefined,
  ): Promise<Response> {
    if (!path.startsWith("/")) throw new TypeError(`A service's path starts with /, not "${path}"`);
    const { retryFor, repeatable, json, ...init } = options;
    const untilMs = performance.now() + (retryFor === undefined ? 0 : parseDuration(retryFor));
    const request = this.#request(init, json, context);
    const method = (request.method ?? "GET").toUpperCase();
    const isRepeatable = repeatable ?? IDEMPOTENT.has(method);
    for (let failures = 1; ; failures++) {
      try {
        return await this.#once(path, request);
      } catch (error) {
        if (!(error instanceof CellphoneClientError) || !error.retryable) throw error;
        const again = isRepeatable || wasNotCarriedOut(error);
        if (!again || retryFor === undefined || isStream(request.body)) throw error;
        const delayMs = backoffMs(failures, error.retryAfterMs);
        if (performance.now() + delayMs > untilMs) throw error;
        await sleep(delayMs, init.signal ?? undefined);
        if (init.signal?.aborted === true) throw error;
      }
    }
  }

  #request(init: RequestInit, json: unknown, context: CallContext | undefined): RequestInit {
    const headers = new Headers(init.headers);
    const { "x-cellphone-namespace": namespace, authorization } = this.#options.transport.headers;
    // Not as `authorization`, which stays the caller's own.
    const key = authorization?.replace(/^Bearer /, "");
    if (key !== undefined && !headers.has("x-cellphone-key")) headers.set("x-cellphone-key", key);
    if (namespace !== undefined) headers.set("x-cellphone-namespace", namespace);
    if (!headers.has("traceparent")) {
      const trace = parseTraceparent(context?.traceparent) ?? newTrace();
      headers.set("traceparent", formatTraceparent(trace));
    }
    if (json === undefined) return { ...init, headers };
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return { method: "POST", ...init, headers, body: JSON.stringify(json) };
  }

  async #once(path: string, request: RequestInit): Promise<Response> {
    const { askAgain, gatewayUrl } = this.#options;
    const known = gatewayUrl();
    const base = known ?? (await askAgain());
    try {
      return await this.#send(base, path, request);
    } catch (error) {
      // The server may have come back with its gateway elsewhere.
      if (known === null || !(error instanceof CellphoneClientError)) throw error;
      if (!wasNotSent(error)) throw error;
      const now = await askAgain().catch(() => known);
      if (now === known) throw error;
      return this.#send(now, path, request);
    }
  }

  async #send(base: string | null, path: string, request: RequestInit): Promise<Response> {
    if (base === null) throw clientError("client.no_gateway", "This server runs no gateway");
    let response: Response;
    try {
      response = await fetch(base + path, request);
    } catch (cause) {
      // Whoever cancels a call gets back what he cancelled it with, as with fetch.
      if (request.signal?.aborted === true) throw cause;
      const message = `The gateway at ${base} does not answer: ${causeText(cause)}`;
      throw clientError("client.unreachable", message, cause);
    }
    return response.ok ? response : refuseOwn(response, `${request.method ?? "GET"} ${path}`);
  }
}

/** Throws what the gateway itself says; passes on what the service said. */
async function refuseOwn(response: Response, call: string): Promise<Response> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("application/problem+json")) return response;
  const text = await response.text();
  const problem = problemError(response, text, call);
  if (problem?.code.startsWith("gateway.") === true) throw problem;
  const { status, statusText, headers } = response;
  return new Response(text, { status, statusText, headers });
}

/** A completion or a payment whose answer got lost is paid for; the next try would pay again. */
function wasNotCarriedOut(error: CellphoneClientError): boolean {
  return NOT_CARRIED_OUT.has(error.code) || wasNotSent(error);
}

function isStream(body: RequestInit["body"]): boolean {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
