// Reads what a namespace needs in memory to go on, a page at a time: everything that waits in the
// inboxes of a fleet may be gigabytes, one answer between threads is at most half of one.
//
//   agents ─ states ─ open tasks ─ open deliveries with their messages ─ requests ─ dedupe keys
//
// Each part is walked along an index of its own; a page ends where its bounds are reached, and the
// next one begins after the keys of its last row.

import type {
  Agent,
  CommunicationSnapshot,
  SnapshotPage,
  SnapshotPlace,
} from "../../communication/index.ts";
import { storageLimits } from "../limits.ts";
import { deliveryOf, messageOf, stateChangeOf, taskOf } from "./communication-rows.ts";
import { readCounter } from "./counters.ts";
import type { Database } from "./database.ts";
import { parsedColumn } from "./trusted.ts";

/** What one page holds at most. */
export interface PageBounds {
  readonly rows: number;
  /** Characters of text, which are what makes rows large. */
  readonly bytes: number;
}

type Row = Record<string, unknown>;
type Filling = {
  -readonly [
    Part in Exclude<keyof CommunicationSnapshot, "lastSequence">
  ]: CommunicationSnapshot[Part][number][];
};

/** One part of a snapshot. */
interface Part {
  readonly name: string;
  /** Takes the namespace, then the keys of the row to begin after. */
  readonly sql: string;
  readonly keys: readonly string[];
  /** Keys before those of every row. */
  readonly first: readonly (string | number)[];
  /** Takes a row in; how many characters it has where it may have many. */
  readonly add: (page: Filling, row: Row) => number;
}

const BEFORE_ALL = -Number.MAX_VALUE;

/** Pages of a namespace's snapshot; the rows must not change between its pages. */
export class SnapshotReader {
  readonly #database: Database;
  readonly #bounds: PageBounds;

  constructor(database: Database, bounds: PageBounds = PAGE_BOUNDS) {
    this.#database = database;
    this.#bounds = bounds;
  }

  /** See {@link CommunicationStore.load}. */
  load(namespace: string, place: SnapshotPlace | null): SnapshotPage {
    return this.#database.snapshot(() => {
      const page: Filling = {
        agents: [],
        unsettled: [],
        unanswered: [],
        openTasks: [],
        dedupe: [],
        states: [],
      };
      const next = this.#fill(page, namespace, place);
      return { ...page, lastSequence: readCounter(this.#database, namespace, "sequence"), next };
    });
  }

  #fill(page: Filling, namespace: string, place: SnapshotPlace | null): SnapshotPlace | null {
    const begin = place === null ? 0 : PARTS.findIndex(({ name }) => name === place.part);
    if (begin < 0) throw new RangeError(`A snapshot has no part "${place?.part}"`);
    let rows = 0;
    let bytes = 0;
    for (const [index, part] of PARTS.slice(begin).entries()) {
      const after = index === 0 && place !== null ? place.after : part.first;
      for (const row of this.#database.prepare(part.sql).iterate(namespace, ...after)) {
        rows += 1;
        bytes += part.add(page, row);
        if (rows < this.#bounds.rows && bytes < this.#bounds.bytes) continue;
        return { part: part.name, after: part.keys.map((key) => keyOf(row, key)) };
      }
    }
    return null;
  }
}

const PAGE_BOUNDS: PageBounds = {
  rows: storageLimits.loadedRows.value,
  bytes: storageLimits.loadedBytes.value,
};

const PARTS: readonly Part[] = [
  {
    name: "agents",
    sql: "SELECT id, agent FROM agents WHERE namespace = ? AND id > ? ORDER BY id",
    keys: ["id"],
    first: [""],
    add: (page, row) => {
      page.agents.push(parsedColumn<Agent>(row["agent"]));
      return textLength(row, ["agent"]);
    },
  },
  {
    name: "states",
    sql: `SELECT * FROM last_states WHERE namespace = ? AND agent_id > ? AND removed = 0
      ORDER BY agent_id`,
    keys: ["agent_id"],
    first: [""],
    add: (page, row) => {
      page.states.push(stateChangeOf(row));
      return textLength(row, ["reason"]);
    },
  },
  {
    name: "tasks",
    sql: `SELECT * FROM tasks INDEXED BY tasks_open
      WHERE namespace = ? AND ended_at IS NULL AND (created_at, row_id) > (?, ?)
      ORDER BY created_at, row_id`,
    keys: ["created_at", "row_id"],
    first: [BEFORE_ALL, 0],
    add: (page, row) => {
      page.openTasks.push(taskOf(row));
      return textLength(row, ["title", "note", "result"]);
    },
  },
  {
    name: "deliveries",
    // Both tables have ids and recipients; a delivery's stand under names of their own.
    sql: `SELECT m.id, m.namespace, m.sender_id, m.recipient_id, m.type, m.priority,
        m.conversation_id, m.reply_to_id, m.expects_reply, m.ordering_key, m.dedupe_key,
        m.traceparent, m.accepted_at, m.task, m.payload, d.row_id, d.id AS delivery_id,
        d.recipient_id AS delivered_to, d.sequence, d.state, d.attempts, d.visible_at,
        d.delivered_at, d.settled_at, d.answered_at, d.answer_id, d.dead_reason, d.note, d.result
      FROM deliveries d INDEXED BY deliveries_open
      CROSS JOIN messages m ON m.row_id = d.message_row
      WHERE d.namespace = ? AND d.state IN ('ready', 'leased')
        AND (d.sequence, d.row_id) > (?, ?)
      ORDER BY d.sequence, d.row_id`,
    keys: ["sequence", "row_id"],
    first: [BEFORE_ALL, 0],
    add: (page, row) => {
      const message = messageOf(row);
      const [id, recipientId] = [String(row["delivery_id"]), String(row["delivered_to"])];
      const delivery = { ...deliveryOf(row, message.id), id, recipientId };
      page.unsettled.push({ message, delivery });
      return textLength(row, ["payload", "task", "result", "note"]);
    },
  },
  {
    name: "requests",
    // No payload: a request that nobody answers may wait for as long as messages are kept.
    sql: `SELECT d.sequence, d.row_id, d.id AS delivery_id, d.recipient_id, d.accepted_at,
        m.id, m.sender_id
      FROM deliveries d INDEXED BY deliveries_unanswered
      CROSS JOIN messages m ON m.row_id = d.message_row
      WHERE d.namespace = ? AND d.pinned = 1 AND d.state = 'done'
        AND (d.sequence, d.row_id) > (?, ?)
      ORDER BY d.sequence, d.row_id`,
    keys: ["sequence", "row_id"],
    first: [BEFORE_ALL, 0],
    add: (page, row) => {
      page.unanswered.push({
        messageId: String(row["id"]),
        deliveryId: String(row["delivery_id"]),
        senderId: String(row["sender_id"]),
        recipientId: String(row["recipient_id"]),
        acceptedAtMs: Number(row["accepted_at"]),
      });
      return 0;
    },
  },
  {
    name: "dedupe",
    sql: `SELECT * FROM dedupe INDEXED BY dedupe_by_end
      WHERE namespace = ? AND (until, sender_id, dedupe_key) > (?, ?, ?)
      ORDER BY until, sender_id, dedupe_key`,
    keys: ["until", "sender_id", "dedupe_key"],
    first: [BEFORE_ALL, "", ""],
    add: (page, row) => {
      page.dedupe.push({
        senderId: String(row["sender_id"]),
        dedupeKey: String(row["dedupe_key"]),
        messageId: String(row["message_id"]),
        untilMs: Number(row["until"]),
      });
      return textLength(row, ["dedupe_key"]);
    },
  },
];

function keyOf(row: Row, key: string): string | number {
  const value = row[key];
  return typeof value === "string" ? value : Number(value);
}

function textLength(row: Row, columns: readonly string[]): number {
  let length = 0;
  for (const column of columns) {
    const value = row[column];
    if (typeof value === "string") length += value.length;
  }
  return length;
}
