// Which span the code that runs now is a part of, across awaits, timers and events.

import { AsyncLocalStorage } from "node:async_hooks";

import { Span } from "./span.ts";
import type { SpanParent } from "./span.ts";

/**
 * The current span of each asynchronous flow. Setting it for a flow takes longer than anything else
 * in a timed call, so that plain functions only set a variable: what they leave behind for later
 * (timers, callbacks) belongs to the span around them.
 */
export class SpanContext {
  readonly #storage = new AsyncLocalStorage<SpanParent | undefined>();
  /** Set only while a plain function is on the stack; nothing of another flow runs meanwhile. */
  #onStack: SpanParent | undefined;

  /** What a span that starts now is a part of. */
  current(): SpanParent | undefined {
    let onStack = this.#onStack;
    while (isOver(onStack)) onStack = onStack.outer;
    return onStack ?? this.#ofFlow();
  }

  /** Calls `callback` with `parent` current, in everything it starts too. */
  run<Arguments extends unknown[], Result>(
    parent: SpanParent | undefined,
    callback: (...values: Arguments) => Result,
    ...values: Arguments
  ): Result {
    const onStack = this.#onStack;
    this.#onStack = undefined;
    try {
      return this.#storage.run(parent, callback, ...values);
    } finally {
      this.#onStack = onStack;
    }
  }

  /** Makes a plain function's span current while it is on the stack. @returns for {@link pop}. */
  push(span: SpanParent): SpanParent | undefined {
    const before = this.#onStack;
    this.#onStack = span;
    return before;
  }

  /** @param before what {@link push} returned. */
  pop(before: SpanParent | undefined): void {
    this.#onStack = before;
  }

  /**
   * Makes a scope current until it has ended. It stays set in its flow then, and is passed over:
   * taking it out would cost as much as setting it.
   */
  enter(scope: Span): void {
    scope.isScope = true;
    scope.outer = this.current();
    scope.flowBefore = this.#ofFlow();
    this.#storage.enterWith(scope);
    if (this.#onStack !== undefined) this.#onStack = scope;
  }

  /** Passed over now, not when it is asked for: else scopes that are over would hold each other. */
  #ofFlow(): SpanParent | undefined {
    let current = this.#storage.getStore();
    while (isOver(current)) current = current.flowBefore;
    return current;
  }
}

function isOver(parent: SpanParent | undefined): parent is Span {
  return parent instanceof Span && parent.isScope && parent.durationMs >= 0;
}
