// Which span the code that runs now is a part of, across awaits, timers and events.

import { AsyncLocalStorage } from "node:async_hooks";

import { Span } from "./span.ts";
import type { SpanParent } from "./span.ts";

/** The current span of each asynchronous flow. */
export class SpanContext {
  readonly #storage = new AsyncLocalStorage<SpanParent | undefined>();

  /** What a span that starts now is a part of. */
  current(): SpanParent | undefined {
    let current = this.#storage.getStore();
    // A scope that was disposed in another flow is still set in this one.
    while (current instanceof Span && current.isScope && current.durationMs >= 0) {
      current = current.outer;
    }
    return current;
  }

  /** Calls `callback` with `parent` current, in everything it starts too. */
  run<Arguments extends unknown[], Result>(
    parent: SpanParent | undefined,
    callback: (...values: Arguments) => Result,
    ...values: Arguments
  ): Result {
    return this.#storage.run(parent, callback, ...values);
  }

  /** Makes a scope current until {@link leave}. */
  enter(scope: Span): void {
    scope.isScope = true;
    scope.outer = this.current();
    this.#storage.enterWith(scope);
  }

  leave(scope: Span): void {
    if (this.#storage.getStore() === scope) this.#storage.enterWith(scope.outer);
  }
}
