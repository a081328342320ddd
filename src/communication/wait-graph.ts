// Who waits for whom: one edge per open request. Circles are looked for only among waits old
// enough to matter, from the agent in question, so that a busy fleet of quick requests costs
// nothing.

import { communicationLimits } from "./limits.ts";
import type { Delivery, Message, WaitEdge } from "./model.ts";

/** A request whose answer is awaited. */
export interface OpenRequest {
  readonly message: Message;
  /** The receipt as last known; unsettled ones live in the mailbox. */
  delivery: Delivery;
  /** Monotonic instant of the request. */
  readonly sinceMs: number;
}

/** Open requests of one namespace, by sender and by message. */
export class WaitGraph {
  readonly #bySender = new Map<string, Set<OpenRequest>>();
  readonly #byMessage = new Map<string, OpenRequest>();

  get size(): number {
    return this.#byMessage.size;
  }

  open(message: Message, delivery: Delivery, sinceMs: number): void {
    if (this.#byMessage.size >= communicationLimits.openRequests.value) return;
    const request: OpenRequest = { message, delivery, sinceMs };
    this.#byMessage.set(message.id, request);
    const same = this.#bySender.get(message.senderId);
    if (same === undefined) this.#bySender.set(message.senderId, new Set([request]));
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
    const same = this.#bySender.get(request.message.senderId);
    same?.delete(request);
    if (same?.size === 0) this.#bySender.delete(request.message.senderId);
    return request;
  }

  /** Ends all waits of and for an agent that is gone; gives back who waited for it. */
  closeAll(agentId: string): string[] {
    const waiting: string[] = [];
    for (const { message, delivery } of this.#byMessage.values()) {
      if (message.senderId !== agentId && delivery.recipientId !== agentId) continue;
      if (message.senderId !== agentId) waiting.push(message.senderId);
      this.close(message.id);
    }
    return waiting;
  }

  /** Whether the agent waits for anyone. */
  waits(agentId: string): boolean {
    return this.#bySender.has(agentId);
  }

  /** The agent's open requests, oldest first. */
  edges(agentId: string): WaitEdge[] {
    const edges: WaitEdge[] = [];
    for (const { message, delivery } of this.#bySender.get(agentId) ?? []) {
      const sinceMs = message.acceptedAtMs;
      edges.push({ agentId: delivery.recipientId, messageId: message.id, sinceMs });
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
      for (const { delivery, sinceMs } of this.#bySender.get(current) ?? []) {
        if (sinceMs > bornBeforeMs) continue;
        const next = delivery.recipientId;
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
