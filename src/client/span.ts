// Spans: timed steps of an agent's work, nested as they happen, in the trace of the message that
// caused them. A span that is open is the parent of whatever begins meanwhile in the same chain of
// awaits; where the runtime cannot follow those (browsers), `parent` says so.

import type { CallContext, Runtime } from "./runtime.ts";
import { formatTraceparent, newTrace, parseTraceparent, randomHex } from "./trace.ts";
import type { JsonObject } from "./wire.ts";

/** What a step was: `scope` unless said otherwise; any word of your own will do. */
export type SpanKind = "scope" | "function" | "model" | "tool" | "code" | "wait" | (string & {});

/** How to begin a span. */
export interface SpanOptions {
  /** @default "scope" */
  readonly kind?: SpanKind;
  /** Kept with the span, as it is when the span begins. */
  readonly context?: JsonObject;
  /** The span this one is part of. @default the one that is open here */
  readonly parent?: Span;
}

/** A finished span on its way. */
export interface OutgoingSpan {
  readonly spanId: string;
  readonly traceId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly ok: boolean;
  readonly error?: string;
  readonly context?: JsonObject;
}

/** Longest texts the server takes. */
const NAME_LENGTH_MAX = 256;
const KIND_LENGTH_MAX = 64;
const ERROR_LENGTH_MAX = 2000;

/** Begins spans, and hands over those that have ended. */
export class Tracer {
  readonly #runtime: Runtime;
  readonly #finished: (span: OutgoingSpan) => void;

  constructor(runtime: Runtime, finished: (span: OutgoingSpan) => void) {
    this.#runtime = runtime;
    this.#finished = finished;
  }

  /** The surroundings that hold now: those of spans that have ended are left behind. */
  context(): CallContext | undefined {
    let live = this.#runtime.context();
    while (live?.span?.ended === true) live = live.span.outside;
    return live;
  }

  /**
   * Begins a span; what follows in the same chain of awaits belongs to it until it ends.
   * @param fallback what surrounds it where the runtime cannot tell.
   */
  begin(name: string, options: SpanOptions, fallback?: CallContext): Span {
    const outer = this.surroundings(fallback);
    const span = new Span(this, name, options, outer);
    this.#runtime.enter(span.inside);
    return span;
  }

  /** Runs `body` as a span: what it begins belongs to it, its exception makes it fail. */
  async run<Result>(
    name: string,
    options: SpanOptions,
    body: (span: Span) => Result,
    fallback?: CallContext,
  ): Promise<Awaited<Result>> {
    const span = new Span(this, name, options, this.surroundings(fallback));
    try {
      return await this.#runtime.within(span.inside, () => body(span));
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** A span has ended. */
  end(span: Span, outgoing: OutgoingSpan): void {
    this.#finished(outgoing);
    if (this.#runtime.context()?.span === span) this.#runtime.enter(span.outside);
  }

  /** What a call or a step of `fallback` is part of: the newest here, when it is of its trace. */
  surroundings(fallback: CallContext | undefined): CallContext | undefined {
    const here = this.context();
    const trace = parseTraceparent(fallback?.traceparent)?.traceId;
    const same = trace === undefined || parseTraceparent(here?.traceparent)?.traceId === trace;
    return same ? (here ?? fallback) : fallback;
  }
}

/**
 * A step under way. Leaving its scope (`using`) ends it; `fail()` says that it went wrong.
 *
 * @example needs a server
 * const phone = await connect({ name: "planner" });
 * {
 *   using step = phone.span("read the index", { kind: "tool" });
 *   console.log(step.traceId);
 * }
 */
export class Span implements Disposable {
  readonly name: string;
  /** 32 hex digits: the message's that is being handled, or a new one. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** W3C trace context for whatever this step calls. */
  readonly traceparent: string;
  readonly #tracer: Tracer;
  readonly #kind: string;
  readonly #context: JsonObject | undefined;
  readonly #parentSpanId: string | null;
  readonly #outer: CallContext | undefined;
  readonly #startMs = Date.now();
  readonly #startedMs = performance.now();
  #error: string | undefined;
  #ended = false;

  /** Made by `phone.span()`. */
  constructor(tracer: Tracer, name: string, options: SpanOptions, outer: CallContext | undefined) {
    const { parent, kind = "scope", context } = options;
    this.#tracer = tracer;
    this.#kind = kind.slice(0, KIND_LENGTH_MAX);
    // A copy: callers go on using their object for the next step.
    this.#context = context && { ...context };
    this.#outer = outer;
    this.name = name.slice(0, NAME_LENGTH_MAX);
    if (this.name === "") throw new TypeError("A span needs a name");
    const above = parseTraceparent(parent?.traceparent ?? outer?.traceparent);
    const { traceId, flags } = above ?? newTrace();
    this.traceId = traceId;
    this.spanId = randomHex(8);
    this.#parentSpanId = above?.spanId ?? null;
    this.traceparent = formatTraceparent({ traceId, spanId: this.spanId, flags });
  }

  /** True once it has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What holds inside: the surroundings it began in, with itself as the parent. */
  get inside(): CallContext {
    return { ...this.#outer, traceparent: this.traceparent, span: this };
  }

  /** The surroundings it began in. */
  get outside(): CallContext | undefined {
    return this.#outer;
  }

  /** Begins a step of this one, wherever that is called. */
  span(name: string, options: Omit<SpanOptions, "parent"> = {}): Span {
    return this.#tracer.begin(name, { ...options, parent: this }, this.inside);
  }

  /** It went wrong; it still ends by itself. */
  fail(error: unknown): void {
    const text = error instanceof Error ? error.message || error.name : String(error);
    this.#error = text.slice(0, ERROR_LENGTH_MAX);
  }

  /** Ends it; the first end counts. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const context = this.#context;
    this.#tracer.end(this, {
      spanId: this.spanId,
      traceId: this.traceId,
      parentSpanId: this.#parentSpanId,
      name: this.name,
      kind: this.#kind,
      startMs: this.#startMs,
      durationMs: Math.round((performance.now() - this.#startedMs) * 1000) / 1000,
      ok: this.#error === undefined,
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(context === undefined ? {} : { context }),
    });
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
