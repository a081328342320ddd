// W3C Trace Context (https://www.w3.org/TR/trace-context/): the caller's trace goes on through
// this server; without one, a trace begins here.

import { randomBytes } from "node:crypto";

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
  const spanId = randomBytes(8).toString("hex");
  if (incoming !== undefined && isTraceparent(incoming)) {
    return `00-${incoming.slice(3, 35)}-${spanId}-${incoming.slice(53, 55)}`;
  }
  return `00-${randomBytes(16).toString("hex")}-${spanId}-01`;
}
