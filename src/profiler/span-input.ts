// Spans that were timed elsewhere, checked: what agents post is not to be trusted.

import { nameProblem } from "../core/index.ts";
import type { Clock, JsonObject } from "../core/index.ts";
import type { ProfilerSettings } from "./config.ts";
import type { DurationTelemetry } from "./duration-telemetry.ts";
import { DurationBatch } from "./duration-telemetry.ts";
import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";
import type { SpanInput, SpansTaken } from "./model.ts";
import type { SpanRecorder } from "./span-recorder.ts";
import { Span } from "./span.ts";

const SPAN_ID = /^(?!0+$)[\da-f]{16}$/;
const TRACE_ID = /^(?!0+$)[\da-f]{32}$/;

/** What a {@link SpanIntake} works with. */
export interface SpanIntakeParts {
  readonly clock: Clock;
  readonly settings: ProfilerSettings;
  readonly recorder: SpanRecorder;
  readonly durations: DurationTelemetry | undefined;
}

/** Takes spans that were timed elsewhere. */
export class SpanIntake {
  readonly #parts: SpanIntakeParts;

  constructor(parts: SpanIntakeParts) {
    this.#parts = parts;
  }

  /** @throws ProfilerError `profiler.span_invalid`, `name_invalid` or `context_invalid`. */
  take(input: SpanInput): Span {
    const { recorder, durations } = this.#parts;
    if (typeof input !== "object" || input === null) throw invalid("A span is a JSON object");
    const { name, agentId = null, kind = "scope", ok = true, error = null } = input;
    checkScopeName(name);
    if (agentId !== null) checkName("agent", agentId);
    checkName("kind", kind);
    this.#checkTimes(input);
    const key = checkedId("spanId", input.spanId, SPAN_ID) ?? recorder.nextKey();
    const traceKey = checkedId("traceId", input.traceId, TRACE_ID) ?? key;
    const parentKey = checkedId("parentSpanId", input.parentSpanId ?? undefined, SPAN_ID) ?? null;
    if (typeof ok !== "boolean" || (error !== null && typeof error !== "string")) {
      throw invalid(`"ok" of span "${name}" is yes or no, its "error" is text`);
    }
    const batch = durations?.batch(name, agentId) ?? new DurationBatch(name, agentId);
    const context = checkedContext(input.context);
    // A span that names itself and no trace starts one; its id is too short to name it.
    const trace = traceKey === key && typeof key === "string" ? recorder.nextKey() : traceKey;
    const span = new Span(key, trace, parentKey, batch, kind, context, input.startMs, 0);
    span.durationMs = input.durationMs;
    span.ok = ok;
    span.error = error === null ? null : error.slice(0, profilerLimits.errorLength.value);
    recorder.keep(span);
    return span;
  }

  /** Takes what can be taken of a batch; an agent named here outranks those the spans name. */
  takeAll(inputs: readonly SpanInput[], agentId: string | undefined): SpansTaken {
    const rejected: { index: number; code: string; detail: string }[] = [];
    const most = profilerLimits.spanBatch.value;
    let accepted = 0;
    for (const [index, input] of inputs.entries()) {
      try {
        if (index >= most)
          throw invalid(`A batch holds ${most} spans, this is number ${index + 1}`);
        this.take(agentId === undefined ? input : { ...input, agentId });
        accepted += 1;
      } catch (error) {
        if (!(error instanceof ProfilerError)) throw error;
        rejected.push({ index, code: error.code, detail: error.message });
      }
    }
    return { accepted, rejected };
  }

  #checkTimes({ name, startMs, durationMs }: SpanInput): void {
    const { clock, settings } = this.#parts;
    const nowMs = clock.now();
    const longestMs = profilerLimits.spanDurationMs.value;
    if (!Number.isFinite(durationMs) || durationMs < 0 || durationMs > longestMs) {
      throw invalid(`Span "${name}" took ${durationMs} ms; 0 to ${longestMs} can be recorded`);
    }
    const oldestMs = nowMs - settings.spanRetentionDays * 86_400_000;
    const latestMs = nowMs + profilerLimits.clockAheadMs.value;
    if (!Number.isFinite(startMs) || startMs < oldestMs || startMs > latestMs) {
      const range = `${new Date(oldestMs).toISOString()} to ${new Date(latestMs).toISOString()}`;
      throw invalid(`Span "${name}" started at ${startMs} ms, which is not within ${range}`);
    }
  }
}

/** @throws ProfilerError `profiler.name_invalid` unless it can name a function or a scope. */
export function checkScopeName(name: string): void {
  const most = profilerLimits.nameLength.value;
  if (typeof name === "string" && name.length > 0 && name.length <= most) return;
  const what =
    typeof name === "string" ? `${name.length} characters` : `no text but ${typeof name}`;
  const message = `The name of a function or scope has 1 to ${most} characters, this one ${what}`;
  throw new ProfilerError("profiler.name_invalid", message);
}

/** @throws ProfilerError `profiler.name_invalid`. */
export function checkName(what: string, name: unknown): void {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  const shown = String(name).slice(0, 140);
  throw new ProfilerError("profiler.name_invalid", `The name of ${what} "${shown}" ${problem}`);
}

/**
 * A copy of a context that came from outside.
 * @throws ProfilerError `profiler.context_invalid`.
 */
export function checkedContext(context: JsonObject | undefined): JsonObject | undefined {
  if (context === undefined || context === null) return undefined;
  if (typeof context !== "object" || Array.isArray(context)) {
    throw new ProfilerError("profiler.context_invalid", "A context is a JSON object");
  }
  let text: string;
  try {
    text = JSON.stringify(context);
  } catch (error) {
    const message = `A context cannot be written as JSON: ${String(error)}`;
    throw new ProfilerError("profiler.context_invalid", message, { cause: error });
  }
  const most = profilerLimits.contextBytes.value;
  if (text.length > most) {
    const message = `A context has ${text.length} characters as JSON, more than ${most}`;
    throw new ProfilerError("profiler.context_invalid", message);
  }
  return { ...context };
}

function checkedId(field: string, id: unknown, pattern: RegExp): string | undefined {
  if (id === undefined) return undefined;
  if (typeof id === "string" && pattern.test(id)) return id;
  const digits = pattern === TRACE_ID ? 32 : 16;
  throw invalid(
    `${field} ${JSON.stringify(id)?.slice(0, 40)} is not ${digits} lower-case hex digits`,
  );
}

function invalid(message: string): ProfilerError {
  return new ProfilerError("profiler.span_invalid", message);
}
