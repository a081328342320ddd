// One timed call while it runs and after. Small, because there may be millions: ids and the
// record for people are made when someone asks.

import type { JsonObject, JsonValue } from "../core/index.ts";
import type { DurationBatch } from "./duration-telemetry.ts";
import { profilerLimits } from "./limits.ts";
import type { SpanRecord } from "./model.ts";
import type { SpanIds, SpanKey } from "./span-ids.ts";

/** What a span that starts is a part of. */
export interface SpanParent {
  readonly key: SpanKey;
  readonly traceKey: SpanKey;
}

/** One timed call. */
export class Span implements SpanParent {
  readonly key: SpanKey;
  readonly traceKey: SpanKey;
  readonly parentKey: SpanKey | null;
  readonly batch: DurationBatch;
  readonly kind: string;
  context: JsonObject | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly startMonotonicMs: number;
  /** Negative while it runs. */
  durationMs = -1;
  ok = true;
  error: string | null = null;
  /** Of a scope that is current until it ends: what was current before. */
  outer: SpanParent | undefined = undefined;
  /** Of such a scope: what its asynchronous flow had before, without what is on the stack. */
  flowBefore: SpanParent | undefined = undefined;
  isScope = false;

  constructor(
    key: SpanKey,
    traceKey: SpanKey,
    parentKey: SpanKey | null,
    batch: DurationBatch,
    kind: string,
    context: JsonObject | undefined,
    startMs: number,
    startMonotonicMs: number,
  ) {
    this.key = key;
    this.traceKey = traceKey;
    this.parentKey = parentKey;
    this.batch = batch;
    this.kind = kind;
    this.context = context;
    this.startMs = startMs;
    this.startMonotonicMs = startMonotonicMs;
  }
}

/** The span as stores, pages and exports have it. */
export function toSpanRecord(span: Span, namespace: string, ids: SpanIds): SpanRecord {
  return {
    spanId: ids.spanId(span.key),
    traceId: ids.traceId(span.traceKey),
    parentSpanId: span.parentKey === null ? null : ids.spanId(span.parentKey),
    namespace,
    agentId: span.batch.agentId,
    name: span.batch.name,
    kind: span.kind,
    startMs: span.startMs,
    durationMs: span.durationMs,
    ok: span.ok,
    error: span.error,
    context: span.context === undefined ? {} : plainContext(span.context),
  };
}

/** What of an error is kept: its first 500 characters. */
export function errorText(error: unknown): string {
  return textOf(error).slice(0, profilerLimits.errorLength.value);
}

function textOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return String(error);
    return error.message === "" ? error.name : `${error.name}: ${error.message}`;
  } catch {
    return "an error that cannot be shown";
  }
}

/**
 * A context that may be kept as long as its span: within contextBytes, and with nothing in it that
 * its caller holds on to, and makes grow. Plain values, the usual case, are kept as they are.
 */
export function boundedContext(context: JsonObject): JsonObject {
  const most = profilerLimits.contextBytes.value;
  try {
    if (sizeOf(context, most) > most) return { leftOut: `more than ${most} characters` };
    return Object.values(context).every(isPlain) ? context : plainContext(context);
  } catch (error) {
    // A getter of the caller's threw: nothing of that may reach the code that is timed.
    return { leftOut: errorText(error) };
  }
}

/** Characters of a value as JSON, about; counting ends where there are more than `most`. */
function sizeOf(value: unknown, most: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  // As much as an empty object takes in memory; what is nested in a circle comes to its end, too.
  let size = 16;
  for (const key in value) {
    if (size > most) break;
    if (!Object.hasOwn(value, key)) continue;
    size += key.length;
    size += sizeOf(Reflect.get(value, key), most - size);
  }
  return size;
}

function isPlain(value: unknown): boolean {
  return (typeof value !== "object" || value === null) && typeof value !== "function";
}

/** A context as JSON has it. One that is none must not keep the spans beside it from the store. */
function plainContext(context: JsonObject): JsonObject {
  try {
    const text = JSON.stringify(context);
    const most = profilerLimits.contextBytes.value;
    if (text.length > most) return { leftOut: `${text.length} characters, more than ${most}` };
    const plain: JsonValue = JSON.parse(text);
    return isObject(plain) ? plain : {};
  } catch (error) {
    return { leftOut: errorText(error) };
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
