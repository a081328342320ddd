// Tasks that agents start themselves, and questions about all tasks.

import type { CommunicationContext } from "./communication-context.ts";
import { CommunicationError } from "./errors.ts";
import {
  checkKey,
  checkNote,
  checkNumber,
  checkPayload,
  checkTitle,
  invalid,
} from "./input-checks.ts";
import { communicationLimits } from "./limits.ts";
import type { Task } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { TaskEnd, TaskStart, TaskUpdate } from "./requests.ts";
import { changeTask } from "./task-book.ts";
import type { TaskChange } from "./task-book.ts";
import { checkTraceparent } from "./traceparent.ts";

const ENDS: ReadonlySet<string> = new Set(["completed", "failed", "canceled"]);

/** Tasks of one namespace. */
export class TaskDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;

  constructor(context: CommunicationContext, presence: PresenceBook) {
    this.#context = context;
    this.#presence = presence;
  }

  async start(agentId: string, start: TaskStart): Promise<Task> {
    const { clock, events, ids, journal, namespace, registry, tasks } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    registry.refuseQuarantined(agentId);
    const most = communicationLimits.openTasksPerAgent.value;
    if (tasks.ownCount(agentId) >= most) {
      const message = `Agent "${agentId}" has ${most} open tasks of its own`;
      throw new CommunicationError("communication.tasks_full", message);
    }
    const { expectMs } = start;
    const task: Task = {
      id: ids.next("task"),
      namespace,
      agentId,
      title: checkTitle(start.title),
      parentId: checkKey(start.parentId, "parentId"),
      messageId: null,
      state: "working",
      attempt: 1,
      progress: null,
      note: null,
      result: null,
      expectMs:
        expectMs === undefined
          ? null
          : checkNumber(expectMs, "expectMs", 0, Number.MAX_SAFE_INTEGER),
      traceparent: checkTraceparent(start.traceparent),
      createdAtMs: clock.now(),
      updatedAtMs: clock.now(),
      endedAtMs: null,
    };
    await journal.append([{ kind: "task", task }]);
    this.#presence.takesWork(record);
    tasks.put(task);
    this.#presence.output(record);
    events.emit({ kind: "task.changed", task });
    return task;
  }

  async update(taskId: string, update: TaskUpdate): Promise<Task> {
    const note = checkNote(update.note);
    const { progress, state } = update;
    if (state !== undefined && state !== "working" && state !== "input-required") {
      throw invalid(`state must be working or input-required, not "${String(state)}"`);
    }
    return this.#change(taskId, {
      ...(progress === undefined ? {} : { progress: checkNumber(progress, "progress", 0, 1) }),
      ...(note === null ? {} : { note }),
      ...(state === undefined ? {} : { state }),
    });
  }

  async end(taskId: string, end: TaskEnd): Promise<Task> {
    if (!ENDS.has(end.state)) {
      throw invalid(`state must be completed, failed or canceled, not "${end.state}"`);
    }
    const { maxPayloadBytes } = this.#context.settings;
    const note = checkNote(end.note);
    const task = await this.#change(taskId, {
      state: end.state,
      ...(end.state === "completed" ? { progress: 1 } : {}),
      ...(note === null ? {} : { note }),
      ...(end.result === undefined
        ? {}
        : { result: checkPayload(end.result, maxPayloadBytes).payload }),
    });
    const record = this.#context.registry.get(task.agentId);
    if (record !== undefined && end.state !== "canceled") {
      this.#context.measure(record, "task_completion", end.state === "completed" ? 1 : 0);
      const durationMs = Math.max(0, task.updatedAtMs - task.createdAtMs);
      this.#context.measure(record, "task_duration", durationMs / 1000);
    }
    return task;
  }

  async get(taskId: string): Promise<Task | undefined> {
    const { namespace, store, tasks } = this.#context;
    return tasks.get(taskId) ?? store.task(namespace, taskId);
  }

  async #change(taskId: string, change: TaskChange): Promise<Task> {
    const { clock, events, journal, registry, tasks } = this.#context;
    const before = tasks.get(taskId) ?? (await this.#missing(taskId));
    // Calling a task off puts nothing out; a person does that.
    if (change.state !== "canceled") registry.refuseQuarantined(before.agentId);
    const task = changeTask(before, change, clock.now());
    tasks.put(task);
    try {
      await journal.append([{ kind: "task", task }]);
    } catch (error) {
      tasks.put(before);
      throw error;
    }
    const record = registry.get(task.agentId);
    this.#presence.touch(record);
    this.#presence.output(record);
    events.emit({ kind: "task.changed", task });
    return task;
  }

  async #missing(taskId: string): Promise<never> {
    const ended = await this.#context.store.task(this.#context.namespace, taskId);
    if (ended === undefined) {
      throw new CommunicationError("communication.task_unknown", `There is no task "${taskId}"`);
    }
    const message = `Task "${taskId}" has ended (${ended.state})`;
    throw new CommunicationError("communication.task_ended", message);
  }
}
