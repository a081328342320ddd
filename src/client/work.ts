// A piece of work an agent gives itself: it shows as what the agent holds, with progress, and the
// agent counts as stuck when it outlasts what was expected without putting anything out.

import { parseDuration } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { CellphoneClientError } from "./errors.ts";
import { BoundLine } from "./line.ts";
import type { Line } from "./line.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import type { ClientLog } from "./log.ts";
import type { CallContext, Runtime } from "./runtime.ts";
import { nextTraceparent } from "./trace.ts";
import { isRefused, wasNotSent } from "./transport.ts";
import type { Transport } from "./transport.ts";
import type { Task } from "./wire.ts";

const NOTE_LENGTH_MAX = 500;

/** How to start a piece of work. */
export interface WorkOptions {
  /** How long it may go on without output before it counts as stuck. */
  readonly expect?: Duration;
  /** Id of the task this is part of. @default the task whose handler runs */
  readonly parent?: string;
}

/** What to write into the task as it ends. */
type Ending =
  | { readonly state: "completed"; readonly result?: unknown }
  | { readonly state: "failed" | "canceled"; readonly note?: string };

/**
 * Work under way. End it with `done()`, `fail()` or `cancel()`; leaving its scope without any of
 * them (`await using`) counts as failed, because that is what an exception looks like.
 *
 * @example needs a server
 * const phone = await connect({ name: "indexer" });
 * await using work = await phone.work("index repo", { expect: "10m" });
 * work.progress(0.5, "half of the files");
 * await work.done({ files: 120 });
 */
export class Work extends BoundLine implements AsyncDisposable {
  /** The task's id. */
  readonly id: string;
  readonly title: string;
  /** W3C trace context for whatever this work calls. */
  readonly traceparent: string;
  /** What everything it does is part of. */
  readonly context: CallContext;
  readonly #transport: Transport;
  readonly #reporter: ProgressReporter;
  readonly #onEnd: () => void;
  #ending: Promise<void> | undefined;

  /** @param onEnd called when its end has been told, or could not be. */
  constructor(
    transport: Transport,
    task: Task,
    onEnd: () => void,
    line: Line,
    surroundings: CallContext & { readonly traceparent: string },
  ) {
    const context = { ...surroundings, taskId: task.id };
    super(line, context);
    this.context = context;
    this.traceparent = surroundings.traceparent;
    this.#onEnd = onEnd;
    this.id = task.id;
    this.title = task.title;
    this.#transport = transport;
    this.#reporter = new ProgressReporter((update) => this.#update(update, 0));
  }

  /** True once it has ended. */
  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * Says how far it is; counts as output. Only the newest report is sent.
   * @param progress from 0 to 1
   * @throws RangeError when `progress` is not between 0 and 1.
   */
  progress(progress?: number, note?: string): void {
    this.#reporter.report(progress, note);
  }

  /**
   * It is complete.
   * @throws TypeError when the result is no JSON, CellphoneClientError when it is refused; the task
   *   has ended all the same.
   */
  done(result?: unknown): Promise<void> {
    return this.#end({ state: "completed", ...(result === undefined ? {} : { result }) });
  }

  /** It failed; an error's message becomes the note. */
  fail(error: unknown): Promise<void> {
    return this.#end({ state: "failed", note: text(error).slice(0, NOTE_LENGTH_MAX) });
  }

  /** It is no longer wanted. */
  cancel(note?: string): Promise<void> {
    return this.#end({ state: "canceled", ...(note === undefined ? {} : { note }) });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.ended ? Promise.resolve(this.#ending) : this.fail("left without done()");
  }

  /** The first ending counts. */
  #end(ending: Ending): Promise<void> {
    this.#ending ??= this.#reporter
      .stop()
      .then(() => this.#tell(ending))
      .finally(this.#onEnd);
    return this.#ending;
  }

  async #tell(ending: Ending): Promise<void> {
    try {
      await this.#update(ending);
    } catch (error) {
      // Left open, the task would make the agent look stuck for ever.
      if (isRefused(error)) {
        const note = `the result was refused: ${text(error)}`.slice(0, NOTE_LENGTH_MAX);
        await this.#update({ state: ending.state, note });
      }
      throw error;
    }
  }

  async #update(body: object, retryForMs?: number): Promise<void> {
    const retry = retryForMs === undefined ? {} : { retryForMs };
    const path = `/api/v1/tasks/${encodeURIComponent(this.id)}`;
    try {
      await this.#transport.call("PATCH", path, { body, ...retry });
    } catch (error) {
      // It has ended: by an earlier try whose answer got lost, or by somebody else.
      if (error instanceof CellphoneClientError && error.code === "communication.task_ended")
        return;
      throw error;
    }
  }
}

/** What {@link startWork} needs beside the title. */
export interface StartWorkOptions extends WorkOptions {
  readonly agentId: string;
  readonly transport: Transport;
  /** Ids of the open tasks this process started. */
  readonly known: Set<string>;
  readonly line: Line;
  /** What the work is part of. */
  readonly context: CallContext | undefined;
}

/**
 * Starts a task. When the answer to that got lost, it looks whether the task is there before it
 * starts another: a task nobody ends would make the agent look stuck for ever.
 */
export async function startWork(title: string, options: StartWorkOptions): Promise<Work> {
  const { agentId, transport, known, parent, expect, line, context = {} } = options;
  const traceparent = nextTraceparent(context.traceparent);
  const body = {
    agentId,
    title,
    traceparent,
    ...(parent === undefined ? {} : { parentId: parent }),
    ...(expect === undefined ? {} : { expectMs: parseDuration(expect) }),
  };
  const start = (): Promise<Task> =>
    transport.call<Task>("POST", "/api/v1/tasks", { body, repeatable: false });
  const task = await start().catch(async (error: unknown) => {
    const lost = error instanceof CellphoneClientError && error.code === "client.unreachable";
    if (!lost || wasNotSent(error)) throw error;
    const path = `/api/v1/tasks?agentId=${encodeURIComponent(agentId)}&open=true`;
    const { tasks } = await transport.call<{ readonly tasks: readonly Task[] }>("GET", path);
    return tasks.find((task) => task.title === title && !known.has(task.id)) ?? start();
  });
  known.add(task.id);
  // Not the span that is open around it, which may end before the work does.
  const { span: _, ...around } = context;
  return new Work(transport, task, () => known.delete(task.id), line, { ...around, traceparent });
}

/**
 * Runs `body` as the work: its return completes it, its exception fails it. What the caller gets
 * does not depend on whether the server can be told.
 */
export async function runWork<Result>(
  work: Work,
  body: (work: Work) => Result,
  { runtime, log }: { readonly runtime: Runtime; readonly log: ClientLog },
): Promise<Awaited<Result>> {
  const untold = (error: unknown): void =>
    log.warn(`The end of "${work.title}" could not be told as it was: ${text(error)}`);
  let result: Awaited<Result>;
  try {
    result = await runtime.within(work.context, () => body(work));
  } catch (error) {
    await work.fail(error).catch(untold);
    throw error;
  }
  await work.done(result).catch(untold);
  return result;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
