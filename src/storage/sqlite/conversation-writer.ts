// Keeps the summaries of conversations true to their messages, inside whatever transaction the
// caller holds.

import type { Delivery, Message } from "../../communication/index.ts";
import { isOpen } from "./communication-rows.ts";
import type { Database } from "./database.ts";
import { parsedColumn } from "./trusted.ts";

/** Agents listed with a conversation; a broadcast to more is cut. */
const PARTICIPANTS_MAX = 20;

const INSERT_CONVERSATION = `INSERT INTO conversations
    (namespace, id, first_at, last_at, messages, open, dead, subject, participants)
  VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)`;
const UPSERT_CONVERSATION = `${INSERT_CONVERSATION}
  ON CONFLICT (namespace, id) DO UPDATE SET
    first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
    messages = messages + 1, open = open + excluded.open, dead = dead + excluded.dead
  RETURNING row_id, messages, participants`;
const INSERT_NEW_CONVERSATION = `${INSERT_CONVERSATION} ON CONFLICT DO NOTHING`;

/** Writes the tables `conversations` and `conversation_agents`. */
export class ConversationWriter {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Counts a message in, and its agents. */
  add(namespace: string, message: Message, deliveries: readonly Delivery[]): void {
    const agents = new Set([message.senderId, ...deliveries.map((each) => each.recipientId)]);
    if (message.recipientId !== null) agents.add(message.recipientId);
    const values = [
      namespace,
      message.conversationId,
      message.acceptedAtMs,
      message.acceptedAtMs,
      deliveries.filter((each) => isOpen(each.state)).length,
      deliveries.filter((each) => each.state === "dead").length,
      subjectOf(message.type, message.task?.title),
      JSON.stringify([...agents].slice(0, PARTICIPANTS_MAX)),
    ] as const;
    // A message that begins its own conversation: nothing is there to be read back.
    if (message.conversationId === message.id) {
      const inserted = this.#run(INSERT_NEW_CONVERSATION, ...values);
      if (Number(inserted.changes) === 1) {
        this.#join(namespace, inserted.lastInsertRowid, agents);
        return;
      }
    }
    const row = this.#database.prepare(UPSERT_CONVERSATION).get(...values);
    if (row === undefined) return;
    const isNew = row["messages"] === 1;
    const known = parsedColumn<string[]>(row["participants"]);
    const joining = isNew ? [...agents] : [...agents].filter((agent) => !known.includes(agent));
    this.#join(namespace, row["row_id"] ?? null, joining);
    if (isNew || joining.length === 0 || known.length >= PARTICIPANTS_MAX) return;
    this.#run(
      "UPDATE conversations SET participants = ? WHERE row_id = ?",
      JSON.stringify([...known, ...joining].slice(0, PARTICIPANTS_MAX)),
      row["row_id"] ?? null,
    );
  }

  /** Moves the counts of open and dead deliveries. */
  count(namespace: string, id: string, open: number, dead: number): void {
    this.#run(
      `UPDATE conversations SET open = open + ?, dead = dead + ?
       WHERE namespace = ? AND id = ?`,
      open,
      dead,
      namespace,
      id,
    );
  }

  #join(namespace: string, row: SqlValue, agents: Iterable<string>): void {
    for (const agent of agents) {
      this.#run(
        `INSERT OR IGNORE INTO conversation_agents (conversation_row, agent_id, namespace)
         VALUES (?, ?, ?)`,
        row,
        agent,
        namespace,
      );
    }
  }

  #run(sql: string, ...values: readonly SqlValue[]): ReturnType<Statement["run"]> {
    return this.#database.prepare(sql).run(...values);
  }
}

type Statement = ReturnType<Database["prepare"]>;
type SqlValue = Parameters<Statement["run"]>[1];

/** A conversation's subject: its first message's type and, for a task, the title. */
export function subjectOf(type: string, title: string | undefined): string {
  return title === undefined ? type : `${type}: ${title}`;
}
