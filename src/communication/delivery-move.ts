// A delivery on its way from one state to the next, with the task made of it: in memory first, so
// that whatever else is stored about it meanwhile builds upon it, and back if the store refuses.

import type { CommunicationContext } from "./communication-context.ts";
import type { MailboxEntry } from "./mailbox.ts";
import type { Delivery, Task } from "./model.ts";
import type { CommunicationRecord } from "./store.ts";
import { changeTask } from "./task-book.ts";
import type { TaskChange } from "./task-book.ts";

/** A change of one delivery being stored. */
export interface Move {
  readonly entry: MailboxEntry;
  readonly before: Delivery;
  readonly taskBefore: Task | undefined;
  readonly task: Task | undefined;
}

/** Makes the change in memory. */
export function beginMove(
  { clock, tasks }: CommunicationContext,
  entry: MailboxEntry,
  change: Partial<Delivery>,
  taskChange: TaskChange,
): Move {
  const before = entry.delivery;
  entry.delivery = { ...before, ...change };
  const taskBefore = tasks.ofDelivery(before);
  const task = taskBefore && changeTask(taskBefore, taskChange, clock.now());
  if (task !== undefined) tasks.put(task);
  return { entry, before, taskBefore, task };
}

/** Takes the change back; an answer noted meanwhile stays. */
export function undoMove({ tasks }: CommunicationContext, move: Move): void {
  const { answeredAtMs, answerId } = move.entry.delivery;
  move.entry.delivery = { ...move.before, answeredAtMs, answerId };
  if (move.taskBefore !== undefined) tasks.put(move.taskBefore);
}

/** What the store is told. */
export function moveRecords({ entry, task }: Move): CommunicationRecord[] {
  const records: CommunicationRecord[] = [{ kind: "delivery", delivery: entry.delivery }];
  if (task !== undefined) records.push({ kind: "task", task });
  return records;
}

/**
 * How long the recipient of a settled message took, from when it was first handed out to its
 * answer, or else to its settlement; null for an answer, which wants no response.
 */
export function responseTimeMs({ message, delivery }: MailboxEntry): number | null {
  const { answeredAtMs, deliveredAtMs, settledAtMs } = delivery;
  if (message.replyToId !== null && !message.expectsReply) return null;
  const endAtMs = message.expectsReply ? (answeredAtMs ?? settledAtMs) : settledAtMs;
  if (deliveredAtMs === null || endAtMs === null) return null;
  return Math.max(0, endAtMs - deliveredAtMs);
}
