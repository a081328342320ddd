// Who waits for whom: one edge per open request. Circles are looked for only among waits old
// enough to matter, from the agent in question, so that a busy fleet of quick requests costs
// nothing.

import { OPERATOR } from "../core/index.ts";
import { communicationLimits } from "./limits.ts";
import type { Delivery, Message, WaitEdge } from "./model.ts";
import type { UnansweredRequest } from "./store.ts";

/** Whoever holds the current receipt of a message. */
export interface ReceiptHolder {
  readonly message: Message;
  delivery: Delivery;
}

/** A request whose answer is awaited. Waits may be long, so that none keeps a payload in memory. */
export interface OpenRequest extends UnansweredRequest {
  /** Monotonic instant of the request. */
  readonly sinceMs: number;
  /** Settled, and an answer is being stored: a second one must see the first. */
  receipt: ReceiptHolder | undefined;
}

/** Requests that wait for a person's answer. */
export interface OperatorMail {
  readonly count: number;
  /** Who asks, the one that has waited longest first. */
  readonly agentIds: readonly string[];
  /** When the first of them was accepted; null when there are none. */
  readonly oldestAtMs: number | null;
}

/** What a wait needs to know of a request. */
export function requestOf(message: Message, delivery: Delivery): UnansweredRequest {
  return {
    messageId: message.id,
    deliveryId: delivery.id,
    senderId: message.senderId,
    recipientId: delivery.recipientId,
    acceptedAtMs: message.acceptedAtMs,
  };
}

/** Open requests of one namespace, by sender and by message. */
export class WaitGraph {
  readonly #bySender = new Map<string, Set<OpenRequest>>();
  readonly #byMessage = new Map<string, OpenRequest>();
  readonly #ofOperator = new Set<OpenRequest>();

  get size(): number {
    return this.#byMessage.size;
  }

  open(asked: UnansweredRequest, sinceMs: number): void {
    if (this.#byMessage.size >= communicationLimits.openRequests.value) return;
    const request: OpenRequest = { ...asked, sinceMs, receipt: undefined };
    this.#byMessage.set(request.messageId, request);
    if (request.recipientId === OPERATOR) this.#ofOperator.add(request);
    const same = this.#bySender.get(request.senderId);
    if (same === undefined) this.#bySender.set(request.senderId, new Set([request]));
    else same.add(request);
  }

  find(messageId: string): OpenRequest | undefined {
    return this.#byMessage.get(messageId);
  }

  /** Ends a wait: answered, or dead. */
  close(messageId: string): OpenRequest | undefined {
    const request = this.#byMessage.get(messageId);
    if (request === undefined) return undefined;
    this.#byMessage.delete(messageId);
    this.#ofOperator.delete(request);
    const same = this.#bySender.get(request.senderId);
    same?.delete(request);
    if (same?.size === 0) this.#bySender.delete(request.senderId);
    return request;
  }

  /** Ends all waits of and for an agent that is gone; gives back who waited for it. */
  closeAll(agentId: string): string[] {
    const waiting: string[] = [];
    for (const { messageId, senderId, recipientId } of this.#byMessage.values()) {
      if (senderId !== agentId && recipientId !== agentId) continue;
      if (senderId !== agentId) waiting.push(senderId);
      this.close(messageId);
    }
    return waiting;
  }

  /**
   * Ends waits for requests accepted before an instant that no mailbox holds any more: the store
   * has forgotten them. Gives back who waited.
   */
  expire(beforeMs: number, isUnsettled: (deliveryId: string) => boolean): ReadonlySet<string> {
    const waiting = new Set<string>();
    for (const { messageId, deliveryId, senderId, acceptedAtMs } of this.#byMessage.values()) {
      if (acceptedAtMs >= beforeMs || isUnsettled(deliveryId)) continue;
      waiting.add(senderId);
      this.close(messageId);
    }
    return waiting;
  }

  /** What waits for an answer of the people who run the fleet. */
  operatorMail(): OperatorMail {
    const [oldest] = this.#ofOperator;
    const agentIds = [...new Set([...this.#ofOperator].map(({ senderId }) => senderId))];
    return {
      count: this.#ofOperator.size,
      agentIds,
      oldestAtMs: oldest?.acceptedAtMs ?? null,
    };
  }

  /** Whether the agent waits for anyone. */
  waits(agentId: string): boolean {
    return this.#bySender.has(agentId);
  }

  /** The agent's open requests, oldest first. */
  edges(agentId: string): WaitEdge[] {
    const edges: WaitEdge[] = [];
    for (const { messageId, recipientId, acceptedAtMs } of this.#bySender.get(agentId) ?? []) {
      edges.push({ agentId: recipientId, messageId, sinceMs: acceptedAtMs });
    }
    return edges;
  }

  /** When the agent's next wait is old enough for a circle; Infinity when none will be. */
  nextMatureMs(agentId: string, matureAfterMs: number, nowMs: number): number {
    let next = Infinity;
    for (const { sinceMs } of this.#bySender.get(agentId) ?? []) {
      const matureMs = sinceMs + matureAfterMs;
      if (matureMs > nowMs) next = Math.min(next, matureMs);
    }
    return next;
  }

  /**
   * The shortest circle of waits through an agent, starting with it; empty when there is none.
   * Breadth first over waits that began at or before `bornBeforeMs` (monotonic).
   */
  cycle(agentId: string, bornBeforeMs: number): string[] {
    const cameFrom = new Map<string, string>();
    const queue = [agentId];
    for (let index = 0; index < queue.length; index++) {
      if (index >= communicationLimits.cycleSearch.value) return [];
      const current = queue[index];
      if (current === undefined) break;
      for (const { recipientId: next, sinceMs } of this.#bySender.get(current) ?? []) {
        // Whom a person has asked may ask back: nobody is stuck in that.
        if (sinceMs > bornBeforeMs || next === OPERATOR) continue;
        if (next === agentId) return pathTo(current, cameFrom);
        if (cameFrom.has(next)) continue;
        cameFrom.set(next, current);
        queue.push(next);
      }
    }
    return [];
  }
}

function pathTo(last: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const path = [last];
  for (let at = cameFrom.get(last); at !== undefined; at = cameFrom.get(at)) path.unshift(at);
  return path;
}
