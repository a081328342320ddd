// Wraps a function so that each call is timed, in whatever way the function works: plain, async,
// generator, async generator. `this`, arguments, result, errors, name and length stay.

import { types } from "node:util";

import type { DurationBatch } from "./duration-telemetry.ts";
import { profiledAsyncGenerator, profiledGenerator } from "./profiled-generator.ts";
import type { SpanRecorder } from "./span-recorder.ts";
import type { Span } from "./span.ts";

/** Any function; its parameters are whatever they are. */
export type AnyFunction = (...values: never[]) => unknown;

/** The function, timed: each call becomes a span of kind `function`. */
export function profiledFunction<Wrapped extends AnyFunction>(
  fn: Wrapped,
  batch: DurationBatch,
  recorder: SpanRecorder,
): Wrapped {
  const profiled = types.isGeneratorFunction(fn)
    ? generatorFunction(fn, batch, recorder)
    : plainFunction(fn, batch, recorder);
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(profiled, property, { value: fn[property], configurable: true });
  }
  const prototype = Object.getOwnPropertyDescriptor(fn, "prototype");
  // So that `new` and `instanceof` work on the wrapper of a constructor and of a generator.
  if (prototype !== undefined) {
    Object.defineProperty(profiled, "prototype", { value: prototype.value });
  }
  // It is called as the function it wraps and answers the same.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return profiled as unknown as Wrapped;
}

function plainFunction(fn: AnyFunction, batch: DurationBatch, recorder: SpanRecorder): AnyFunction {
  const { context } = recorder;
  let returned: "nothing yet" | "values" | "promises" = types.isAsyncFunction(fn)
    ? "promises"
    : "nothing yet";
  return function profiled(this: unknown, ...values: unknown[]): unknown {
    const span = recorder.begin(batch, "function");
    let result: unknown;
    try {
      if (new.target !== undefined) {
        const made = new.target === profiled ? fn : new.target;
        result = context.run(span, Reflect.construct, fn, values, made);
      } else if (returned === "values") {
        const before = context.push(span);
        try {
          result = Reflect.apply(fn, this, values);
        } finally {
          context.pop(before);
        }
      } else {
        // What returns a promise goes on later, and then is still current.
        result = context.run(span, Reflect.apply, fn, this, values);
      }
    } catch (error) {
      recorder.fail(span, error);
      throw error;
    }
    // Other thenables may start their work when they are awaited, which is the caller's business.
    if (!(result instanceof Promise)) {
      if (returned === "nothing yet") returned = "values";
      recorder.end(span);
      return result;
    }
    returned = "promises";
    return settled(result, span, recorder);
  };
}

function settled(result: Promise<unknown>, span: Span, recorder: SpanRecorder): Promise<unknown> {
  return result.then(
    (value) => {
      recorder.end(span);
      return value;
    },
    (error: unknown) => {
      recorder.fail(span, error);
      throw error;
    },
  );
}

function generatorFunction(
  fn: AnyFunction,
  batch: DurationBatch,
  recorder: SpanRecorder,
): AnyFunction {
  return function profiled(this: unknown, ...values: unknown[]): unknown {
    const generator: unknown = Reflect.apply(fn, this, values);
    if (!types.isGeneratorObject(generator)) return generator;
    return isAsync(generator)
      ? profiledAsyncGenerator(generator, batch, recorder)
      : profiledGenerator(generator, batch, recorder);
  };
}

function isAsync(generator: Generator | AsyncGenerator): generator is AsyncGenerator {
  return Symbol.asyncIterator in generator;
}
