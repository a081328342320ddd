// Records for the store's contract: plain messages, deliveries, tasks and agents of one namespace,
// each different from the last only in what a criterion names.

import type { Agent, Delivery, Message, Task } from "../model.ts";
import { snapshotPages } from "../snapshot-pages.ts";
import type { CommunicationRecord, CommunicationSnapshot, CommunicationStore } from "../store.ts";

export const NAMESPACE = "default";
export const BASE_MS = 1_700_000_000_000;
/** What makes a message a request. */
export const EXPECTS = { expectsReply: true };

/** Registers one criterion of the contract. */
export type Check = (criterion: string, body: (store: CommunicationStore) => Promise<void>) => void;

export function idsOf(found: readonly { readonly message: Message }[]): string[] {
  return found.map((entry) => entry.message.id);
}

export function makeAgent(id: string): Agent {
  return {
    id,
    namespace: NAMESPACE,
    name: id,
    capabilities: [],
    endpoint: null,
    kind: id,
    version: null,
    instance: null,
    metadata: {},
    status: "online",
    registeredAtMs: BASE_MS,
    paused: null,
    quarantined: null,
  };
}

export function makeMessage(number: number, changes: Partial<Message> = {}): Message {
  const id = `msg_${String(number).padStart(6, "0")}`;
  return {
    id,
    namespace: NAMESPACE,
    senderId: "alice",
    recipientId: "bob",
    type: "direct",
    payload: { number },
    priority: "normal",
    conversationId: id,
    replyToId: null,
    expectsReply: false,
    orderingKey: null,
    dedupeKey: null,
    traceparent: null,
    task: null,
    acceptedAtMs: BASE_MS + number,
    ...changes,
  };
}

export function makeDelivery(message: Message, changes: Partial<Delivery> = {}): Delivery {
  const digits = message.id.slice("msg_".length);
  return {
    id: `dlv_${digits}`,
    messageId: message.id,
    recipientId: message.recipientId ?? "bob",
    priority: message.priority,
    sequence: Number(digits),
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
    ...changes,
  };
}

export function accepted(
  message: Message,
  dedupeUntilMs: number | null = null,
): CommunicationRecord {
  return { kind: "message", message, deliveries: [makeDelivery(message)], dedupeUntilMs };
}

export function makeTask(number: number, changes: Partial<Task> = {}): Task {
  return {
    id: `task_${number}`,
    namespace: NAMESPACE,
    agentId: "bob",
    title: `task ${number}`,
    parentId: null,
    messageId: null,
    state: "working",
    attempt: 1,
    progress: null,
    note: null,
    result: null,
    expectMs: null,
    traceparent: null,
    createdAtMs: BASE_MS + number,
    updatedAtMs: BASE_MS + number,
    endedAtMs: null,
    ...changes,
  };
}

/** All pages of what a store loads, as one. */
export async function loadWhole(
  store: CommunicationStore,
  namespace: string,
): Promise<CommunicationSnapshot> {
  const parts = [];
  for await (const { next: _, ...page } of snapshotPages(store, namespace)) parts.push(page);
  return {
    agents: parts.flatMap((page) => page.agents),
    unsettled: parts.flatMap((page) => page.unsettled),
    unanswered: parts.flatMap((page) => page.unanswered),
    openTasks: parts.flatMap((page) => page.openTasks),
    dedupe: parts.flatMap((page) => page.dedupe),
    lastSequence: Math.max(...parts.map((page) => page.lastSequence)),
    states: parts.flatMap((page) => page.states),
  };
}
