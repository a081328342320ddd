// The trace that messages and tasks carry: a traceparent of W3C Trace Context, section 3.2.2. Its
// span id names the message or task itself; what is done because of it names that as its parent.

import { secureRandomBytes } from "../core/index.ts";
import type { RandomBytes } from "../core/index.ts";
import { invalid } from "./input-checks.ts";

// Version, trace id, parent id, flags.
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** The trace id of a traceparent: 32 hex digits; null when there is none. */
export function traceIdOf(traceparent: string | null): string | null {
  return traceparent === null ? null : traceparent.slice(3, 35);
}

/** The span id of a traceparent: 16 hex digits; null when there is none. */
export function spanIdOf(traceparent: string | null): string | null {
  return traceparent === null ? null : traceparent.slice(36, 52);
}

/** The traceparent of an answer: of the same trace, with a span of its own. */
export function answerTraceparent(
  traceparent: string,
  randomBytes: RandomBytes = secureRandomBytes,
): string {
  const spanId = Buffer.from(randomBytes(8)).toString("hex");
  return `${traceparent.slice(0, 36)}${spanId}${traceparent.slice(52)}`;
}

/** @throws CommunicationError unless it is absent or in the form of W3C Trace Context. */
export function checkTraceparent(traceparent: string | undefined): string | null {
  if (traceparent === undefined) return null;
  if (TRACEPARENT.test(traceparent)) return traceparent;
  throw invalid(`traceparent is not in the form of W3C Trace Context, version 00`);
}
