// What profileFunction() returns: usable as a standard (TC39) decorator and as a plain wrapper.

import type { DurationBatch } from "./duration-telemetry.ts";
import { profiledFunction } from "./profiled-function.ts";
import type { AnyFunction } from "./profiled-function.ts";
import type { SpanRecorder } from "./span-recorder.ts";

/** Times a function: called with it, or put before a method, getter, setter or field. */
export interface ProfileDecorator {
  /** The function, timed, as a plain wrapper or as a decorator of a method or accessor. */
  <Wrapped extends AnyFunction>(
    fn: Wrapped,
    context?:
      | ClassMethodDecoratorContext
      | ClassGetterDecoratorContext
      | ClassSetterDecoratorContext,
  ): Wrapped;
  /** As a decorator of a field that holds a function. */
  (
    value: undefined,
    context: ClassFieldDecoratorContext,
  ): <Initial>(this: unknown, initial: Initial) => Initial;
}

/** Where a decorated function's calls go. */
export interface DecoratorTarget {
  readonly recorder: SpanRecorder;
  readonly batch: (name: string) => DurationBatch;
}

/**
 * @param target undefined when profiling is off: functions are then left as they are.
 * @param name default: the function's own.
 */
export function profileDecorator(
  target: DecoratorTarget | undefined,
  name: string | undefined,
): ProfileDecorator {
  function wrap<Wrapped extends AnyFunction>(fn: Wrapped, shown: string): Wrapped {
    if (target === undefined) return fn;
    return profiledFunction(fn, target.batch(shown), target.recorder);
  }
  function decorate(value: unknown, context?: DecoratorContext): unknown {
    if (context?.kind === "field") {
      return (initial: unknown): unknown =>
        isFunction(initial) ? wrap(initial, name ?? String(context.name)) : initial;
    }
    if (!isFunction(value)) throw notAFunction(value, context);
    if (context?.kind === "class") throw notAFunction(value, context);
    const own = context === undefined ? value.name : String(context.name);
    return wrap(value, name ?? (own === "" ? "anonymous" : own.slice(0, 256)));
  }
  // Both ways of calling it are in the interface; the body tells them apart.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return decorate as ProfileDecorator;
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function";
}

function notAFunction(value: unknown, context: DecoratorContext | undefined): TypeError {
  const what = context === undefined ? typeof value : `a ${context.kind}`;
  return new TypeError(`profileFunction() times functions, methods and accessors, not ${what}`);
}
