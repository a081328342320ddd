// Generators run in pieces, between which their consumer works. Their time is the sum of the
// pieces: what the generator itself took. The span runs from the first piece to its end; one that
// is never finished, nor closed with return(), has not ended and leaves no span.

import type { DurationBatch } from "./duration-telemetry.ts";
import type { SpanRecorder } from "./span-recorder.ts";
import type { Span } from "./span.ts";

type Step = "next" | "return" | "throw";

/** The span of one generator: begun with its first piece. */
class GeneratorSpan {
  readonly #batch: DurationBatch;
  readonly #recorder: SpanRecorder;
  #span: Span | undefined;
  #activeMs = 0;
  #startedMs = 0;
  /** Pieces of an async generator that are asked for at once run after one another. */
  #running = 0;
  #isEnded = false;

  constructor(batch: DurationBatch, recorder: SpanRecorder) {
    this.#batch = batch;
    this.#recorder = recorder;
  }

  enter(): Span {
    this.#span ??= this.#recorder.begin(this.#batch, "function");
    if (this.#running++ === 0) this.#startedMs = this.#recorder.monotonic();
    return this.#span;
  }

  leave(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#activeMs += this.#recorder.monotonic() - this.#startedMs;
  }

  end(): void {
    if (this.#span === undefined || this.#isEnded) return;
    this.#isEnded = true;
    this.#recorder.endAfter(this.#span, this.#activeMs);
  }

  fail(error: unknown): void {
    if (this.#span === undefined || this.#isEnded) return;
    this.#isEnded = true;
    this.#recorder.failAfter(this.#span, this.#activeMs, error);
  }
}

/** The generator, timed. */
export function profiledGenerator(
  generator: Generator,
  batch: DurationBatch,
  recorder: SpanRecorder,
): Generator {
  const timed = new GeneratorSpan(batch, recorder);
  const step = (name: Step, values: unknown[]): unknown => {
    const span = timed.enter();
    let result: IteratorResult<unknown>;
    try {
      result = recorder.run(span, callStep, generator, name, values);
    } catch (error) {
      timed.leave();
      timed.fail(error);
      throw error;
    }
    timed.leave();
    if (result.done === true) timed.end();
    return result;
  };
  return standIn(generator, step);
}

/** The async generator, timed. */
export function profiledAsyncGenerator(
  generator: AsyncGenerator,
  batch: DurationBatch,
  recorder: SpanRecorder,
): AsyncGenerator {
  const timed = new GeneratorSpan(batch, recorder);
  const step = (name: Step, values: unknown[]): unknown => {
    const span = timed.enter();
    return recorder.run(span, callAsyncStep, generator, name, values).then(
      (result) => {
        timed.leave();
        if (result.done === true) timed.end();
        return result;
      },
      (error: unknown) => {
        timed.leave();
        timed.fail(error);
        throw error;
      },
    );
  };
  return standIn(generator, step);
}

function callStep(generator: Generator, name: Step, values: unknown[]): IteratorResult<unknown> {
  return Reflect.apply(generator[name], generator, values);
}

function callAsyncStep(
  generator: AsyncGenerator,
  name: Step,
  values: unknown[],
): Promise<IteratorResult<unknown>> {
  return Reflect.apply(generator[name], generator, values);
}

/** An object of the generator's own kind whose steps go through `step`. */
function standIn<Kind extends object>(
  generator: Kind,
  step: (name: Step, values: unknown[]) => unknown,
): Kind {
  const methods = Object.fromEntries(
    (["next", "return", "throw"] as const).map((name) => [
      name,
      { value: (...values: unknown[]): unknown => step(name, values) },
    ]),
  );
  const made: Kind = Object.create(Object.getPrototypeOf(generator), methods);
  return made;
}
