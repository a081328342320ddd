// The port through which communication survives a restart. The rules (lanes, leases, deadlines,
// presence) live in this component; a store keeps records, in order, and answers questions about
// the past. Adapters: the volatile one beside this file, and those under storage/.

import type {
  Agent,
  AgentState,
  Delivery,
  DeliveryState,
  Message,
  StateChange,
  Task,
  TaskState,
} from "./model.ts";

/** One durable fact. A delivery or task record replaces the row of the same id. */
export type CommunicationRecord =
  | { readonly kind: "agent"; readonly agent: Agent }
  | { readonly kind: "agent-removed"; readonly agentId: string }
  | {
      readonly kind: "message";
      readonly message: Message;
      readonly deliveries: readonly Delivery[];
      /** Dedupe keys are remembered until this instant. */
      readonly dedupeUntilMs: number | null;
    }
  | { readonly kind: "delivery"; readonly delivery: Delivery }
  | { readonly kind: "task"; readonly task: Task }
  | { readonly kind: "state"; readonly change: StateChange };

/** A remembered dedupe key. */
export interface DedupeEntry {
  readonly senderId: string;
  readonly dedupeKey: string;
  readonly messageId: string;
  readonly untilMs: number;
}

/** A request that is done but not answered: what is needed to go on waiting for the answer. */
export interface UnansweredRequest {
  readonly messageId: string;
  readonly deliveryId: string;
  readonly senderId: string;
  /** Who is to answer. */
  readonly recipientId: string;
  readonly acceptedAtMs: number;
}

/** What a namespace needs in memory to go on after a restart. */
export interface CommunicationSnapshot {
  readonly agents: readonly Agent[];
  /** Deliveries in state ready or leased, by sequence, with their messages. */
  readonly unsettled: readonly { readonly message: Message; readonly delivery: Delivery }[];
  /** Open requests whose message is settled: done, expecting a reply, not answered. */
  readonly unanswered: readonly UnansweredRequest[];
  readonly openTasks: readonly Task[];
  readonly dedupe: readonly DedupeEntry[];
  /** The highest sequence ever used, 0 when none. */
  readonly lastSequence: number;
  /** The last known state per agent. */
  readonly states: readonly StateChange[];
}

/**
 * Where a page of a snapshot begins: after which row of which part. Each store has its own; it means
 * nothing to anybody else.
 */
export interface SnapshotPlace {
  readonly part: string;
  readonly after: readonly (string | number)[];
}

/** A piece of a {@link CommunicationSnapshot}; the pieces together are the whole. */
export interface SnapshotPage extends CommunicationSnapshot {
  /** Where the next page begins; null on the last. */
  readonly next: SnapshotPlace | null;
}

/** Which messages to list; all conditions must hold. Newest first. */
export interface MessageQuery {
  /** Sent by or delivered to this agent. */
  readonly agentId?: string;
  readonly senderId?: string;
  readonly recipientId?: string;
  readonly conversationId?: string;
  /** W3C trace id, 32 hex digits: messages whose traceparent carries it. */
  readonly traceId?: string;
  readonly type?: string;
  readonly state?: DeliveryState;
  /** Words that must all occur in the payload or type, case-insensitively. */
  readonly text?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only messages older than the one with this id (for paging). */
  readonly beforeId?: string;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}

/** A message with the receipts of all its recipients. */
export interface MessageWithDeliveries {
  readonly message: Message;
  readonly deliveries: readonly Delivery[];
}

/** One conversation, summed up. */
export interface ConversationSummary {
  readonly conversationId: string;
  /** Agents that took part, in order of appearance; at most 20. */
  readonly participants: readonly string[];
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly messages: number;
  /** Deliveries not settled yet. */
  readonly open: number;
  readonly dead: number;
  /** Type of the first message and, for a task, its title. */
  readonly subject: string;
}

/** Which conversations to list, the one with the newest message first. */
export interface ConversationQuery extends PlaceQuery {
  readonly agentId?: string;
}

/** Where a page of a list begins that is sorted by time, newest first. */
export interface PlaceQuery {
  /** Only what is older than this instant; with `beforeId`, of this instant what comes after it. */
  readonly beforeMs?: number;
  /**
   * The last one of the page before: only what comes after it. Alone it begins at the place it has
   * now; with the instant it had on that page, none is missed that shares it.
   */
  readonly beforeId?: string;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}

/** Which tasks to list, newest first by `createdAtMs`. */
export interface TaskQuery extends PlaceQuery {
  /** W3C trace id, 32 hex digits: tasks whose traceparent carries it. */
  readonly traceId?: string;
  readonly agentId?: string;
  readonly state?: TaskState;
  readonly parentId?: string;
  /** Only tasks that have not ended. */
  readonly open?: boolean;
}

export interface StateQuery {
  readonly agentId?: string;
  readonly state?: AgentState;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Which messages {@link CommunicationStore.prune} keeps. */
export interface MessageRetention {
  /** Settled messages without a dead letter: so many, the newest. */
  readonly keep: number;
  /** Settled messages with a dead letter: so many, the newest. They wait for someone to look. */
  readonly keepDead: number;
  /**
   * Settled messages accepted before this instant go, however few there are, also those whose
   * answer is still awaited, and with them tasks that ended and states of before it; an agent's
   * last state stays.
   * @default none go for their age
   */
  readonly beforeMs?: number;
}

/** What was pruned. */
export interface PruneResult {
  readonly messages: number;
  /** Dead deliveries that nobody can redrive any more. */
  readonly deadDeliveryIds: readonly string[];
}

/** Durable storage of communication. Every method is safe to call at once with others. */
export interface CommunicationStore {
  /**
   * Writes records atomically and in order; resolves when they would survive a power cut (or,
   * for a volatile store, when they are in memory). Rejects when they were not written.
   */
  append(namespace: string, records: readonly CommunicationRecord[]): Promise<void>;
  /**
   * Everything needed to go on, a page at a time: a backlog may be larger than one answer can be.
   * Read to its end once, before the first append of the namespace. Agents and their states come
   * before the deliveries.
   * @param place null for the first page, then each page's `next`.
   */
  load(namespace: string, place: SnapshotPlace | null): Promise<SnapshotPage>;
  /** Newest first; a page may end before its limit when it is large, but never empty. */
  messages(namespace: string, query: MessageQuery): Promise<readonly MessageWithDeliveries[]>;
  message(namespace: string, messageId: string): Promise<MessageWithDeliveries | undefined>;
  /** The delivery with this id and its message, whatever its state. */
  delivery(
    namespace: string,
    deliveryId: string,
  ): Promise<{ readonly message: Message; readonly delivery: Delivery } | undefined>;
  conversations(
    namespace: string,
    query: ConversationQuery,
  ): Promise<readonly ConversationSummary[]>;
  tasks(namespace: string, query: TaskQuery): Promise<readonly Task[]>;
  task(namespace: string, taskId: string): Promise<Task | undefined>;
  /** State changes in the range, oldest first, with each agent's last change before it. */
  states(namespace: string, query: StateQuery): Promise<readonly StateChange[]>;
  /**
   * Forgets the oldest messages all of whose deliveries are settled, until as many remain as the
   * retention keeps. Unsettled ones are never touched, those that wait for an answer go by age
   * alone. Works in small steps.
   */
  prune(namespace: string, retention: MessageRetention): Promise<PruneResult>;
  /** Forgets the namespace entirely. */
  deleteNamespace(namespace: string): Promise<void>;
}
