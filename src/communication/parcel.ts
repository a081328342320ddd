// A message being stored: itself, its receipts, and everything that must change with it.

import type { DedupeMark } from "./dedupe-window.ts";
import { CommunicationError } from "./errors.ts";
import type { QuotaProblem } from "./mailbox-room.ts";
import type { Delivery, Message, Task } from "./model.ts";
import type { Answer } from "./reply-desk.ts";
import type { CommunicationRecord } from "./store.ts";
import { changeTask } from "./task-book.ts";

/** A message being stored. */
export interface Parcel {
  readonly message: Message;
  readonly deliveries: readonly Delivery[];
  readonly bytes: number;
  readonly tasks: readonly Task[];
  readonly answer: Answer | undefined;
  readonly mark: DedupeMark | undefined;
  readonly records: readonly CommunicationRecord[];
}

/** The delivery of a message's first recipient shares its id's digits. */
export function deliveryIdOf(messageId: string, index = 0): string {
  const digits = messageId.slice(messageId.indexOf("_") + 1);
  return index === 0 ? `dlv_${digits}` : `dlv_${digits}-${index}`;
}

/** A receipt as it begins. */
export function newDelivery(
  message: Message,
  recipientId: string,
  sequence: number,
  index: number,
): Delivery {
  return {
    id: deliveryIdOf(message.id, index),
    messageId: message.id,
    recipientId,
    priority: message.priority,
    sequence,
    state: "ready",
    attempts: 0,
    acceptedAtMs: message.acceptedAtMs,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
  };
}

/** What becomes of a delivery, and of its task, whose recipient is gone. */
export function orphanOf(
  delivery: Delivery,
  task: Task | undefined,
  atMs: number,
): { readonly delivery: Delivery; readonly records: readonly CommunicationRecord[] } {
  const deadReason = "recipient_removed";
  const dead: Delivery = { ...delivery, state: "dead", deadReason, settledAtMs: atMs };
  const records: CommunicationRecord[] = [{ kind: "delivery", delivery: dead }];
  const change = { state: "failed", note: `dead letter: ${deadReason}` } as const;
  if (task !== undefined) records.push({ kind: "task", task: changeTask(task, change, atMs) });
  return { delivery: dead, records };
}

/** Why a mailbox takes no more. */
export function quotaError(problem: QuotaProblem, agentId: string): CommunicationError {
  const options = { details: { agentId }, retryAfterSeconds: 5 };
  if (problem === "pending_bytes") {
    const message = `No room for a message to "${agentId}": too many bytes wait in all inboxes`;
    return new CommunicationError("communication.pending_full", message, options);
  }
  const what = problem === "mailbox_bytes" ? "bytes" : "messages";
  const message = `The inbox of "${agentId}" holds as many ${what} as it may`;
  return new CommunicationError("communication.mailbox_full", message, options);
}
