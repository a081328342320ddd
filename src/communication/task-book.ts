// Open tasks: those made of messages, and those agents start themselves. Ended ones are the
// store's.

import type { Delivery, Message, Task, TaskState } from "./model.ts";

/** What changes when a task moves on. */
export type TaskChange = Partial<
  Pick<Task, "state" | "attempt" | "progress" | "note" | "result" | "endedAtMs">
>;

/** Open tasks of one namespace. */
export class TaskBook {
  readonly #tasks = new Map<string, Task>();
  readonly #byDelivery = new Map<string, string>();
  readonly #ownByAgent = new Map<string, Set<string>>();

  get(taskId: string): Task | undefined {
    return this.#tasks.get(taskId);
  }

  /** The open task made of a message for one recipient. */
  ofDelivery(delivery: Delivery): Task | undefined {
    const id = this.#byDelivery.get(deliveryKey(delivery.messageId, delivery.recipientId));
    return id === undefined ? undefined : this.#tasks.get(id);
  }

  /** Open tasks an agent started itself, oldest first. */
  ownTasks(agentId: string): Task[] {
    const tasks: Task[] = [];
    for (const id of this.#ownByAgent.get(agentId) ?? []) {
      const task = this.#tasks.get(id);
      if (task !== undefined) tasks.push(task);
    }
    return tasks;
  }

  ownCount(agentId: string): number {
    return this.#ownByAgent.get(agentId)?.size ?? 0;
  }

  /** Keeps the newest version of a task; an ended one leaves the book. */
  put(task: Task): void {
    if (task.endedAtMs !== null) return this.#remove(task);
    this.#tasks.set(task.id, task);
    if (task.messageId !== null) {
      this.#byDelivery.set(deliveryKey(task.messageId, task.agentId), task.id);
      return;
    }
    const own = this.#ownByAgent.get(task.agentId);
    if (own === undefined) this.#ownByAgent.set(task.agentId, new Set([task.id]));
    else own.add(task.id);
  }

  #remove(task: Task): void {
    this.#tasks.delete(task.id);
    if (task.messageId !== null) {
      this.#byDelivery.delete(deliveryKey(task.messageId, task.agentId));
      return;
    }
    const own = this.#ownByAgent.get(task.agentId);
    own?.delete(task.id);
    if (own?.size === 0) this.#ownByAgent.delete(task.agentId);
  }
}

/** The task made of a message for one of its recipients; undefined when it is no task. */
export function taskOfMessage(message: Message, agentId: string, id: string): Task | undefined {
  if (message.task === null) return undefined;
  return {
    id,
    namespace: message.namespace,
    agentId,
    title: message.task.title,
    parentId: message.task.parentId ?? null,
    messageId: message.id,
    state: "submitted",
    attempt: 0,
    progress: null,
    note: null,
    result: null,
    expectMs: message.task.expectMs ?? null,
    traceparent: message.traceparent,
    createdAtMs: message.acceptedAtMs,
    updatedAtMs: message.acceptedAtMs,
    endedAtMs: null,
  };
}

/** A task moved on; ending states set the end. */
export function changeTask(task: Task, change: TaskChange, atMs: number): Task {
  const next = { ...task, ...change, updatedAtMs: atMs };
  return isEnded(next.state) && next.endedAtMs === null ? { ...next, endedAtMs: atMs } : next;
}

function isEnded(state: TaskState): boolean {
  return state === "completed" || state === "failed" || state === "canceled";
}

function deliveryKey(messageId: string, agentId: string): string {
  return `${messageId} ${agentId}`;
}
