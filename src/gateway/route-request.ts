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
  if (typeof path !== "string") {
    throw new GatewayError("gateway.argument_invalid", "path must be text");
  }
  return {
    method,
    path,
    ...(headers === undefined ? {} : { headers }),
    ...(queryParams === undefined ? {} : { queryParams }),
    ...(body === undefined ? {} : { body }),
    ...(clientAddress === undefined ? {} : { clientAddress }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
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
