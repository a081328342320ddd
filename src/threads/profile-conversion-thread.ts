// Profiles' bytes are worked on in a thread of its own: one of 20 MB takes seconds, in which no
// heartbeat would be answered. It is started when it is needed, ends when it has been idle for a
// while, and what a hostile profile does to it, it does to nobody else.
// oxlint-disable unicorn/require-post-message-target-origin -- a Worker has no origin

import { Worker } from "node:worker_threads";

import { ProfilerError, profilerErrors, profilerLimits } from "../profiler/index.ts";
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

/** How a {@link ProfileConversionThread} works. */
export interface ProfileConversionThreadOptions {
  /**
   * Heap of the thread, in MiB; a profile of the largest size allowed takes about half of it.
   * @default 1024
   */
  readonly heapMegabytes?: number;
}

type Times = Parameters<ProfileConversion["convert"]>[3];

/** What the thread is to do, one at a time. */
export type ProfileOrderMessage = { readonly kind: ProfileKind; readonly bytes: Uint8Array } & (
  | { readonly name: "check" | "tree" }
  | { readonly name: "convert"; readonly format: ProfileFormat; readonly times: Times }
);

/** What came of it. */
export type ProfileAnswerMessage =
  | { readonly value: CheckedProfile | Uint8Array | FlameTree }
  | { readonly error: { readonly code: string | null; readonly text: string } };

/** An order with who waits for it. */
interface Job {
  readonly order: ProfileOrderMessage;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A {@link ProfileConversion} in a worker thread. Orders wait here, not in the thread: the one at
 * which it dies or stays is the only one that fails.
 *
 * @example
 * await using conversion = new ProfileConversionThread();
 * console.assert((await conversion.check("cpu", Buffer.from("{}")).catch(() => null)) === null);
 */
export class ProfileConversionThread implements ProfileConversion, AsyncDisposable {
  readonly #clock: Clock;
  readonly #heapMegabytes: number;
  readonly #waiting: Job[] = [];
  #current: Job | undefined;
  #worker: Worker | undefined;
  /** Of the current order, or of being idle. */
  #timer: Disposable | undefined;
  #isClosed = false;

  constructor(clock: Clock = systemClock, options: ProfileConversionThreadOptions = {}) {
    this.#clock = clock;
    this.#heapMegabytes = options.heapMegabytes ?? 1024;
  }

  /** Whether the thread runs now. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** @throws ProfilerError also `profiler.conversion_failed`, `profiler.conversion_unavailable`. */
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

  /** Ends the thread; what waits fails, and what is ordered later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const jobs = [this.#current, ...this.#waiting.splice(0)];
    this.#current = undefined;
    for (const job of jobs) job?.reject(unavailable("the thread for it was closed"));
    await this.#dismiss();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The answer is of the order's own type: both are given above, side by side. */
  #order<Answer>(order: ProfileOrderMessage): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const most = profilerLimits.waitingConversions.value;
    if (this.#isClosed) {
      reject(unavailable("the thread for it was closed"));
    } else if (this.#waiting.length >= most) {
      reject(unavailable(`${most} profiles wait for it already`));
    } else {
      this.#waiting.push({ order, resolve, reject });
      this.#next();
    }
    return promise;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#timer?.[Symbol.dispose]();
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      // What nobody waits for does not keep the process alive.
      this.#worker?.unref();
      this.#timer = this.#clock.after(IDLE_MS, () => void this.#dismiss());
      return;
    }
    const worker = this.#worker ?? this.#start();
    worker.ref();
    worker.postMessage(this.#current.order);
    const mostMs = profilerLimits.conversionMs.value;
    this.#timer = this.#clock.after(mostMs, () => {
      this.#lose(worker, `it took more than ${mostMs / 1000} s`);
      void worker.terminate();
    });
  }

  #start(): Worker {
    const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const entry = new URL(`./profile-conversion${ending}`, import.meta.url);
    const resourceLimits = { maxOldGenerationSizeMb: this.#heapMegabytes };
    const worker = new Worker(entry, { name: "profiles", resourceLimits });
    this.#worker = worker;
    worker.on("message", (answer: ProfileAnswerMessage) => this.#receive(worker, answer));
    worker.once("error", (error) => this.#lose(worker, error.message));
    worker.once("exit", () => this.#lose(worker, "its thread ended"));
    return worker;
  }

  #receive(worker: Worker, answer: ProfileAnswerMessage): void {
    if (this.#worker !== worker) return;
    const job = this.#current;
    this.#current = undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the order says which it is
    if ("value" in answer) job?.resolve(answer.value as never);
    else job?.reject(toError(answer.error));
    this.#next();
  }

  /** What the thread was at fails; the others go to a new one. */
  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const message = `The profile could not be worked on: ${reason}`;
    this.#current?.reject(new ProfilerError("profiler.conversion_failed", message));
    this.#current = undefined;
    this.#next();
  }

  async #dismiss(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function unavailable(reason: string): ProfilerError {
  const message = `The profile cannot be worked on now: ${reason}`;
  return new ProfilerError("profiler.conversion_unavailable", message);
}

function toError({ code, text }: { readonly code: string | null; readonly text: string }): Error {
  return isProfilerCode(code) ? new ProfilerError(code, text) : new Error(text);
}

function isProfilerCode(code: string | null): code is keyof typeof profilerErrors {
  return code !== null && Object.hasOwn(profilerErrors, code);
}
