// Between rows of ledger.db and the shapes of communication. The schema's tables are STRICT, so
// a row read back has the types its interface here says.

import type { Delivery, Message, StateChange, Task } from "../../communication/index.ts";
import { parsedColumn, parsedColumnOrNull, trusted } from "./trusted.ts";

interface MessageRow {
  readonly row_id: number;
  readonly namespace: string;
  readonly id: string;
  readonly sender_id: string;
  readonly recipient_id: string | null;
  readonly type: string;
  readonly priority: Message["priority"];
  readonly conversation_id: string;
  readonly reply_to_id: string | null;
  readonly expects_reply: number;
  readonly ordering_key: string | null;
  readonly dedupe_key: string | null;
  readonly traceparent: string | null;
  readonly accepted_at: number;
  readonly task: string | null;
  readonly payload: string;
}

interface DeliveryRow {
  readonly id: string;
  readonly recipient_id: string;
  readonly priority: Delivery["priority"];
  readonly sequence: number;
  readonly state: Delivery["state"];
  readonly attempts: number;
  readonly accepted_at: number;
  readonly visible_at: number | null;
  readonly delivered_at: number | null;
  readonly settled_at: number | null;
  readonly answered_at: number | null;
  readonly answer_id: string | null;
  readonly dead_reason: Delivery["deadReason"];
  readonly note: string | null;
  readonly result: string | null;
}

interface TaskRow {
  readonly namespace: string;
  readonly id: string;
  readonly agent_id: string;
  readonly parent_id: string | null;
  readonly message_id: string | null;
  readonly state: Task["state"];
  readonly attempt: number;
  readonly progress: number | null;
  readonly expect_ms: number | null;
  readonly traceparent: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly ended_at: number | null;
  readonly title: string;
  readonly note: string | null;
  readonly result: string | null;
}

interface StateRow {
  readonly agent_id: string;
  readonly at: number;
  readonly state: StateChange["state"];
  readonly reason: string;
}

/** A row as node:sqlite hands it out. */
export type Row = object;

/** JSON text of a value, or null for null. */
export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** A row of `messages`, whole. */
export function messageOf(source: Row): Message {
  const row = trusted<MessageRow>(source);
  return {
    id: row.id,
    namespace: row.namespace,
    senderId: row.sender_id,
    recipientId: row.recipient_id,
    type: row.type,
    payload: parsedColumn(row.payload),
    priority: row.priority,
    conversationId: row.conversation_id,
    replyToId: row.reply_to_id,
    expectsReply: row.expects_reply === 1,
    orderingKey: row.ordering_key,
    dedupeKey: row.dedupe_key,
    traceparent: row.traceparent,
    task: parsedColumnOrNull(row.task),
    acceptedAtMs: row.accepted_at,
  };
}

/** A row of `deliveries`, with its message's id. */
export function deliveryOf(source: Row, messageId: string): Delivery {
  const row = trusted<DeliveryRow>(source);
  return {
    id: row.id,
    messageId,
    recipientId: row.recipient_id,
    priority: row.priority,
    sequence: row.sequence,
    state: row.state,
    attempts: row.attempts,
    acceptedAtMs: row.accepted_at,
    visibleAtMs: row.visible_at,
    deliveredAtMs: row.delivered_at,
    settledAtMs: row.settled_at,
    answeredAtMs: row.answered_at,
    answerId: row.answer_id,
    deadReason: row.dead_reason,
    note: row.note,
    result: parsedColumnOrNull(row.result),
  };
}

/** A row of `tasks`. */
export function taskOf(source: Row): Task {
  const row = trusted<TaskRow>(source);
  return {
    id: row.id,
    namespace: row.namespace,
    agentId: row.agent_id,
    title: row.title,
    parentId: row.parent_id,
    messageId: row.message_id,
    state: row.state,
    attempt: row.attempt,
    progress: row.progress,
    note: row.note,
    result: parsedColumnOrNull(row.result),
    expectMs: row.expect_ms,
    traceparent: row.traceparent,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    endedAtMs: row.ended_at,
  };
}

/** A row of `state_changes` or `last_states`. */
export function stateChangeOf(source: Row): StateChange {
  const row = trusted<StateRow>(source);
  return { agentId: row.agent_id, state: row.state, atMs: row.at, reason: row.reason };
}

/** True while memory must know of a delivery: it is unsettled, or an open request. */
export function isPinned(delivery: Delivery, expectsReply: boolean): boolean {
  if (delivery.state === "ready" || delivery.state === "leased") return true;
  return delivery.state === "done" && expectsReply && delivery.answeredAtMs === null;
}

/**
 * How far a delivery holds its message back from being forgotten; a message stands where the one
 * of its deliveries does that holds it back most.
 */
export const Standing = { Plain: 0, Dead: 1, Unanswered: 2, Open: 3 } as const;
export type Standing = (typeof Standing)[keyof typeof Standing];

/** `settled_messages.kind` by standing; an open message has no row there. */
export const SETTLED_KINDS = ["plain", "dead", "unanswered"] as const;
export type SettledKind = (typeof SETTLED_KINDS)[number];

/** Where a delivery stands. */
export function standingOf(state: string, pinned: boolean): Standing {
  if (pinned) return isOpen(state) ? Standing.Open : Standing.Unanswered;
  return state === "dead" ? Standing.Dead : Standing.Plain;
}

/** True for a delivery that is not settled. */
export function isOpen(state: string): boolean {
  return state === "ready" || state === "leased";
}
