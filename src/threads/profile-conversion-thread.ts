// Profiles' bytes are worked on in a thread of its own: one of 20 MB takes seconds, in which no
// heartbeat would be answered. It is started when it is needed, ends when it has been idle for a
// while, and what a hostile profile does to it, it does to nobody else.
// oxlint-disable unicorn/require-post-message-target-origin -- a Worker has no origin

import { Worker } from "node:worker_threads";

import { ProfilerError, profilerErrors } from "../profiler/index.ts";
import type {
  CheckedProfile,
  FlameTree,
  ProfileConversion,
  ProfileFormat,
  ProfileKind,
} from "../profiler/index.ts";
import { systemClock } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

const IDLE_MS = 30_000;
/** A profile of the largest size allowed takes about half of it. */
const HEAP_MEGABYTES = 1024;

type Times = Parameters<ProfileConversion["convert"]>[3];

/** What the thread is to do. */
export type ProfileOrder = { readonly kind: ProfileKind; readonly bytes: Uint8Array } & (
  | { readonly name: "check" | "tree" }
  | { readonly name: "convert"; readonly format: ProfileFormat; readonly times: Times }
);

/** An order with its number. */
export interface ProfileOrderMessage {
  readonly id: number;
  readonly order: ProfileOrder;
}

/** What came of it. */
export type ProfileAnswerMessage =
  | { readonly id: number; readonly value: CheckedProfile | Uint8Array | FlameTree }
  | {
      readonly id: number;
      readonly error: { readonly code: string | null; readonly text: string };
    };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A {@link ProfileConversion} in a worker thread.
 *
 * @example
 * await using conversion = new ProfileConversionThread();
 * console.assert((await conversion.check("cpu", Buffer.from("{}")).catch(() => null)) === null);
 */
export class ProfileConversionThread implements ProfileConversion, AsyncDisposable {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idle: Disposable | undefined;
  #lastId = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Whether the thread runs now. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  check(kind: ProfileKind, bytes: Uint8Array): Promise<CheckedProfile> {
    return this.#order({ name: "check", kind, bytes });
  }

  convert(
    kind: ProfileKind,
    bytes: Uint8Array,
    format: ProfileFormat,
    times: Times,
  ): Promise<Uint8Array> {
    return this.#order({ name: "convert", kind, bytes, format, times });
  }

  tree(kind: ProfileKind, bytes: Uint8Array): Promise<FlameTree> {
    return this.#order({ name: "tree", kind, bytes });
  }

  /** Ends the thread; what waits fails. */
  async close(): Promise<void> {
    this.#idle?.[Symbol.dispose]();
    const worker = this.#worker;
    this.#end(worker, "it was closed");
    await worker?.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The answer is of the order's own type: both are given above, side by side. */
  #order<Answer>(order: ProfileOrder): Promise<Answer> {
    this.#idle?.[Symbol.dispose]();
    const worker = this.#worker ?? this.#start();
    const id = ++this.#lastId;
    worker.ref();
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, order } satisfies ProfileOrderMessage);
    });
  }

  #start(): Worker {
    const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const entry = new URL(`./profile-conversion${ending}`, import.meta.url);
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MEGABYTES };
    const worker = new Worker(entry, { name: "profiles", resourceLimits });
    this.#worker = worker;
    worker.on("message", (answer: ProfileAnswerMessage) => this.#receive(worker, answer));
    worker.once("error", (error) => this.#end(worker, error.message));
    worker.once("exit", () => this.#end(worker, "it ended"));
    return worker;
  }

  #receive(worker: Worker, answer: ProfileAnswerMessage): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the order says which it is
    if ("value" in answer) waiting?.resolve(answer.value as never);
    else waiting?.reject(toError(answer.error));
    if (this.#waiting.size > 0) return;
    // What nobody waits for does not keep the process alive.
    worker.unref();
    this.#idle = this.#clock.after(IDLE_MS, () => void this.close());
  }

  /** The next order starts a new thread. */
  #end(worker: Worker | undefined, reason: string): void {
    if (worker === undefined || this.#worker !== worker) return;
    this.#worker = undefined;
    const message = `The profile could not be worked on: ${reason}`;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new ProfilerError("profiler.data_invalid", message));
  }
}

function toError({ code, text }: { readonly code: string | null; readonly text: string }): Error {
  return isProfilerCode(code) ? new ProfilerError(code, text) : new Error(text);
}

function isProfilerCode(code: string | null): code is keyof typeof profilerErrors {
  return code !== null && Object.hasOwn(profilerErrors, code);
}
