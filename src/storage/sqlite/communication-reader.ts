// Answers questions about the past of communication from ledger.db; read-only connections do.

import type {
  ConversationQuery,
  ConversationSummary,
  Delivery,
  Message,
  MessageQuery,
  MessageWithDeliveries,
  PlaceQuery,
  StateChange,
  StateQuery,
  Task,
  TaskQuery,
} from "../../communication/index.ts";
import { storageLimits } from "../limits.ts";
import { deliveryOf, messageOf, stateChangeOf, taskOf } from "./communication-rows.ts";
import type { Database } from "./database.ts";
import { Deadline, pageSize } from "./deadline.ts";
import { findMessages } from "./message-query.ts";
import { parsedColumn, trusted } from "./trusted.ts";

/** An agent in fewer conversations than this is looked up by them, else by walking all. */
const FEW_CONVERSATIONS = 2_000;

/** The synchronous reading half of CommunicationStore. */
export class CommunicationReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** See {@link CommunicationStore.messages}. */
  messages(namespace: string, query: MessageQuery): readonly MessageWithDeliveries[] {
    const limit = pageSize(query.limit, 100, storageLimits.listedRows.value);
    return this.#database.snapshot(() => {
      const page: MessageWithDeliveries[] = [];
      let bytes = 0;
      for (const { rowId, row } of findMessages(this.#database, namespace, query, limit)) {
        const one = this.#withDeliveries(rowId, messageOf(row));
        bytes += JSON.stringify(one).length; // results of many recipients may be large, too
        if (page.length > 0 && bytes > storageLimits.listedBytes.value) break;
        page.push(one);
      }
      return page;
    });
  }

  /** See {@link CommunicationStore.message}. */
  message(namespace: string, messageId: string): MessageWithDeliveries | undefined {
    return this.#database.snapshot(() => {
      const row = this.#get(
        "SELECT * FROM messages WHERE namespace = ? AND id = ?",
        namespace,
        messageId,
      );
      if (row === undefined) return undefined;
      return this.#withDeliveries(Number(row["row_id"]), messageOf(row));
    });
  }

  /** See {@link CommunicationStore.delivery}. */
  delivery(
    namespace: string,
    deliveryId: string,
  ): { readonly message: Message; readonly delivery: Delivery } | undefined {
    return this.#database.snapshot(() => {
      const row = this.#get(
        "SELECT row_id, message_row FROM deliveries WHERE namespace = ? AND id = ?",
        namespace,
        deliveryId,
      );
      if (row === undefined) return undefined;
      return this.#pair(Number(row["row_id"]), Number(row["message_row"]));
    });
  }

  /** See {@link CommunicationStore.conversations}. */
  conversations(namespace: string, query: ConversationQuery): readonly ConversationSummary[] {
    const limit = pageSize(query.limit, 100, storageLimits.listedRows.value);
    const { agentId } = query;
    return this.#database.snapshot(() => {
      const place = this.#placeOf("conversations", "last_at", namespace, query);
      if (place === undefined) return [];
      if (agentId !== undefined) {
        return this.#conversationsOf(namespace, agentId, place, limit).map(conversationOf);
      }
      return this.#all(
        `SELECT * FROM conversations INDEXED BY conversations_by_time
         WHERE namespace = ? AND (last_at, row_id) < (?, ?)
         ORDER BY last_at DESC, row_id DESC LIMIT ?`,
        namespace,
        ...place,
        limit,
      ).map(conversationOf);
    });
  }

  /** See {@link CommunicationStore.tasks}. */
  tasks(namespace: string, query: TaskQuery): readonly Task[] {
    const conditions = ["namespace = ?"];
    const values: (string | number)[] = [namespace];
    for (const [column, value] of [
      ["trace_id", query.traceId],
      ["parent_id", query.parentId],
      ["agent_id", query.agentId],
      ["state", query.state],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(`${column} = ?`);
      values.push(value);
    }
    if (query.open === true) conditions.push("ended_at IS NULL");
    if (query.open === false) conditions.push("ended_at IS NOT NULL");
    conditions.push("(created_at, row_id) < (?, ?)");
    return this.#database.snapshot(() => {
      const place = this.#placeOf("tasks", "created_at", namespace, query);
      if (place === undefined) return [];
      values.push(...place, pageSize(query.limit, 100, storageLimits.listedRows.value));
      return this.#all(
        `SELECT * FROM tasks INDEXED BY ${taskIndex(query)} WHERE ${conditions.join(" AND ")}
         ORDER BY created_at DESC, row_id DESC LIMIT ?`,
        ...values,
      ).map(taskOf);
    });
  }

  /** See {@link CommunicationStore.task}. */
  task(namespace: string, taskId: string): Task | undefined {
    const row = this.#get("SELECT * FROM tasks WHERE namespace = ? AND id = ?", namespace, taskId);
    return row === undefined ? undefined : taskOf(row);
  }

  /** See {@link CommunicationStore.states}. */
  states(namespace: string, query: StateQuery): readonly StateChange[] {
    const agents = query.agentId === undefined ? this.#agentsSeen(namespace) : [query.agentId];
    const deadline = new Deadline();
    const found: StateChange[] = [];
    this.#database.snapshot(() => {
      for (const agentId of agents) {
        const last = this.#get(
          `SELECT * FROM state_changes INDEXED BY state_changes_by_agent
           WHERE namespace = ? AND agent_id = ? AND at < ? ORDER BY at DESC, row_id DESC LIMIT 1`,
          namespace,
          agentId,
          query.fromMs,
        );
        if (last !== undefined) found.push(stateChangeOf(last));
        const range = this.#database
          .prepare(
            `SELECT * FROM state_changes INDEXED BY state_changes_by_agent
             WHERE namespace = ? AND agent_id = ? AND at >= ? AND at < ? ORDER BY at, row_id`,
          )
          .iterate(namespace, agentId, query.fromMs, query.toMs);
        for (const row of range) {
          deadline.row();
          found.push(stateChangeOf(row));
        }
      }
    });
    return found
      .filter((change) => query.state === undefined || change.state === query.state)
      .toSorted((a, b) => a.atMs - b.atMs);
  }

  #agentsSeen(namespace: string): string[] {
    const rows = this.#all("SELECT agent_id FROM last_states WHERE namespace = ?", namespace);
    return rows.map((row) => String(row["agent_id"]));
  }

  /** Instant and row that a page comes after; undefined when nothing says where that is. */
  #placeOf(
    table: "conversations" | "tasks",
    instant: string,
    namespace: string,
    { beforeMs, beforeId }: PlaceQuery,
  ): readonly [atMs: number, row: number] | undefined {
    // Rows are numbered from 1: none of the instant comes before row 0 of it.
    if (beforeId === undefined) return [beforeMs ?? Number.MAX_VALUE, 0];
    const found = this.#get(
      `SELECT row_id, ${instant} AS at FROM ${table} WHERE namespace = ? AND id = ?`,
      namespace,
      beforeId,
    );
    if (found !== undefined) return [beforeMs ?? Number(found["at"]), Number(found["row_id"])];
    return beforeMs === undefined ? undefined : [beforeMs, 0];
  }

  #conversationsOf(
    namespace: string,
    agentId: string,
    place: readonly [atMs: number, row: number],
    limit: number,
  ): object[] {
    const counted = this.#get(
      `SELECT count(*) AS n FROM (SELECT 1 FROM conversation_agents
       WHERE namespace = ? AND agent_id = ? LIMIT ${FEW_CONVERSATIONS})`,
      namespace,
      agentId,
    );
    const few = Number(counted?.["n"] ?? 0) < FEW_CONVERSATIONS;
    const from = few
      ? `conversation_agents a INDEXED BY conversation_agents_by_agent
         CROSS JOIN conversations c ON c.row_id = a.conversation_row`
      : `conversations c INDEXED BY conversations_by_time
         CROSS JOIN conversation_agents a ON a.conversation_row = c.row_id`;
    return this.#all(
      `SELECT c.* FROM ${from} WHERE a.namespace = ? AND a.agent_id = ? AND c.namespace = ?
         AND (c.last_at, c.row_id) < (?, ?) ORDER BY c.last_at DESC, c.row_id DESC LIMIT ?`,
      namespace,
      agentId,
      namespace,
      ...place,
      limit,
    );
  }

  #withDeliveries(messageRow: number, message: Message): MessageWithDeliveries {
    const rows = this.#all(
      "SELECT * FROM deliveries WHERE message_row = ? ORDER BY row_id",
      messageRow,
    );
    return { message, deliveries: rows.map((row) => deliveryOf(row, message.id)) };
  }

  #pair(deliveryRow: number, messageRow: number): { message: Message; delivery: Delivery } {
    const message = messageOf(this.#one("SELECT * FROM messages WHERE row_id = ?", messageRow));
    const row = this.#one("SELECT * FROM deliveries WHERE row_id = ?", deliveryRow);
    return { message, delivery: deliveryOf(row, message.id) };
  }

  #all(sql: string, ...values: readonly (string | number)[]): Record<string, unknown>[] {
    return this.#database.prepare(sql).all(...values);
  }

  #get(sql: string, ...values: readonly (string | number)[]): Record<string, unknown> | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  #one(sql: string, row: number): Record<string, unknown> {
    const found = this.#get(sql, row);
    if (found === undefined) throw new RangeError(`No row ${row}: ${sql}`);
    return found;
  }
}

function taskIndex(query: TaskQuery): string {
  if (query.traceId !== undefined) return "tasks_by_trace";
  if (query.parentId !== undefined) return "tasks_by_parent";
  if (query.open === true) return "tasks_open";
  if (query.agentId !== undefined) return "tasks_by_agent";
  return query.state === undefined ? "tasks_by_time" : "tasks_by_state";
}

interface ConversationRow {
  readonly id: string;
  readonly participants: string;
  readonly first_at: number;
  readonly last_at: number;
  readonly messages: number;
  readonly open: number;
  readonly dead: number;
  readonly subject: string;
}

function conversationOf(source: object): ConversationSummary {
  const row = trusted<ConversationRow>(source);
  return {
    conversationId: row.id,
    participants: parsedColumn(row.participants),
    firstAtMs: row.first_at,
    lastAtMs: row.last_at,
    messages: row.messages,
    open: row.open,
    dead: row.dead,
    subject: row.subject,
  };
}
