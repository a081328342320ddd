// Forgetting, in steps: each `next()` removes at most storageLimits.stepRows rows and belongs
// into a transaction of its own, so that appends never wait for more than one step.

import type { MessageRetention, PruneResult, TaskRequest } from "../../communication/index.ts";
import { storageLimits } from "../limits.ts";
import { SETTLED_KINDS } from "./communication-rows.ts";
import type { SettledKind } from "./communication-rows.ts";
import { subjectOf } from "./conversation-writer.ts";
import type { Database } from "./database.ts";
import { parsedColumnOrNull } from "./trusted.ts";

/** Work done in steps; each yield ends a transaction. */
export type Steps<Result> = Generator<undefined, Result>;

const STEP_ROWS = storageLimits.stepRows.value;

/** What has been pruned so far. */
interface PruningResult {
  messages: number;
  readonly deadDeliveryIds: string[];
}

/** See {@link CommunicationStore.prune}; also trims ended tasks and states to their limits. */
export function* pruneCommunication(
  database: Database,
  namespace: string,
  { keep, keepDead, beforeMs = -Number.MAX_VALUE }: MessageRetention,
): Steps<PruneResult> {
  const result: PruningResult = { messages: 0, deadDeliveryIds: [] };
  const most = { plain: keep, dead: keepDead, unanswered: Infinity };
  const settled = database.prepare(
    "SELECT count(*) AS n FROM settled_messages WHERE namespace = ? AND kind = ?",
  );
  for (const kind of SETTLED_KINDS) {
    let excess = Number(settled.get(namespace, kind)?.["n"] ?? 0) - most[kind];
    while (excess > 0) {
      const forgotten = forgetOldest(database, namespace, kind, excess, result);
      if (forgotten === 0) break;
      excess -= forgotten;
      yield;
    }
    while (forgetOldest(database, namespace, kind, STEP_ROWS, result, beforeMs) > 0) yield;
  }
  yield* forgetOldHistory(database, namespace, beforeMs);
  yield* deleteSteps(
    database,
    `DELETE FROM dedupe WHERE (namespace, sender_id, dedupe_key) IN (
       SELECT namespace, sender_id, dedupe_key FROM dedupe INDEXED BY dedupe_by_end
       WHERE namespace = ?1 AND until < (SELECT max(accepted_at) FROM messages WHERE namespace = ?1)
       LIMIT ${STEP_ROWS})`,
    namespace,
  );
  yield* deleteSteps(
    database,
    `DELETE FROM tasks WHERE row_id IN (
       SELECT row_id FROM tasks WHERE namespace = ?1 AND ended_at IS NOT NULL
       ORDER BY created_at DESC LIMIT ${STEP_ROWS} OFFSET ${storageLimits.endedTasks.value})`,
    namespace,
  );
  yield* deleteSteps(
    database,
    `DELETE FROM state_changes WHERE row_id IN (
       SELECT row_id FROM state_changes WHERE namespace = ?1
       ORDER BY at DESC LIMIT ${STEP_ROWS} OFFSET ${storageLimits.stateChanges.value})`,
    namespace,
  );
  yield* deleteSteps(
    database,
    `DELETE FROM last_states WHERE (namespace, agent_id) IN (
       SELECT namespace, agent_id FROM last_states l WHERE namespace = ? AND removed = 1
         AND NOT EXISTS (SELECT 1 FROM state_changes s
           WHERE s.namespace = l.namespace AND s.agent_id = l.agent_id)
       LIMIT ${STEP_ROWS})`,
    namespace,
  );
  return result;
}

/** Forgets tasks that ended before the instant and states of before it, but for each agent's last. */
function* forgetOldHistory(
  database: Database,
  namespace: string,
  beforeMs: number,
): Steps<undefined> {
  yield* deleteSteps(
    database,
    `DELETE FROM tasks WHERE row_id IN (
       SELECT row_id FROM tasks INDEXED BY tasks_ended
       WHERE namespace = ?1 AND ended_at IS NOT NULL AND created_at < ?2 AND ended_at < ?2
       LIMIT ${STEP_ROWS})`,
    namespace,
    beforeMs,
  );
  yield* deleteSteps(
    database,
    `DELETE FROM state_changes WHERE row_id IN (
       SELECT row_id FROM state_changes s INDEXED BY state_changes_by_time
       WHERE s.namespace = ? AND s.at < ? AND NOT EXISTS (
         SELECT 1 FROM last_states l WHERE l.namespace = s.namespace
           AND l.agent_id = s.agent_id AND l.at = s.at AND l.removed = 0)
       LIMIT ${STEP_ROWS})`,
    namespace,
    beforeMs,
  );
  return undefined;
}

/** Forgets everything that communication holds of the namespace. */
export function* deleteCommunication(database: Database, namespace: string): Steps<undefined> {
  const steps: readonly (readonly [table: string, key: string])[] = [
    ["deliveries", "row_id"],
    ["messages", "row_id"],
    ["conversations", "row_id"],
    ["tasks", "row_id"],
    ["state_changes", "row_id"],
    ["settled_messages", "namespace, kind, accepted_at, message_row"],
    ["conversation_agents", "conversation_row, agent_id"],
    ["dedupe", "namespace, sender_id, dedupe_key"],
    ["last_states", "namespace, agent_id"],
    ["agents", "namespace, id"],
  ];
  for (const [table, key] of steps) {
    yield* deleteSteps(
      database,
      `DELETE FROM ${table} WHERE (${key}) IN (
         SELECT ${key} FROM ${table} WHERE namespace = ? LIMIT ${STEP_ROWS})`,
      namespace,
    );
  }
  database.prepare("DELETE FROM counters WHERE namespace = ?").run(namespace);
  return undefined;
}

/** Repeats a DELETE of a step's rows, however many its own step has, until it finds none. */
export function* deleteSteps(
  database: Database,
  sql: string,
  ...values: readonly (string | number)[]
): Steps<undefined> {
  while (Number(database.prepare(sql).run(...values).changes) > 0) yield;
  return undefined;
}

/** Forgets up to `most` of a kind's oldest settled messages, as far as one step goes. */
function forgetOldest(
  database: Database,
  namespace: string,
  kind: SettledKind,
  most: number,
  result: PruningResult,
  beforeMs = Number.MAX_VALUE,
): number {
  const found = database
    .prepare(
      `SELECT s.message_row, s.accepted_at, m.conversation_id
       FROM settled_messages s JOIN messages m ON m.row_id = s.message_row
       WHERE s.namespace = ? AND s.kind = ? AND s.accepted_at < ?
       ORDER BY s.accepted_at, s.message_row LIMIT ?`,
    )
    // Each message takes at least three rows: itself, a delivery, its mark as settled.
    .all(namespace, kind, beforeMs, Math.min(most, Math.floor(STEP_ROWS / 3)));
  const conversations = new Map<string, { messages: number; dead: number }>();
  let rows = 0;
  let messages = 0;
  for (const row of found) {
    if (rows >= STEP_ROWS) break;
    const messageRow = Number(row["message_row"]);
    const dead = database
      .prepare("SELECT id FROM deliveries WHERE message_row = ? AND state = 'dead'")
      .all(messageRow)
      .map((delivery) => String(delivery["id"]));
    for (const delivery of dead) result.deadDeliveryIds.push(delivery);
    rows += Number(
      database.prepare("DELETE FROM deliveries WHERE message_row = ?").run(messageRow).changes,
    );
    database.prepare("DELETE FROM messages WHERE row_id = ?").run(messageRow);
    database
      .prepare(
        `DELETE FROM settled_messages
         WHERE namespace = ? AND kind = ? AND accepted_at = ? AND message_row = ?`,
      )
      .run(namespace, kind, row["accepted_at"] ?? null, messageRow);
    const id = String(row["conversation_id"]);
    const change = conversations.get(id) ?? { messages: 0, dead: 0 };
    change.messages += 1;
    change.dead += dead.length;
    conversations.set(id, change);
    rows += 2;
    messages += 1;
  }
  result.messages += messages;
  for (const [id, change] of conversations) shrink(database, namespace, id, change);
  return messages;
}

/** Takes forgotten messages out of their conversation's summary, or the summary with them. */
function shrink(
  database: Database,
  namespace: string,
  id: string,
  change: { readonly messages: number; readonly dead: number },
): void {
  const first = database
    .prepare(
      `SELECT type, task, accepted_at FROM messages INDEXED BY messages_by_conversation
       WHERE namespace = ? AND conversation_id = ? ORDER BY accepted_at, row_id LIMIT 1`,
    )
    .get(namespace, id);
  if (first === undefined) {
    const gone = database
      .prepare("DELETE FROM conversations WHERE namespace = ? AND id = ? RETURNING row_id")
      .get(namespace, id);
    database
      .prepare("DELETE FROM conversation_agents WHERE conversation_row = ?")
      .run(gone?.["row_id"] ?? null);
    return;
  }
  const title = parsedColumnOrNull<TaskRequest>(first["task"])?.title;
  database
    .prepare(
      `UPDATE conversations SET messages = messages - ?, dead = dead - ?, first_at = ?, subject = ?
       WHERE namespace = ? AND id = ?`,
    )
    .run(
      change.messages,
      change.dead,
      first["accepted_at"] ?? null,
      subjectOf(String(first["type"]), title),
      namespace,
      id,
    );
}
