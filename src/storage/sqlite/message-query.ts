// Finds messages newest first, walking the one index that fits the query best. Words are looked
// for in JavaScript while walking: LIKE knows upper and lower case of ASCII only.

import type { MessageQuery } from "../../communication/index.ts";
import { storageLimits } from "../limits.ts";
import type { Database } from "./database.ts";
import { Deadline } from "./deadline.ts";

const BYTES_MAX = storageLimits.listedBytes.value;

/** A message found, as its row. */
export interface FoundMessage {
  readonly rowId: number;
  readonly acceptedAtMs: number;
  readonly row: object;
  /** Characters of its payload, which is what makes rows large. */
  readonly payloadLength: number;
}

interface Walk {
  /** FROM clause; `m` is the message, `d` (if any) the delivery that leads to it. */
  readonly from: string;
  readonly order: string;
  readonly conditions: string[];
  readonly values: (string | number)[];
}

/** Up to `limit` messages that hold every condition, newest first. */
export function findMessages(
  database: Database,
  namespace: string,
  query: MessageQuery,
  limit: number,
): readonly FoundMessage[] {
  const deadline = new Deadline();
  const { agentId, ...rest } = query;
  if (agentId === undefined) return walk(database, namespace, rest, limit, deadline);
  const found = new Map<number, FoundMessage>();
  const sides: MessageQuery[] = [];
  if (rest.senderId === undefined || rest.senderId === agentId) {
    sides.push({ ...rest, senderId: agentId });
  } else sides.push({ ...rest, recipientId: rest.recipientId ?? agentId });
  if (rest.recipientId === undefined) sides.push({ ...rest, recipientId: agentId });
  else if (rest.recipientId === agentId) sides.push(rest);
  for (const side of sides) {
    for (const message of walk(database, namespace, side, limit, deadline)) {
      found.set(message.rowId, message);
    }
  }
  const merged = [...found.values()]
    .toSorted((a, b) => b.acceptedAtMs - a.acceptedAtMs || b.rowId - a.rowId)
    .slice(0, limit);
  // A side that was cut short has nothing to say of what is older: the sum ends there or before.
  let bytes = 0;
  const end = merged.findIndex(({ payloadLength }) => (bytes += payloadLength) > BYTES_MAX);
  return end < 0 ? merged : merged.slice(0, Math.max(1, end));
}

function walk(
  database: Database,
  namespace: string,
  query: MessageQuery,
  limit: number,
  deadline: Deadline,
): FoundMessage[] {
  const plan = planWalk(namespace, query);
  if (query.beforeId !== undefined) {
    const before = database
      .prepare("SELECT row_id, accepted_at FROM messages WHERE namespace = ? AND id = ?")
      .get(namespace, query.beforeId);
    if (before === undefined) return [];
    plan.conditions.push("(m.accepted_at, m.row_id) < (?, ?)");
    plan.values.push(Number(before["accepted_at"]), Number(before["row_id"]));
  }
  const statement = database.prepare(
    `SELECT m.* FROM ${plan.from} WHERE ${plan.conditions.join(" AND ")} ORDER BY ${plan.order}`,
  );
  const words = (query.text ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found: FoundMessage[] = [];
  if (limit === 0) return found;
  let bytes = 0;
  for (const row of statement.iterate(...plan.values)) {
    deadline.row();
    const rowId = Number(row["row_id"]);
    // A broadcast comes once per delivery that fits, one after the other.
    if (found.at(-1)?.rowId === rowId || !holdsWords(row, words)) continue;
    const payloadLength = String(row["payload"]).length;
    found.push({ rowId, acceptedAtMs: Number(row["accepted_at"]), row, payloadLength });
    bytes += payloadLength;
    if (found.length >= limit || bytes > BYTES_MAX) break;
  }
  return found;
}

function holdsWords(row: Record<string, unknown>, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = `${String(row["type"])} ${String(row["payload"])}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Chooses the index to walk: the rarest condition first. */
function planWalk(namespace: string, query: MessageQuery): Walk {
  const plan = leadingIndex(namespace, query);
  const equal = (column: string, value: string | undefined): void => {
    if (value === undefined) return;
    plan.conditions.push(`${column} = ?`);
    plan.values.push(value);
  };
  equal("m.conversation_id", query.conversationId);
  equal("m.trace_id", query.traceId);
  equal("m.sender_id", query.senderId);
  equal("m.type", query.type);
  const inDelivery = plan.from.startsWith("deliveries");
  if (inDelivery) {
    equal("d.recipient_id", query.recipientId);
    equal("d.state", query.state);
  } else if (query.recipientId !== undefined || query.state !== undefined) {
    const both: string[] = ["x.message_row = m.row_id"];
    if (query.recipientId !== undefined) both.push("x.recipient_id = ?");
    if (query.state !== undefined) both.push("x.state = ?");
    plan.conditions.push(`EXISTS (SELECT 1 FROM deliveries x WHERE ${both.join(" AND ")})`);
    for (const value of [query.recipientId, query.state]) {
      if (value !== undefined) plan.values.push(value);
    }
  }
  const at = inDelivery ? "d.accepted_at" : "m.accepted_at";
  if (query.fromMs !== undefined) {
    plan.conditions.push(`${at} >= ?`);
    plan.values.push(query.fromMs);
  }
  if (query.toMs !== undefined) {
    plan.conditions.push(`${at} < ?`);
    plan.values.push(query.toMs);
  }
  return plan;
}

function leadingIndex(namespace: string, query: MessageQuery): Walk {
  if (query.conversationId !== undefined)
    return overMessages("messages_by_conversation", namespace);
  if (query.traceId !== undefined) return overMessages("messages_by_trace", namespace);
  if (query.recipientId !== undefined) return overDeliveries("deliveries_by_recipient", namespace);
  // Partial indexes are used only when their condition stands in the text, not as a parameter.
  if (query.state === "dead") {
    const plan = overDeliveries("deliveries_dead", namespace);
    plan.conditions.push("d.state = 'dead'");
    return plan;
  }
  if (query.state === "ready" || query.state === "leased") {
    const plan = overDeliveries("deliveries_open", namespace);
    plan.conditions.push("d.state IN ('ready', 'leased')");
    return plan;
  }
  if (query.senderId !== undefined) return overMessages("messages_by_sender", namespace);
  if (query.type !== undefined) return overMessages("messages_by_type", namespace);
  return overMessages("messages_by_time", namespace);
}

function overMessages(index: string, namespace: string): Walk {
  return {
    from: `messages m INDEXED BY ${index}`,
    order: "m.accepted_at DESC, m.row_id DESC",
    conditions: ["m.namespace = ?"],
    values: [namespace],
  };
}

function overDeliveries(index: string, namespace: string): Walk {
  return {
    from: `deliveries d INDEXED BY ${index} CROSS JOIN messages m ON m.row_id = d.message_row`,
    order: "d.accepted_at DESC, d.message_row DESC",
    conditions: ["d.namespace = ?"],
    values: [namespace],
  };
}
