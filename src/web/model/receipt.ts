// A message's receipt in three dots (sent, delivered, done) and the reason beside the first
// hollow one.

import { formatAge, formatSeconds } from "./format.ts";
import type { Delivery, MessageWithDeliveries } from "./wire.ts";

/** Three dots and the words beside them. */
export interface Receipt {
  readonly sent: boolean;
  readonly delivered: boolean;
  readonly done: boolean;
  /** True when at least one copy became a dead letter. */
  readonly dead: boolean;
  /** Why the first hollow dot is hollow, or how it ended. */
  readonly words: string;
}

const DEAD_WORDS: Readonly<Record<string, string>> = {
  rejected: "rejected by",
  expired: "expired at",
  attempts_exhausted: "gave up after too many attempts at",
  recipient_removed: "recipient left:",
};

/** Whoever uses the pages; a sender and recipient without an inbox. */
export const OPERATOR = "operator";

/** The receipt of a message over all its copies. */
export function receiptOf(entry: MessageWithDeliveries, nowMs: number): Receipt {
  const { deliveries } = entry;
  const [only] = deliveries;
  if (only === undefined && entry.message.recipientId === OPERATOR) {
    return { sent: true, delivered: true, done: true, dead: false, words: "shown here" };
  }
  if (deliveries.length === 1 && only !== undefined) return oneReceipt(only, entry, nowMs);
  const dead = deliveries.filter((copy) => copy.state === "dead").length;
  const done = deliveries.filter((copy) => copy.state === "done").length;
  const delivered = deliveries.filter((copy) => copy.deliveredAtMs !== null).length;
  const all = deliveries.length;
  const parts = [all === 0 ? "no recipient" : `${done} of ${all} done`];
  if (dead > 0) parts.push(`${dead} dead`);
  return {
    sent: true,
    delivered: all > 0 && delivered === all,
    done: all > 0 && done === all,
    dead: dead > 0,
    words: parts.join(", "),
  };
}

function oneReceipt(copy: Delivery, entry: MessageWithDeliveries, nowMs: number): Receipt {
  const delivered = copy.deliveredAtMs !== null;
  const base = { sent: true, delivered, done: copy.state === "done", dead: copy.state === "dead" };
  if (copy.state === "dead") {
    const why = `${DEAD_WORDS[copy.deadReason ?? ""] ?? "dead at"} ${copy.recipientId}`;
    return { ...base, words: copy.note === null ? why : `${why}: ${copy.note}` };
  }
  if (copy.state === "done") {
    const settledAtMs = copy.settledAtMs ?? copy.acceptedAtMs;
    const words = formatSeconds((settledAtMs - copy.acceptedAtMs) / 1000);
    const owed = entry.message.expectsReply && copy.answeredAtMs === null;
    const done = copy.recipientId === OPERATOR ? "shown here" : `done in ${words}`;
    return { ...base, words: owed ? `${done}, not answered` : done };
  }
  return { ...base, words: openWords(copy, nowMs) };
}

function openWords(copy: Delivery, nowMs: number): string {
  const attempt = copy.attempts > 1 ? `, attempt ${copy.attempts}` : "";
  if (copy.state === "leased") {
    const since = formatAge(nowMs - (copy.deliveredAtMs ?? copy.acceptedAtMs));
    return `with ${copy.recipientId} for ${since}${attempt}`;
  }
  if (copy.visibleAtMs !== null && copy.visibleAtMs > nowMs) {
    const retryIn = formatAge(copy.visibleAtMs - nowMs);
    return `retries in ${retryIn}${attempt}${copy.note === null ? "" : `: ${copy.note}`}`;
  }
  return `not claimed by ${copy.recipientId} for ${formatAge(nowMs - copy.acceptedAtMs)}`;
}
