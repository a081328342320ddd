// Communication without a disk: the default of library mode, and the model that durable stores
// are held against. It survives its protocol object, not its process.

import type {
  CommunicationRecord,
  CommunicationStore,
  ConversationQuery,
  ConversationSummary,
  MessageQuery,
  MessageRetention,
  MessageWithDeliveries,
  PlaceQuery,
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
    query: ConversationQuery,
  ): Promise<readonly ConversationSummary[]> {
    const { agentId } = query;
    const all = summarizeConversations(this.#open(namespace).messages.values(), undefined);
    const own = new Set(
      summarizeConversations(this.#open(namespace).messages.values(), agentId).map(idOfTalk),
    );
    // Of two that share an instant, the one that began later comes first.
    return afterPlace(all.toReversed(), idOfTalk, ({ lastAtMs }) => lastAtMs, query)
      .filter((one) => own.has(idOfTalk(one)))
      .slice(0, clampLimit(query.limit));
  }

  async tasks(namespace: string, query: TaskQuery): Promise<readonly Task[]> {
    const all = [...this.#open(namespace).tasks.values()].toReversed();
    return afterPlace(
      all,
      ({ id }) => id,
      ({ createdAtMs }) => createdAtMs,
      query,
    )
      .filter((task) => matchesTask(task, query))
      .slice(0, clampLimit(query.limit));
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

  async prune(namespace: string, retention: MessageRetention): Promise<PruneResult> {
    return this.#open(namespace).prune(retention);
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

function idOfTalk({ conversationId }: ConversationSummary): string {
  return conversationId;
}

function matchesTask(task: Task, query: TaskQuery): boolean {
  const { traceId, agentId, state, parentId, open } = query;
  if (traceId !== undefined && traceIdOf(task.traceparent) !== traceId) return false;
  if (agentId !== undefined && task.agentId !== agentId) return false;
  if (state !== undefined && task.state !== state) return false;
  if (parentId !== undefined && task.parentId !== parentId) return false;
  return open === undefined || (task.endedAtMs === null) === open;
}

/**
 * What comes after a place, newest first.
 * @param latestFirst in reverse order of their making, which settles equal instants.
 */
function afterPlace<Item>(
  latestFirst: readonly Item[],
  idOf: (item: Item) => string,
  atMsOf: (item: Item) => number,
  { beforeMs, beforeId }: PlaceQuery,
): Item[] {
  const place = latestFirst.findIndex((item) => idOf(item) === beforeId);
  const found = latestFirst[place];
  if (beforeId !== undefined && found === undefined && beforeMs === undefined) return [];
  const placeMs = beforeMs ?? (found === undefined ? Infinity : atMsOf(found));
  return latestFirst
    .filter((item, index) => {
      const atMs = atMsOf(item);
      return atMs < placeMs || (found !== undefined && atMs === placeMs && index > place);
    })
    .sort((a, b) => atMsOf(b) - atMsOf(a));
}

function clampLimit(limit = LIMIT_DEFAULT): number {
  return Math.min(Math.max(1, Math.floor(limit)), LIMIT_MAX);
}
