// The headers a service gets: what the caller's may pass, who called from where, the trace, the
// hops, and the service's own credential in place of the caller's key.

import { traceparentOf } from "./call-trace.ts";
import type { CallerFields } from "./header-fields.ts";
import { withoutCookie } from "./header-fields.ts";
import { looksLikeOwnKey } from "./identity-table.ts";
import type { ServiceCredential } from "./model.ts";
import type { RunningCall } from "./running-call.ts";

/** The pages' session cookie: a browser sends it to every port of its host. */
const SESSION_COOKIE = "cellphone_session";
/** Names this gateway in `Via`. */
const VIA = "1.1 agent-cellphone";

/** The key in an Authorization header, or null when it holds none. */
export function bearerOf(authorization: string | null): string | null {
  if (authorization === null) return null;
  const match = /^Bearer +([^ ]+) *$/i.exec(authorization);
  return match?.[1] ?? null;
}

/** Takes our own keys out of headers that may otherwise pass. */
export function dropOwnKeys(fields: CallerFields, used: string | null): void {
  const bearer = bearerOf(fields.authorization);
  if (bearer !== null && (bearer === used || looksLikeOwnKey(bearer))) fields.authorization = null;
  const { apiKey } = fields;
  if (apiKey !== null && (apiKey === used || looksLikeOwnKey(apiKey))) fields.apiKey = null;
  fields.cellphoneKey = null;
  if (fields.cookie !== null) fields.cookie = withoutCookie(fields.cookie, SESSION_COOKIE);
}

/**
 * Headers for the upstream, names and values in turn. Uses up `fields.forward`.
 * @param bodyLength said for a stream of known length; other lengths are plain to see.
 */
export function upstreamHeaders(
  call: RunningCall,
  fields: CallerFields,
  credential: ServiceCredential | null,
  bodyLength: number | null,
  instanceId: string,
): string[] {
  const headers = fields.forward;
  const { caller, trace } = call;
  pushPassing(headers, fields, credential?.header ?? null);
  if (credential !== null) {
    removeNamed(headers, credential.header);
    headers.push(credential.header, credential.value);
  }
  if (bodyLength !== null) headers.push("content-length", String(bodyLength));
  if (caller.address !== "unknown") headers.push("x-forwarded-for", caller.address);
  headers.push("x-forwarded-proto", caller.protocol);
  if (fields.host !== null) headers.push("x-forwarded-host", fields.host);
  headers.push("via", VIA, "traceparent", traceparentOf(trace));
  if (fields.tracestate !== null && trace.parentSpanId !== null) {
    headers.push("tracestate", fields.tracestate);
  }
  const hops = fields.hops === null ? instanceId : `${fields.hops}, ${instanceId}`;
  headers.push("x-cellphone-hop", hops);
  return headers;
}

/** What is left of the headers that could have carried a key of ours. */
export function pushPassing(
  headers: string[],
  fields: CallerFields,
  replaced: string | null = null,
): void {
  const { authorization, apiKey, cookie } = fields;
  if (authorization !== null && replaced !== "authorization") {
    headers.push("authorization", authorization);
  }
  if (apiKey !== null && replaced !== "x-api-key") headers.push("x-api-key", apiKey);
  if (cookie !== null && replaced !== "cookie") headers.push("cookie", cookie);
}

function removeNamed(pairs: string[], name: string): void {
  for (let index = pairs.length - 2; index >= 0; index -= 2) {
    const own = pairs[index] ?? "";
    if (own.length === name.length && own.toLowerCase() === name) pairs.splice(index, 2);
  }
}
