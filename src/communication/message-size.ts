// What a message counts for in quotas: its payload, and what surrounds it. Without the latter a
// quota in bytes would let in any number of tiny messages, each of which takes memory all the same.

import { communicationLimits } from "./limits.ts";
import type { Message } from "./model.ts";

/** Bytes that a message takes up in a mailbox. @param payloadBytes of its payload as JSON. */
export function messageBytes(message: Message, payloadBytes: number): number {
  const { conversationId, dedupeKey, id, orderingKey, task } = message;
  let bytes = payloadBytes + communicationLimits.envelopeBytes.value;
  // What the sender may make longer than the envelope of most messages is.
  if (conversationId !== id) bytes += conversationId.length;
  bytes += (orderingKey?.length ?? 0) + (dedupeKey?.length ?? 0) + (task?.title.length ?? 0);
  return bytes;
}
