// A stretch of code that is timed from its making to its disposal.

import type { JsonObject } from "../core/index.ts";
import { whenSettled } from "./settled-promise.ts";
import type { SpanRecorder } from "./span-recorder.ts";
import type { Span } from "./span.ts";

/** What {@link PerformanceProfiler.profile} returns: time runs until it is disposed. */
export interface ProfileScope extends Disposable {
  /** 16 hex digits. */
  readonly spanId: string;
  /** 32 hex digits. */
  readonly traceId: string;
  /** For the `traceparent` header of a request made within the scope (W3C Trace Context). */
  readonly traceparent: string;
  /** Marks the scope as failed; leaving it goes on as usual. The last call counts. */
  fail(error: unknown): void;
}

/** The scope of a profiler that is switched off: its ids are the "no id" of W3C Trace Context. */
export const noScope: ProfileScope = {
  spanId: "0".repeat(16),
  traceId: "0".repeat(32),
  traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-00`,
  fail: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** A scope that is recorded. */
export class RecordedScope implements ProfileScope {
  readonly #recorder: SpanRecorder;
  readonly #span: Span;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(recorder: SpanRecorder, span: Span) {
    this.#recorder = recorder;
    this.#span = span;
  }

  get spanId(): string {
    return this.#recorder.ids.spanId(this.#span.key);
  }

  get traceId(): string {
    return this.#recorder.ids.traceId(this.#span.traceKey);
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`;
  }

  fail(error: unknown): void {
    this.#failure = { error };
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#failure === undefined) this.#recorder.end(this.#span);
    else this.#recorder.fail(this.#span, this.#failure.error);
  }
}

/** Calls `callback` within the span and ends it when the call, or its promise, is over. */
export function runScope<Result>(
  recorder: SpanRecorder,
  span: Span,
  callback: (scope: ProfileScope) => Result,
): Result {
  const scope = new RecordedScope(recorder, span);
  let result: Result;
  try {
    result = recorder.run(span, callback, scope);
  } catch (error) {
    scope.fail(error);
    scope[Symbol.dispose]();
    throw error;
  }
  if (!(result instanceof Promise)) {
    scope[Symbol.dispose]();
    return result;
  }
  const settled: Promise<unknown> = whenSettled(
    result,
    () => scope[Symbol.dispose](),
    (error) => {
      scope.fail(error);
      scope[Symbol.dispose]();
    },
  );
  // The promise of the same value.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return settled as Result;
}

/** A copy that later changes of the caller's object do not reach; absent stays absent. */
export function copyOf(context: JsonObject | undefined): JsonObject | undefined {
  return context === undefined ? undefined : { ...context };
}
