// Wraps a function so that each call is timed, in whatever way the function works: plain, async,
// generator, async generator. `this`, arguments, result, errors and the function's properties stay.

import { types } from "node:util";

import type { DurationBatch } from "./duration-telemetry.ts";
import { profiledAsyncGenerator, profiledGenerator } from "./profiled-generator.ts";
import { whenSettled } from "./settled-promise.ts";
import type { SpanRecorder } from "./span-recorder.ts";

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
  keepProperties(fn, profiled);
  // It is called as the function it wraps and answers the same.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return profiled as unknown as Wrapped;
}

/** Name, length, statics, and what programs hang on functions, such as a tool's schema. */
function keepProperties(fn: AnyFunction, profiled: AnyFunction): void {
  const { prototype, ...others } = Object.getOwnPropertyDescriptors(fn);
  for (const key of Reflect.ownKeys(others)) {
    const descriptor = Reflect.get(others, key);
    // The wrapper cannot have what engines give to functions of old, `arguments` and `caller`.
    if (descriptor.configurable === true) Object.defineProperty(profiled, key, descriptor);
  }
  // Not configurable: only its value can be taken over. So that `new` and `instanceof` work on the
  // wrapper of a constructor and of a generator.
  if (prototype !== undefined) {
    Object.defineProperty(profiled, "prototype", { value: prototype.value });
  }
  // Statics of a class that extends another come from there.
  const parent: unknown = Object.getPrototypeOf(fn);
  if (typeof parent === "function") Object.setPrototypeOf(profiled, parent);
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
    return whenSettled(
      result,
      () => recorder.end(span),
      (error) => recorder.fail(span, error),
    );
  };
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
