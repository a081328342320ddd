// The life of a writing thread: take what arrived, commit it, answer, and use quiet moments for
// pruning and checkpoints. An answer is posted only after its commit returned, which for the
// ledger means: after the write-ahead log was synced.
// oxlint-disable unicorn/require-post-message-target-origin -- a MessagePort has no origin

import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";

import { StorageError, storageLimits } from "../storage/index.ts";
import type { Database, WriterMethods } from "../storage/index.ts";
import { GroupCommitter, applyMethod } from "./group-committer.ts";
import type { Outcome } from "./group-committer.ts";
import { CLOSE, toWireError } from "./protocol.ts";
import type { Call, Codec, Reply, WireError } from "./protocol.ts";

const PAGE_BYTES = 4096;
/** A reader may keep a checkpoint from finishing; trying again at every commit would cost a sync. */
const BETWEEN_CHECKPOINTS_MS = 250;

interface Job {
  readonly id: number;
  readonly steps: Generator<undefined, unknown>;
}

/** Serves one database over one port until it is told to close. */
export class WriterThread {
  readonly #port: MessagePort;
  readonly #database: Database;
  readonly #methods: WriterMethods;
  readonly #committer: GroupCommitter;
  readonly #codec: Codec;
  readonly #walBytes: number;
  readonly #calls: Call[] = [];
  readonly #jobs: Job[] = [];
  #closing = false;
  #idle: NodeJS.Timeout | undefined;
  #turnAhead = false;
  #nextCheckpointAtMs = 0;

  /** @param walBytes how large the write-ahead log may grow. @default storageLimits.walBytes */
  constructor(
    port: MessagePort,
    database: Database,
    methods: WriterMethods,
    codec: Codec,
    walBytes: number = storageLimits.walBytes.value,
  ) {
    this.#walBytes = walBytes;
    this.#port = port;
    this.#database = database;
    this.#methods = methods;
    this.#committer = new GroupCommitter(database, methods);
    this.#codec = codec;
  }

  /** Says that the thread is ready and begins to serve. */
  start(): void {
    this.#port.on("message", (message: unknown) => {
      this.#take(message);
      this.#work();
    });
    this.#port.postMessage({ ready: true });
  }

  /** Commits all that has arrived, and what arrives meanwhile, then one step of pruning. */
  #work(): void {
    clearTimeout(this.#idle);
    for (;;) {
      this.#drainPort();
      if (this.#calls.length === 0) break;
      this.#commit(this.#calls.splice(0, storageLimits.groupRequests.value));
      this.#checkpointWhenLarge();
    }
    if (this.#stepJob()) this.#checkpointWhenLarge();
    if (this.#jobs.length > 0) this.#scheduleTurn();
    else if (this.#closing) this.#close();
    else this.#idle = setTimeout(() => this.#checkpoint(), storageLimits.idleCheckpointMs.value);
  }

  #scheduleTurn(): void {
    if (this.#turnAhead) return;
    this.#turnAhead = true;
    setImmediate(() => {
      this.#turnAhead = false;
      this.#work();
    });
  }

  #drainPort(): void {
    for (;;) {
      const received: { message: unknown } | undefined = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#take(received.message);
      if (this.#calls.length >= storageLimits.groupRequests.value) return;
    }
  }

  #take(message: unknown): void {
    if (message === CLOSE) {
      this.#closing = true;
      return;
    }
    for (const call of decodeCalls(message)) {
      const job = this.#methods.jobs[call[1]];
      if (job === undefined) this.#calls.push(call);
      else this.#jobs.push({ id: call[0], steps: applyMethod(job, call[2]) });
    }
  }

  #commit(calls: readonly Call[]): void {
    this.#answer(this.#committer.commit(calls));
  }

  /** One step of the first job; false when there is none. */
  #stepJob(): boolean {
    const [job] = this.#jobs;
    if (job === undefined) return false;
    try {
      const step = this.#database.transaction(() => job.steps.next());
      if (step.done !== true) return true;
      this.#jobs.shift();
      this.#answer([{ id: job.id, value: step.value }]);
    } catch (error) {
      this.#jobs.shift();
      this.#answer([{ id: job.id, error }]);
    }
    return true;
  }

  #answer(outcomes: readonly Outcome[]): void {
    this.#port.postMessage(encodeReply(outcomes, this.#codec));
  }

  #checkpointWhenLarge(): void {
    if (performance.now() < this.#nextCheckpointAtMs) return;
    const { frames, copied } = this.#database.walState();
    if ((frames - copied) * PAGE_BYTES > this.#walBytes) this.#checkpoint();
  }

  #checkpoint(): void {
    try {
      const { frames, copied } = this.#database.walState();
      if (frames === copied) return;
      const after = this.#database.checkpoint("PASSIVE");
      if (after.copied === after.frames) return;
      this.#nextCheckpointAtMs = performance.now() + BETWEEN_CHECKPOINTS_MS;
    } catch {
      // Nothing is lost: the log stays as it is and the next quiet moment tries again.
    }
  }

  #close(): void {
    clearTimeout(this.#idle);
    try {
      this.#database.checkpoint("TRUNCATE");
    } catch {
      // A reader still held the log; it is replayed at the next start.
    }
    this.#database.close();
    this.#port.close();
  }
}

/** Calls as they came over the wire. */
export function decodeCalls(message: unknown): readonly Call[] {
  const calls: unknown = typeof message === "string" ? JSON.parse(message) : message;
  if (!Array.isArray(calls)) throw new StorageError("storage.failed", "A message is no call");
  return calls;
}

/**
 * Outcomes for the wire. A result that no text can hold (too long, not JSON) is its own call's
 * failure: thrown here, it would end the thread, and with it everybody else's calls.
 */
export function encodeReply(outcomes: readonly Outcome[], codec: Codec): Reply {
  const done: number[] = [];
  const values: [number, unknown][] = [];
  const errors: [number, WireError][] = [];
  for (const outcome of outcomes) {
    if ("error" in outcome) errors.push([outcome.id, toWireError(outcome.error)]);
    else if (outcome.value === undefined) done.push(outcome.id);
    else values.push([outcome.id, outcome.value]);
  }
  if (values.length === 0) return { done, values: null, errors };
  if (codec === "clone") return { done, values, errors };
  try {
    return { done, values: JSON.stringify(values), errors };
  } catch {
    return { done, ...encodeEach(values, errors) };
  }
}

/** Each by itself, to find whose fault it is. */
function encodeEach(
  values: readonly [number, unknown][],
  errors: readonly [number, WireError][],
): Pick<Reply, "values" | "errors"> {
  const texts: string[] = [];
  const failed = [...errors];
  for (const value of values) {
    try {
      texts.push(JSON.stringify(value));
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      const message = `The answer cannot travel between threads: ${said}`;
      failed.push([value[0], toWireError(new StorageError("storage.failed", message, { cause }))]);
    }
  }
  return { values: `[${texts.join(",")}]`, errors: failed };
}
