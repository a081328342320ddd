// The main thread's end of a storage thread: bounded, typed, and batching. Calls made in one turn
// of the event loop are posted together at its end.
// oxlint-disable unicorn/require-post-message-target-origin -- a Worker has no origin

import { Worker } from "node:worker_threads";

import { StorageError, storageLimits } from "../storage/index.ts";
import { CLOSE, codecOf, fromWireError } from "./protocol.ts";
import type { Codec, Greeting, Reply, ThreadData } from "./protocol.ts";

/** What may wait in a thread's queue. */
export interface QueueBounds {
  readonly calls: number;
  readonly bytes: number;
}

/**
 * Characters of calls that are posted before the turn ends: enough for the thread to begin with,
 * while this one goes on with the turn.
 */
const POST_BYTES = 32_768;

/** Functions by name, as a thread offers them; a job's result is what its steps return. */
type Offered = Readonly<Record<string, (...parameters: never[]) => unknown>>;
type ResultOf<Method> = Method extends (...parameters: never[]) => infer Result
  ? Result extends Generator<unknown, infer Returned>
    ? Returned
    : Result
  : never;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly bytes: number;
  readonly isJob: boolean;
}

/** A running storage thread. */
export class ThreadClient<Methods extends Offered> {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #codec: Codec;
  readonly #bounds: QueueBounds;
  readonly #pending = new Map<number, Pending>();
  readonly #onEnd: (error: Error, served: boolean) => void;
  readonly #exited: Promise<void>;
  readonly #ready: Promise<void>;
  #outgoing: string[] = [];
  #outgoingBytes = 0;
  #scheduled = false;
  #nextId = 1;
  #pendingBytes = 0;
  #pendingJobs = 0;
  /** Why no more calls are taken. */
  #closed: StorageError | undefined;
  #serves = false;
  #closing = false;
  #settled: (() => void) | undefined;

  /**
   * Starts the thread.
   * @param entry file of the entry beside this one, without its ending.
   * @param onEnd told once when the thread ends without having been closed, and whether it had
   *   begun to serve.
   */
  constructor(
    entry: "ledger" | "series" | "reader",
    data: ThreadData,
    bounds: QueueBounds,
    onEnd: (error: Error, served: boolean) => void,
  ) {
    this.#name = `${entry} thread`;
    this.#codec = codecOf(data.database);
    this.#bounds = bounds;
    this.#onEnd = onEnd;
    this.#worker = new Worker(entryUrl(entry), { workerData: data, name: entry });
    this.#exited = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.once("message", (greeting: Greeting) => {
        this.#serves = "ready" in greeting;
        if ("ready" in greeting) resolve();
        else reject(fromWireError(greeting.failed));
        this.#worker.on("message", (reply: Reply) => this.#receive(reply));
      });
      this.#worker.once("error", (error) => {
        this.#end(error);
        reject(this.#closed ?? error);
      });
    });
    // Whoever waits for ready() gets the rejection; nobody else needs to.
    this.#ready.catch(() => undefined);
    this.#worker.once("exit", () => this.#end(new Error("it ended")));
  }

  /** Resolves when the thread serves. @throws StorageError when its database cannot be opened. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Calls waiting for their answer, jobs not counted. */
  get pending(): number {
    return this.#pending.size - this.#pendingJobs;
  }

  /**
   * Calls a method in the thread.
   * @throws StorageError storage.overloaded when too much waits, storage.closed, or the thread's.
   */
  call<Name extends keyof Methods & string>(
    name: Name,
    ...parameters: Parameters<Methods[Name]>
  ): Promise<ResultOf<Methods[Name]>> {
    return this.#send(false, name, parameters);
  }

  /**
   * Calls a method that runs in steps beside the others: it may wait long, so it takes none of
   * their room.
   * @throws StorageError as {@link call}.
   */
  job<Name extends keyof Methods & string>(
    name: Name,
    ...parameters: Parameters<Methods[Name]>
  ): Promise<ResultOf<Methods[Name]>> {
    return this.#send(true, name, parameters);
  }

  #send<Name extends keyof Methods & string>(
    isJob: boolean,
    name: Name,
    parameters: Parameters<Methods[Name]>,
  ): Promise<ResultOf<Methods[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) throw this.#closed;
      const [waiting, most] = isJob
        ? [this.#pendingJobs, storageLimits.pendingJobs.value]
        : [this.pending, this.#bounds.calls];
      if (waiting >= most) throw this.#overloaded();
      const id = this.#nextId;
      let bytes = 0;
      if (this.#codec === "json") {
        const text = JSON.stringify([id, name, parameters]);
        bytes = text.length;
        if (this.#pendingBytes + bytes > this.#bounds.bytes) throw this.#overloaded();
        this.#outgoing.push(text);
        this.#outgoingBytes += bytes;
        if (this.#outgoingBytes >= POST_BYTES) this.#post();
        else this.#schedule();
      } else this.#worker.postMessage([[id, name, parameters]]);
      this.#nextId += 1;
      this.#pendingBytes += bytes;
      this.#pendingJobs += isJob ? 1 : 0;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- typed by Methods[Name]
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject, bytes, isJob });
    });
  }

  /** Lets what waits finish, then closes the database and ends the thread. */
  async close(): Promise<void> {
    this.#closed ??= new StorageError("storage.closed", `The ${this.#name} is closed`);
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    this.#closing = true;
    this.#worker.postMessage(CLOSE);
    await this.#exited;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#outgoing.length > 0) this.#post();
    });
  }

  #post(): void {
    const texts = this.#outgoing;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#worker.postMessage(`[${texts.join(",")}]`);
  }

  #receive(reply: Reply): void {
    for (const id of reply.done) this.#take(id)?.resolve(undefined);
    if (reply.values !== null) {
      const values: Exclude<Reply["values"], string | null> =
        typeof reply.values === "string" ? JSON.parse(reply.values) : reply.values;
      for (const [id, value] of values) this.#take(id)?.resolve(value);
    }
    for (const [id, error] of reply.errors) this.#take(id)?.reject(fromWireError(error));
    if (this.#pending.size === 0) this.#settled?.();
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#pendingBytes -= pending.bytes;
    this.#pendingJobs -= pending.isJob ? 1 : 0;
    return pending;
  }

  #end(cause: unknown): void {
    if (this.#closing) return;
    this.#closing = true;
    const said = cause instanceof Error ? cause.message : String(cause);
    this.#closed = new StorageError("storage.closed", `The ${this.#name} has ended: ${said}`, {
      cause,
    });
    const closed = this.#closed;
    for (const pending of this.#pending.values()) pending.reject(closed);
    this.#pending.clear();
    this.#settled?.();
    this.#onEnd(closed, this.#serves);
  }

  #overloaded(): StorageError {
    return new StorageError(
      "storage.overloaded",
      `The ${this.#name} has ${this.#pending.size} calls waiting (${this.#pendingBytes} bytes)`,
      { retryAfterSeconds: 1 },
    );
  }
}

/** The entry's file: .ts where node strips types, .js in dist/, as this very file. */
function entryUrl(entry: string): URL {
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  return new URL(`./${entry}${ending}`, import.meta.url);
}
