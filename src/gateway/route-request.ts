// A call made by code: from the arguments of routeRequest() to what a data plane is asked, and
// on whose behalf.

import type { TrustedCaller } from "./call-admission.ts";
import type { CallBody, CallHeaders, RoutedRequest } from "./call.ts";
import type { GatewayIdentity } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";

/** The arguments of routeRequest() after the method, one by one. */
export type RouteArguments = readonly [
  path?: string,
  headers?: CallHeaders,
  queryParams?: RoutedRequest["queryParams"],
  body?: CallBody,
  clientIp?: string,
  userAgent?: string,
];

/** The request the arguments stand for. */
export function requestOf(method: string, given: RouteArguments): RoutedRequest {
  const [path, headers, queryParams, body, clientAddress, userAgent] = given;
  return {
    method,
    // Checked with the rest; calls without types may leave it out.
    path: path ?? "",
    ...(headers === undefined ? {} : { headers }),
    ...(queryParams === undefined ? {} : { queryParams }),
    ...(body === undefined ? {} : { body }),
    ...(clientAddress === undefined ? {} : { clientAddress }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}

/** A header's or method's name: RFC 9110, section 5.6.2, `token`. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a header may hold on the wire, one byte a character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The request as it can be sent: what the network would never let through is a mistake of the
 * code that calls, and said at once.
 * @throws GatewayError `gateway.argument_invalid`.
 */
export function checkedRequest(request: RoutedRequest): RoutedRequest {
  const { headers = {}, method, path } = request;
  const userAgent = request.userAgent ?? "unknown";
  if (typeof method !== "string" || !TOKEN.test(method)) {
    throw invalid(`The method ${shown(method)} is no method`);
  }
  if (typeof path !== "string" || !path.isWellFormed()) throw invalid("path must be text");
  for (const [name, value] of [...Object.entries(headers), ["user-agent", userAgent] as const]) {
    if (!TOKEN.test(name)) throw invalid(`The header name ${shown(name)} is no name`);
    // Never repeated in the message: it may be a secret.
    for (const one of typeof value === "string" ? [value] : value) {
      const isSendable = typeof one === "string" && FIELD_VALUE.test(one);
      if (!isSendable) throw invalid(`The header ${name} holds what no header may hold`);
    }
  }
  // Code may write paths as people read them; the network may not.
  return { ...request, userAgent, path: path.replaceAll(/[^\0-\x7f]+/g, encodeURIComponent) };
}

function invalid(message: string): GatewayError {
  return new GatewayError("gateway.argument_invalid", message);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/**
 * For whom code calls: the owner of the key it shows; without any key, itself, which is trusted.
 * Undefined leaves the decision to the data plane: a key that nobody knows.
 */
export function callerOf(
  headers: CallHeaders,
  namespace: string,
  identify: ((secret: string) => GatewayIdentity | null | undefined) | undefined,
): TrustedCaller | undefined {
  const secrets = secretsOf(headers);
  if (secrets.length === 0) return { namespace };
  for (const secret of secrets) {
    const identity = identify?.(secret);
    if (identity === null || identity === undefined) continue;
    // An agent's key opens its own namespace only.
    if (identity.kind === "admin" || identity.namespace === namespace) {
      return { namespace, identity };
    }
  }
  return undefined;
}

function secretsOf(headers: CallHeaders): string[] {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const text = typeof value === "string" ? value : (value[0] ?? "");
    const lower = name.toLowerCase();
    if (lower === "x-cellphone-key" || lower === "x-api-key") secrets.push(text.trim());
    const bearer = lower === "authorization" ? /^bearer +(\S+)\s*$/i.exec(text)?.[1] : undefined;
    if (bearer !== undefined) secrets.push(bearer);
  }
  return secrets;
}
