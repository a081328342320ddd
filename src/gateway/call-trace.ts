// W3C Trace Context (https://www.w3.org/TR/trace-context/): a call continues its caller's trace
// with a span of its own, whose id is the call's id.

import { randomFillSync } from "node:crypto";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZERO_TRACE = "0".repeat(32);
const ZERO_SPAN = "0".repeat(16);
/** Random bytes drawn at once: drawing them for each call costs many times as much. */
const DRAWN_BYTES = 8192;

/** A call's place in a trace. */
export interface CallTrace {
  readonly traceId: string;
  /** The caller's span; null when the trace begins here. */
  readonly parentSpanId: string | null;
  /** The call's own span. */
  readonly spanId: string;
  /** Two hex digits: whether the trace is sampled. */
  readonly flags: string;
}

/**
 * Makes span and trace ids.
 *
 * @example
 * const trace = new CallTraces().continue(null);
 * console.assert(trace.traceId.length === 32 && trace.spanId.length === 16);
 */
export class CallTraces {
  readonly #bytes = Buffer.allocUnsafe(DRAWN_BYTES);
  #used = DRAWN_BYTES;

  /** @param traceparent as the caller sent it; one that cannot be used begins a new trace. */
  continue(traceparent: string | null): CallTrace {
    const spanId = this.#hex(8);
    const match = traceparent === null ? null : TRACEPARENT.exec(traceparent);
    if (match !== null) {
      const [, version, traceId = "", parentSpanId = "", flags = "00", rest] = match;
      const isKnown = version !== "ff" && (version !== "00" || rest === undefined);
      if (isKnown && traceId !== ZERO_TRACE && parentSpanId !== ZERO_SPAN) {
        return { traceId, parentSpanId, spanId, flags };
      }
    }
    return { traceId: this.#hex(16), parentSpanId: null, spanId, flags: "01" };
  }

  #hex(length: number): string {
    if (this.#used + length > DRAWN_BYTES) {
      randomFillSync(this.#bytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    const text = this.#bytes.toString("hex", start, start + length);
    return /^0+$/.test(text) ? this.#hex(length) : text;
  }
}

/** The header that a call's upstream gets. */
export function traceparentOf(trace: CallTrace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.flags}`;
}
