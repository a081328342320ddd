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
  readonly context: JsonObject | undefined;
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
