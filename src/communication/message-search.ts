// Questions about stored messages, answered by looking at them one by one.

import type { Delivery, Message } from "./model.ts";
import type { ConversationSummary, MessageQuery } from "./store.ts";
import { traceIdOf } from "./traceparent.ts";

/** A message with its receipts by delivery id. */
export interface StoredMessage {
  readonly message: Message;
  readonly deliveries: Map<string, Delivery>;
}

const PARTICIPANTS_MAX = 20;

/** Whether all conditions of the query hold; paging is the caller's. */
export function matchesMessage(stored: StoredMessage, query: MessageQuery): boolean {
  const { message } = stored;
  if (query.senderId !== undefined && message.senderId !== query.senderId) return false;
  if (query.type !== undefined && message.type !== query.type) return false;
  if (query.fromMs !== undefined && message.acceptedAtMs < query.fromMs) return false;
  if (query.toMs !== undefined && message.acceptedAtMs >= query.toMs) return false;
  if (query.conversationId !== undefined && message.conversationId !== query.conversationId) {
    return false;
  }
  if (query.traceId !== undefined && traceIdOf(message.traceparent) !== query.traceId) return false;
  if (query.agentId !== undefined && !takesPart(stored, query.agentId)) return false;
  return matchesDelivery(stored, query) && matchesText(message, query.text);
}

/** Conversations summed up, in no particular order. */
export function summarizeConversations(
  messages: Iterable<StoredMessage>,
  agentId: string | undefined,
): ConversationSummary[] {
  const byId = new Map<string, StoredMessage[]>();
  for (const stored of messages) {
    const id = stored.message.conversationId;
    const same = byId.get(id);
    if (same === undefined) byId.set(id, [stored]);
    else same.push(stored);
  }
  const summaries: ConversationSummary[] = [];
  for (const [conversationId, all] of byId) {
    if (agentId !== undefined && !all.some((stored) => takesPart(stored, agentId))) continue;
    summaries.push(summarize(conversationId, all));
  }
  return summaries;
}

function summarize(conversationId: string, all: readonly StoredMessage[]): ConversationSummary {
  const participants = new Set<string>();
  const instants = all.map((stored) => stored.message.acceptedAtMs);
  let open = 0;
  let dead = 0;
  for (const { message, deliveries } of all) {
    participants.add(message.senderId);
    if (message.recipientId !== null) participants.add(message.recipientId);
    for (const delivery of deliveries.values()) {
      participants.add(delivery.recipientId);
      if (delivery.state === "dead") dead++;
      else if (delivery.state !== "done") open++;
    }
  }
  const first = all[0]?.message;
  const title = first?.task?.title;
  return {
    conversationId,
    participants: [...participants].slice(0, PARTICIPANTS_MAX),
    firstAtMs: Math.min(...instants),
    lastAtMs: Math.max(...instants),
    messages: all.length,
    open,
    dead,
    subject: title === undefined ? (first?.type ?? "") : `${first?.type}: ${title}`,
  };
}

function takesPart({ message, deliveries }: StoredMessage, agentId: string): boolean {
  if (message.senderId === agentId || message.recipientId === agentId) return true;
  for (const delivery of deliveries.values()) if (delivery.recipientId === agentId) return true;
  return false;
}

function matchesDelivery({ message, deliveries }: StoredMessage, query: MessageQuery): boolean {
  const { recipientId, state } = query;
  if (recipientId === undefined && state === undefined) return true;
  if (state === undefined && message.recipientId === recipientId) return true;
  for (const delivery of deliveries.values()) {
    if (recipientId !== undefined && delivery.recipientId !== recipientId) continue;
    if (state === undefined || delivery.state === state) return true;
  }
  return false;
}

function matchesText(message: Message, text: string | undefined): boolean {
  if (text === undefined) return true;
  const haystack = `${message.type} ${JSON.stringify(message.payload)}`.toLowerCase();
  const words = text.toLowerCase().split(/\s+/);
  return words.every((word) => haystack.includes(word));
}
