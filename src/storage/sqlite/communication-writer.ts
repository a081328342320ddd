// Turns records of communication into rows, inside whatever transaction the caller holds, and
// keeps the derived tables (conversations, settled_messages, last_states) true to them.

import type {
  Agent,
  CommunicationRecord,
  Delivery,
  Message,
  StateChange,
  Task,
} from "../../communication/index.ts";
import {
  SETTLED_KINDS,
  Standing,
  isOpen,
  isPinned,
  jsonOrNull,
  standingOf,
} from "./communication-rows.ts";
import { ConversationWriter } from "./conversation-writer.ts";
import type { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { trusted } from "./trusted.ts";

/** What the writer must know of a stored delivery to replace it. */
interface StoredDelivery {
  readonly row_id: number;
  readonly state: string;
  readonly pinned: number;
  readonly message_row: number;
  readonly expects_reply: number;
  readonly conversation_id: string;
  readonly accepted_at: number;
}

/** Writes records; every method expects an open transaction. */
export class CommunicationWriter {
  readonly #database: Database;
  readonly #counters: Counters;
  readonly #conversations: ConversationWriter;

  constructor(database: Database, counters: Counters) {
    this.#database = database;
    this.#conversations = new ConversationWriter(database);
    this.#counters = counters;
  }

  /** Writes the records in order. @throws on a clash; the transaction must then be rolled back. */
  append(namespace: string, records: readonly CommunicationRecord[]): void {
    for (const record of records) {
      switch (record.kind) {
        case "message":
          this.#message(namespace, record.message, record.deliveries, record.dedupeUntilMs);
          break;
        case "delivery":
          this.#delivery(namespace, record.delivery);
          break;
        case "task":
          this.#task(namespace, record.task);
          break;
        case "state":
          this.#state(namespace, record.change);
          break;
        case "agent":
          this.#agent(namespace, record.agent);
          break;
        case "agent-removed":
          this.#removeAgent(namespace, record.agentId);
          break;
      }
    }
  }

  #message(
    namespace: string,
    message: Message,
    deliveries: readonly Delivery[],
    dedupeUntilMs: number | null,
  ): void {
    const inserted = this.#run(
      `INSERT INTO messages (namespace, id, sender_id, recipient_id, type, priority,
         conversation_id, reply_to_id, expects_reply, ordering_key, dedupe_key, traceparent,
         accepted_at, task, payload)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      namespace,
      message.id,
      message.senderId,
      message.recipientId,
      message.type,
      message.priority,
      message.conversationId,
      message.replyToId,
      message.expectsReply ? 1 : 0,
      message.orderingKey,
      message.dedupeKey,
      message.traceparent,
      message.acceptedAtMs,
      jsonOrNull(message.task),
      JSON.stringify(message.payload),
    );
    const messageRow = Number(inserted.lastInsertRowid);
    let standing: number = Standing.Plain;
    for (const delivery of deliveries) {
      const pins = isPinned(delivery, message.expectsReply);
      standing = Math.max(standing, standingOf(delivery.state, pins));
      this.#insertDelivery(namespace, messageRow, message.acceptedAtMs, delivery, pins);
    }
    this.#settle(namespace, standing, message.acceptedAtMs, messageRow);
    if (message.dedupeKey !== null && dedupeUntilMs !== null) {
      this.#run(
        "INSERT OR REPLACE INTO dedupe VALUES (?, ?, ?, ?, ?)",
        namespace,
        message.senderId,
        message.dedupeKey,
        message.id,
        dedupeUntilMs,
      );
    }
    this.#conversations.add(namespace, message, deliveries);
  }

  #insertDelivery(
    namespace: string,
    messageRow: number,
    acceptedAtMs: number,
    delivery: Delivery,
    pinned: boolean,
  ): void {
    this.#counters.raise(namespace, "sequence", delivery.sequence);
    this.#run(
      `INSERT INTO deliveries (namespace, id, message_row, recipient_id, priority, sequence,
         accepted_at, state, pinned, attempts, visible_at, delivered_at, settled_at, answered_at,
         answer_id, dead_reason, note, result)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      namespace,
      delivery.id,
      messageRow,
      delivery.recipientId,
      delivery.priority,
      delivery.sequence,
      acceptedAtMs,
      ...this.#changing(delivery, pinned),
    );
  }

  #changing(delivery: Delivery, pinned: boolean): (string | number | null)[] {
    return [
      delivery.state,
      pinned ? 1 : 0,
      delivery.attempts,
      delivery.visibleAtMs,
      delivery.deliveredAtMs,
      delivery.settledAtMs,
      delivery.answeredAtMs,
      delivery.answerId,
      delivery.deadReason,
      delivery.note,
      jsonOrNull(delivery.result),
    ];
  }

  #delivery(namespace: string, delivery: Delivery): void {
    const found = this.#get(
      `SELECT d.row_id, d.state, d.pinned, d.message_row, m.expects_reply, m.conversation_id,
         m.accepted_at
       FROM deliveries d JOIN messages m ON m.row_id = d.message_row
       WHERE d.namespace = ? AND d.id = ?`,
      namespace,
      delivery.id,
    );
    // Its message was pruned meanwhile (a late answer to an old request): nothing to note.
    if (found === undefined) return;
    const stored = trusted<StoredDelivery>(found);
    const pinned = isPinned(delivery, stored.expects_reply === 1);
    this.#run(
      `UPDATE deliveries SET state = ?, pinned = ?, attempts = ?, visible_at = ?,
         delivered_at = ?, settled_at = ?, answered_at = ?, answer_id = ?, dead_reason = ?,
         note = ?, result = ? WHERE row_id = ?`,
      ...this.#changing(delivery, pinned),
      stored.row_id,
    );
    this.#moveStanding(namespace, stored, standingOf(delivery.state, pinned));
    const open = Number(isOpen(delivery.state)) - Number(isOpen(stored.state));
    const dead = Number(delivery.state === "dead") - Number(stored.state === "dead");
    if (open === 0 && dead === 0) return;
    this.#conversations.count(namespace, stored.conversation_id, open, dead);
  }

  /** One delivery stands elsewhere now; its message may, too, unless another holds it back more. */
  #moveStanding(namespace: string, stored: StoredDelivery, standing: Standing): void {
    const was = standingOf(stored.state, stored.pinned === 1);
    if (was === standing) return;
    const others = this.#standingOfOthers(stored);
    const [before, after] = [Math.max(was, others), Math.max(standing, others)];
    if (before === after) return;
    const kind = SETTLED_KINDS[before];
    if (kind !== undefined) {
      this.#run(
        `DELETE FROM settled_messages
         WHERE namespace = ? AND kind = ? AND accepted_at = ? AND message_row = ?`,
        namespace,
        kind,
        stored.accepted_at,
        stored.message_row,
      );
    }
    this.#settle(namespace, after, stored.accepted_at, stored.message_row);
  }

  #standingOfOthers({ message_row: messageRow, row_id: row }: StoredDelivery): Standing {
    const has = (condition: string): boolean =>
      this.#get(
        `SELECT 1 FROM deliveries WHERE message_row = ? AND row_id <> ? AND ${condition} LIMIT 1`,
        messageRow,
        row,
      ) !== undefined;
    if (has("state IN ('ready', 'leased')")) return Standing.Open;
    if (has("pinned = 1")) return Standing.Unanswered;
    return has("state = 'dead'") ? Standing.Dead : Standing.Plain;
  }

  #settle(namespace: string, standing: number, acceptedAtMs: number, messageRow: number): void {
    const kind = SETTLED_KINDS[standing];
    if (kind === undefined) return;
    this.#run(
      "INSERT INTO settled_messages (namespace, kind, accepted_at, message_row) VALUES (?, ?, ?, ?)",
      namespace,
      kind,
      acceptedAtMs,
      messageRow,
    );
  }

  #task(namespace: string, task: Task): void {
    this.#run(
      `INSERT INTO tasks (namespace, id, agent_id, parent_id, message_id, state, attempt,
         progress, expect_ms, created_at, updated_at, ended_at, title, note, result, traceparent)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (namespace, id) DO UPDATE SET agent_id = excluded.agent_id,
         parent_id = excluded.parent_id, message_id = excluded.message_id,
         state = excluded.state, attempt = excluded.attempt, progress = excluded.progress,
         expect_ms = excluded.expect_ms, created_at = excluded.created_at,
         updated_at = excluded.updated_at, ended_at = excluded.ended_at,
         title = excluded.title, note = excluded.note, result = excluded.result,
         traceparent = excluded.traceparent`,
      namespace,
      task.id,
      task.agentId,
      task.parentId,
      task.messageId,
      task.state,
      task.attempt,
      task.progress,
      task.expectMs,
      task.createdAtMs,
      task.updatedAtMs,
      task.endedAtMs,
      task.title,
      task.note,
      jsonOrNull(task.result),
      task.traceparent,
    );
  }

  #state(namespace: string, change: StateChange): void {
    const values = [namespace, change.agentId, change.atMs, change.state, change.reason] as const;
    this.#run(
      `INSERT INTO state_changes (namespace, agent_id, at, state, reason)
       VALUES (?, ?, ?, ?, ?)`,
      ...values,
    );
    this.#run(
      `INSERT OR REPLACE INTO last_states (namespace, agent_id, at, state, reason)
       VALUES (?, ?, ?, ?, ?)`,
      ...values,
    );
  }

  #removeAgent(namespace: string, agentId: string): void {
    this.#run("DELETE FROM agents WHERE namespace = ? AND id = ?", namespace, agentId);
    // Its history stays readable until pruned; only load() forgets it.
    this.#run(
      "UPDATE last_states SET removed = 1 WHERE namespace = ? AND agent_id = ?",
      namespace,
      agentId,
    );
  }

  #agent(namespace: string, agent: Agent): void {
    this.#run(
      "INSERT OR REPLACE INTO agents (namespace, id, agent) VALUES (?, ?, ?)",
      namespace,
      agent.id,
      JSON.stringify(agent),
    );
  }

  #run(sql: string, ...values: readonly SqlValue[]): ReturnType<Statement["run"]> {
    return this.#database.prepare(sql).run(...values);
  }

  #get(sql: string, ...values: readonly SqlValue[]): ReturnType<Statement["get"]> {
    return this.#database.prepare(sql).get(...values);
  }
}

type Statement = ReturnType<Database["prepare"]>;
type SqlValue = Parameters<Statement["run"]>[1];
