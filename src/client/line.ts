// What a handler's delivery and a piece of work offer of their phone, bound to what they are part
// of: where the runtime cannot follow awaits, they still know their trace.

import type { FetchOptions } from "./gateway-line.ts";
import type { CallContext } from "./runtime.ts";
import type { Span, SpanOptions } from "./span.ts";

/** A phone's spans and calls, for a given context. */
export interface Line {
  begin(name: string, options: SpanOptions, context: CallContext | undefined): Span;
  run<Result>(
    name: string,
    options: SpanOptions,
    body: (span: Span) => Result,
    context: CallContext | undefined,
  ): Promise<Awaited<Result>>;
  fetch(path: string, options: FetchOptions, context: CallContext | undefined): Promise<Response>;
}

/** What does its spans and calls in one context. */
export class BoundLine {
  readonly #line: Line;
  readonly #context: CallContext | undefined;

  constructor(line: Line, context: CallContext | undefined) {
    this.#line = line;
    this.#context = context;
  }

  /** Times a step of this; see `phone.span()`. */
  span(name: string, options?: SpanOptions): Span;
  span<Result>(
    name: string,
    options: SpanOptions,
    body: (span: Span) => Result,
  ): Promise<Awaited<Result>>;
  span<Result>(
    name: string,
    options: SpanOptions = {},
    body?: (span: Span) => Result,
  ): Span | Promise<Awaited<Result>> {
    if (body === undefined) return this.#line.begin(name, options, this.#context);
    return this.#line.run(name, options, body, this.#context);
  }

  /** Calls a service in the trace of this; see `phone.fetch()`. */
  fetch(path: string, options: FetchOptions = {}): Promise<Response> {
    return this.#line.fetch(path, options, this.#context);
  }
}
