// Communication without a disk: the default of library mode, and the model that durable stores
// are held against. It survives its protocol object, not its process.

import type {
  CommunicationRecord,
  CommunicationStore,
  ConversationSummary,
  MessageQuery,
  MessageWithDeliveries,
  PruneResult,
  SnapshotPage,
  StateQuery,
  TaskQuery,
} from "./store.ts";
import { traceIdOf } from "./traceparent.ts";
import type { Delivery, Message, StateChange, Task } from "./model.ts";
import { VolatileNamespace } from "./volatile-namespace.ts";
import { matchesMessage, summarizeConversations } from "./message-search.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;

/**
 * Keeps records in memory.
 * @example
 * const store = new VolatileCommunicationStore();
 * const { agents } = await store.load("default");
 * console.assert(agents.length === 0);
 */
export class VolatileCommunicationStore implements CommunicationStore {
  readonly #namespaces = new Map<string, VolatileNamespace>();
  readonly #historyMax: number;

  /** @param historyMax most ended tasks and most state changes kept per namespace. */
  constructor(historyMax = 10_000) {
    this.#historyMax = historyMax;
  }

  async append(namespace: string, records: readonly CommunicationRecord[]): Promise<void> {
    this.#open(namespace).append(records);
  }

  /** One page: what is in memory already needs no pieces. */
  async load(namespace: string): Promise<SnapshotPage> {
    return { ...this.#open(namespace).snapshot(), next: null };
  }

  async messages(
    namespace: string,
    query: MessageQuery,
  ): Promise<readonly MessageWithDeliveries[]> {
    const space = this.#open(namespace);
    const most = clampLimit(query.limit);
    const found: MessageWithDeliveries[] = [];
    let reached = query.beforeId === undefined;
    for (const stored of space.newestFirst()) {
      if (found.length >= most) break;
      if (reached && matchesMessage(stored, query)) found.push(space.receipts(stored));
      reached ||= stored.message.id === query.beforeId;
    }
    return found;
  }

  async message(namespace: string, messageId: string): Promise<MessageWithDeliveries | undefined> {
    const space = this.#open(namespace);
    const stored = space.messages.get(messageId);
    return stored === undefined ? undefined : space.receipts(stored);
  }

  async delivery(
    namespace: string,
    deliveryId: string,
  ): Promise<{ readonly message: Message; readonly delivery: Delivery } | undefined> {
    return this.#open(namespace).delivery(deliveryId);
  }

  async conversations(
    namespace: string,
    query: { readonly agentId?: string; readonly beforeMs?: number; readonly limit?: number },
  ): Promise<readonly ConversationSummary[]> {
    const { agentId, beforeMs } = query;
    const all = summarizeConversations(this.#open(namespace).messages.values(), agentId);
    return all
      .filter((one) => beforeMs === undefined || one.lastAtMs < beforeMs)
      .sort((a, b) => b.lastAtMs - a.lastAtMs)
      .slice(0, clampLimit(query.limit));
  }

  async tasks(namespace: string, query: TaskQuery): Promise<readonly Task[]> {
    const found: Task[] = [];
    for (const task of [...this.#open(namespace).tasks.values()].toReversed()) {
      if (found.length >= clampLimit(query.limit)) break;
      const { traceId } = query;
      if (traceId !== undefined && traceIdOf(task.traceparent) !== traceId) continue;
      if (query.agentId !== undefined && task.agentId !== query.agentId) continue;
      if (query.state !== undefined && task.state !== query.state) continue;
      if (query.parentId !== undefined && task.parentId !== query.parentId) continue;
      if (query.open !== undefined && (task.endedAtMs === null) !== query.open) continue;
      found.push(task);
    }
    return found;
  }

  async task(namespace: string, taskId: string): Promise<Task | undefined> {
    return this.#open(namespace).tasks.get(taskId);
  }

  async states(namespace: string, query: StateQuery): Promise<readonly StateChange[]> {
    const { agentId, state, fromMs, toMs } = query;
    const before = new Map<string, StateChange>();
    const inside: StateChange[] = [];
    for (const change of this.#open(namespace).states) {
      if (agentId !== undefined && change.agentId !== agentId) continue;
      if (change.atMs >= toMs) continue;
      if (change.atMs < fromMs) before.set(change.agentId, change);
      else inside.push(change);
    }
    return [...before.values(), ...inside]
      .filter((change) => state === undefined || change.state === state)
      .sort((a, b) => a.atMs - b.atMs);
  }

  async prune(namespace: string, keep: number, beforeMs?: number): Promise<PruneResult> {
    return { messages: this.#open(namespace).prune(keep, beforeMs) };
  }

  async deleteNamespace(namespace: string): Promise<void> {
    this.#namespaces.delete(namespace);
  }

  #open(namespace: string): VolatileNamespace {
    let space = this.#namespaces.get(namespace);
    if (space === undefined) {
      space = new VolatileNamespace(this.#historyMax);
      this.#namespaces.set(namespace, space);
    }
    return space;
  }
}

function clampLimit(limit = LIMIT_DEFAULT): number {
  return Math.min(Math.max(1, Math.floor(limit)), LIMIT_MAX);
}
