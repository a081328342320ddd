// One namespace of the volatile store: the tables, and how a batch of records changes them.

import type { Agent, Delivery, Message, StateChange, Task } from "./model.ts";
import type { StoredMessage } from "./message-search.ts";
import type {
  CommunicationRecord,
  CommunicationSnapshot,
  DedupeEntry,
  MessageRetention,
  MessageWithDeliveries,
  PruneResult,
  UnansweredRequest,
} from "./store.ts";
import { requestOf } from "./wait-graph.ts";

/** Tables of one namespace, in order of first append. */
export class VolatileNamespace {
  readonly agents = new Map<string, Agent>();
  readonly messages = new Map<string, StoredMessage>();
  readonly tasks = new Map<string, Task>();
  states: StateChange[] = [];
  readonly #messageOf = new Map<string, string>();
  readonly #dedupe = new Map<string, DedupeEntry>();
  readonly #lastStates = new Map<string, StateChange>();
  /** Messages that may be forgotten, by when they became so. */
  readonly #settled = new Set<string>();
  /** Those with a dead letter; those that are done, but whose answer is awaited. */
  readonly #dead = new Set<string>();
  readonly #unanswered = new Set<string>();
  readonly #historyMax: number;
  #endedTasks = 0;
  #lastSequence = 0;

  constructor(historyMax: number) {
    this.#historyMax = historyMax;
  }

  /** Applies all records, or throws before the first. */
  append(records: readonly CommunicationRecord[]): void {
    const added = new Set<string>();
    for (const record of records) {
      if (record.kind !== "message") continue;
      const { id } = record.message;
      if (this.messages.has(id) || added.has(id)) {
        throw new RangeError(`Message "${id}" is stored already`);
      }
      added.add(id);
    }
    for (const record of records) this.#apply(record);
  }

  snapshot(): CommunicationSnapshot {
    const unsettled: { message: Message; delivery: Delivery }[] = [];
    const unanswered: UnansweredRequest[] = [];
    for (const { message, deliveries } of this.messages.values()) {
      for (const delivery of deliveries.values()) {
        if (isUnsettled(delivery)) unsettled.push({ message, delivery });
        else if (isOpenRequest(message, delivery)) {
          unanswered.push(requestOf(message, delivery));
        }
      }
    }
    return {
      agents: [...this.agents.values()],
      unsettled: unsettled.sort((a, b) => a.delivery.sequence - b.delivery.sequence),
      unanswered,
      openTasks: [...this.tasks.values()].filter((task) => task.endedAtMs === null),
      dedupe: [...this.#dedupe.values()],
      lastSequence: this.#lastSequence,
      states: [...this.#lastStates.values()],
    };
  }

  receipts(stored: StoredMessage): MessageWithDeliveries {
    return { message: stored.message, deliveries: [...stored.deliveries.values()] };
  }

  delivery(deliveryId: string): { message: Message; delivery: Delivery } | undefined {
    const stored = this.messages.get(this.#messageOf.get(deliveryId) ?? "");
    const delivery = stored?.deliveries.get(deliveryId);
    return stored === undefined || delivery === undefined
      ? undefined
      : { message: stored.message, delivery };
  }

  newestFirst(): StoredMessage[] {
    return [...this.messages.values()].toReversed();
  }

  /** See {@link CommunicationStore.prune}. */
  prune({ keep, keepDead, beforeMs = -Infinity }: MessageRetention): PruneResult {
    const before = this.messages.size;
    const deadDeliveryIds: string[] = [];
    for (const [shelf, most] of [
      [this.#settled, keep],
      [this.#dead, keepDead],
      [this.#unanswered, Infinity],
    ] as const) {
      for (const id of shelf) {
        // By when they were settled, not by age: a long-lived message may hide younger ones.
        const isOld = (this.messages.get(id)?.message.acceptedAtMs ?? 0) < beforeMs;
        if (isOld || shelf.size > most) this.#forget(id, deadDeliveryIds);
      }
    }
    this.#forgetHistory(beforeMs);
    return { messages: before - this.messages.size, deadDeliveryIds };
  }

  /** An agent's last state stays, however old. */
  #forgetHistory(beforeMs: number): void {
    for (const [id, { endedAtMs }] of this.tasks) {
      if (endedAtMs === null || endedAtMs >= beforeMs) continue;
      this.tasks.delete(id);
      this.#endedTasks--;
    }
    this.states = this.states.filter(
      (change) => change.atMs >= beforeMs || this.#lastStates.get(change.agentId) === change,
    );
  }

  #forget(id: string, deadDeliveryIds: string[]): void {
    for (const delivery of this.messages.get(id)?.deliveries.values() ?? []) {
      if (delivery.state === "dead") deadDeliveryIds.push(delivery.id);
      this.#messageOf.delete(delivery.id);
    }
    this.messages.delete(id);
    this.#settled.delete(id);
    this.#dead.delete(id);
    this.#unanswered.delete(id);
  }

  #apply(record: CommunicationRecord): void {
    switch (record.kind) {
      case "agent":
        this.agents.set(record.agent.id, record.agent);
        return;
      case "agent-removed":
        this.agents.delete(record.agentId);
        this.#lastStates.delete(record.agentId);
        return;
      case "message":
        this.#addMessage(record.message, record.deliveries, record.dedupeUntilMs);
        return;
      case "delivery": {
        const stored = this.messages.get(record.delivery.messageId);
        if (stored === undefined) return;
        stored.deliveries.set(record.delivery.id, record.delivery);
        this.#sortOut(stored);
        return;
      }
      case "task":
        this.#putTask(record.task);
        return;
      case "state":
        this.#addState(record.change);
    }
  }

  #addMessage(
    message: Message,
    deliveries: readonly Delivery[],
    dedupeUntilMs: number | null,
  ): void {
    const stored = { message, deliveries: new Map(deliveries.map((one) => [one.id, one])) };
    this.messages.set(message.id, stored);
    for (const delivery of deliveries) {
      this.#messageOf.set(delivery.id, message.id);
      this.#lastSequence = Math.max(this.#lastSequence, delivery.sequence);
    }
    this.#sortOut(stored);
    if (dedupeUntilMs === null || message.dedupeKey === null) return;
    const { senderId, dedupeKey } = message;
    const key = `${senderId} ${dedupeKey}`;
    this.#dedupe.delete(key);
    this.#dedupe.set(key, { senderId, dedupeKey, messageId: message.id, untilMs: dedupeUntilMs });
    for (const [oldKey, entry] of this.#dedupe) {
      if (entry.untilMs > message.acceptedAtMs) break;
      this.#dedupe.delete(oldKey);
    }
  }

  #sortOut({ message, deliveries }: StoredMessage): void {
    const shelf = this.#shelfOf(message, deliveries.values());
    for (const other of [this.#settled, this.#dead, this.#unanswered]) {
      if (other !== shelf) other.delete(message.id);
    }
    shelf?.add(message.id);
  }

  /** Where a message waits to be forgotten; undefined while it must stay. */
  #shelfOf(message: Message, deliveries: Iterable<Delivery>): Set<string> | undefined {
    let shelf = this.#settled;
    for (const delivery of deliveries) {
      if (isUnsettled(delivery)) return undefined;
      if (isOpenRequest(message, delivery)) shelf = this.#unanswered;
      else if (delivery.state === "dead" && shelf === this.#settled) shelf = this.#dead;
    }
    return shelf;
  }

  #putTask(task: Task): void {
    const before = this.tasks.get(task.id);
    if (before !== undefined && before.endedAtMs !== null) this.#endedTasks--;
    if (task.endedAtMs !== null) this.#endedTasks++;
    this.tasks.set(task.id, task);
    // A tenth at once: finding the oldest costs a walk over the gaps of those forgotten before.
    if (this.#endedTasks <= this.#historyMax * 1.1) return;
    for (const [id, other] of this.tasks) {
      if (this.#endedTasks <= this.#historyMax) return;
      if (other.endedAtMs === null) continue;
      this.tasks.delete(id);
      this.#endedTasks--;
    }
  }

  #addState(change: StateChange): void {
    this.states.push(change);
    this.#lastStates.set(change.agentId, change);
    if (this.states.length > 2 * this.#historyMax) {
      this.states = this.states.slice(-this.#historyMax);
    }
  }
}

function isUnsettled(delivery: Delivery): boolean {
  return delivery.state === "ready" || delivery.state === "leased";
}

function isOpenRequest(message: Message, delivery: Delivery): boolean {
  return message.expectsReply && delivery.state === "done" && delivery.answeredAtMs === null;
}
