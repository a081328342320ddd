// W3C Trace Context (https://www.w3.org/TR/trace-context/): the caller's trace goes on through
// this server; without one, a trace begins here.

import { randomUUID } from "node:crypto";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Whether a text is a usable traceparent. */
export function isTraceparent(text: string): boolean {
  const match = TRACEPARENT.exec(text);
  if (match === null) return false;
  const [, version, traceId = "", spanId = "", , rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return false;
  return !/^0+$/.test(traceId) && !/^0+$/.test(spanId);
}

/** The traceparent of what this server does for a request: same trace, a span of its own. */
export function continueTrace(incoming: string | undefined): string {
  const spanId = randomHex().slice(16);
  if (incoming !== undefined && isTraceparent(incoming)) {
    return `00-${incoming.slice(3, 35)}-${spanId}-${incoming.slice(53, 55)}`;
  }
  return `00-${randomHex()}-${spanId}-01`;
}

/** The trace of a usable traceparent: 32 hex digits. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** A traceparent of a new span in a trace. */
export function inTrace(traceId: string): string {
  return `00-${traceId}-${randomHex().slice(16)}-01`;
}

/**
 * 32 hex digits, 122 bits of them random. Node draws randomness for many UUIDs at once: bytes
 * drawn for each request by themselves cost three times as much.
 */
function randomHex(): string {
  const uuid = randomUUID();
  const start = uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18);
  return start + uuid.slice(19, 23) + uuid.slice(24);
}
