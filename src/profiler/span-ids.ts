// Ids of spans and traces as W3C Trace Context wants them (https://www.w3.org/TR/trace-context/),
// made when someone looks: a timed call only counts up. A number becomes an id by a Weyl sequence
// (start + number x an odd constant, modulo 2^64): distinct for distinct numbers, and as far from
// another process' ids as its random start.

import { secureRandomBytes } from "../core/index.ts";
import type { RandomBytes } from "../core/index.ts";

/** A number counted up here, or an id that came from outside. */
export type SpanKey = number | string;

/** 2^64 divided by the golden ratio, made odd: neighbours come out far apart. */
const STEP = 0x9e37_79b9_7f4a_7c15n;

/** Where a trace goes on, as the `traceparent` header says it. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
}

/** Turns counted numbers into ids. */
export class SpanIds {
  readonly #starts: readonly [bigint, bigint, bigint];

  constructor(randomBytes: RandomBytes = secureRandomBytes) {
    const words = new BigUint64Array(Uint8Array.from(randomBytes(24)).buffer);
    this.#starts = [words[0] ?? 0n, words[1] ?? 0n, words[2] ?? 0n];
  }

  /** 16 hex digits. */
  spanId(key: SpanKey): string {
    return typeof key === "string" ? key : wordOf(this.#starts[0], key);
  }

  /** 32 hex digits. */
  traceId(key: SpanKey): string {
    if (typeof key === "string") return key;
    return wordOf(this.#starts[1], key) + wordOf(this.#starts[2], key);
  }
}

/** The parts of a `traceparent` header; undefined when it is none. */
export function parseTraceParent(header: string): TraceParent | undefined {
  const match = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/.exec(
    header.trim(),
  );
  const [, traceId = "", spanId = ""] = match ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId };
}

function wordOf(start: bigint, key: number): string {
  const word = BigInt.asUintN(64, start + BigInt(key) * STEP);
  // All zeros means "no id" on the wire.
  return (word === 0n ? 1n : word).toString(16).padStart(16, "0");
}
