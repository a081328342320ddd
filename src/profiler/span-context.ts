// Which span the code that runs now is a part of, across awaits, timers and events.

import { AsyncLocalStorage } from "node:async_hooks";

import { Span } from "./span.ts";
import type { SpanParent } from "./span.ts";

/**
 * The current span of each asynchronous flow. Setting it for a flow takes longer than anything else
 * in a timed call, so that plain functions within a span only set a variable: what they leave
 * behind for later (timers, callbacks) belongs to the span around them.
 */
export class SpanContext {
  readonly #storage = new AsyncLocalStorage<SpanParent | undefined>();
  /** Set only while a plain function is on the stack; nothing of another flow runs meanwhile. */
  #onStack: SpanParent | undefined;

  /** What a span that starts now is a part of. */
  current(): SpanParent | undefined {
    let current = this.#onStack ?? this.#storage.getStore();
    // A scope that was disposed in another flow is still set in this one.
    while (isOver(current)) current = current.outer;
    return current;
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

  /** Makes a scope current until {@link leave}. */
  enter(scope: Span): void {
    scope.isScope = true;
    scope.outer = this.current();
    let before = this.#storage.getStore();
    // Skipped here, not when it is left: else scopes that leaked would hold on to each other.
    while (isOver(before)) before = before.flowBefore;
    scope.flowBefore = before;
    this.#storage.enterWith(scope);
    if (this.#onStack !== undefined) this.#onStack = scope;
  }

  leave(scope: Span): void {
    if (this.#storage.getStore() === scope) this.#storage.enterWith(scope.flowBefore);
    if (this.#onStack === scope) this.#onStack = scope.outer;
  }
}

function isOver(parent: SpanParent | undefined): parent is Span {
  return parent instanceof Span && parent.isScope && parent.durationMs >= 0;
}
