// Waiting for replies. A reply is fetched by long poll, and its copy in the inbox is recognised, so
// that no handler is bothered with an answer somebody already waits for.

import { CellphoneClientError, clientError } from "./errors.ts";
import type { Transport } from "./transport.ts";
import type { Message, Receipt } from "./wire.ts";

/** How long one poll waits; the request's receipt is looked at in between. */
const POLL_MS = 5000;
/** Requests remembered after they ended, for replies that come late. */
const REMEMBERED_MAX = 1000;

/** Asks the server for replies on behalf of `request()`. */
export class RequestDesk {
  readonly #transport: Transport;
  readonly #asked = new Set<string>();
  readonly #closing = new AbortController();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** True when the message answers a request made here. */
  isReply(message: Message): boolean {
    return message.replyToId !== null && this.#asked.has(message.replyToId);
  }

  /** Ends all waits. */
  close(): void {
    this.#closing.abort();
  }

  /** Waits for the reply to a message until `untilMs` of the monotonic clock. */
  async wait(messageId: string, untilMs: number, signal?: AbortSignal): Promise<Message> {
    this.#remember(messageId);
    const cancel = new AbortController();
    const abort = (): void => cancel.abort();
    for (const source of [signal, this.#closing.signal]) {
      if (source?.aborted === true) abort();
      source?.addEventListener("abort", abort, { once: true });
    }
    try {
      return await this.#poll(messageId, untilMs, cancel.signal);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#closing.signal.removeEventListener("abort", abort);
    }
  }

  async #poll(messageId: string, untilMs: number, signal: AbortSignal): Promise<Message> {
    const path = `/api/v1/messages/${encodeURIComponent(messageId)}`;
    for (;;) {
      const leftMs = untilMs - performance.now();
      const waitMs = Math.max(0, Math.min(POLL_MS, Math.round(leftMs)));
      const options = { signal, timeoutMs: waitMs + 15_000, retryForMs: Math.max(0, leftMs) };
      const reply = await this.#transport
        .call<Message | undefined>("GET", `${path}/reply?waitMs=${waitMs}`, options)
        .catch(ignoreDead);
      if (reply !== undefined) return reply;
      const { deliveries } = await this.#transport.call<{
        readonly deliveries: readonly Receipt[];
      }>("GET", path, { signal, retryForMs: Math.max(0, leftMs) });
      const dead = deliveries.find((delivery) => delivery.state === "dead");
      if (dead !== undefined) throw requestFailed(messageId, dead);
      if (performance.now() >= untilMs) {
        throw clientError("client.reply_timeout", `No reply to ${messageId} in time`);
      }
    }
  }

  #remember(messageId: string): void {
    this.#asked.add(messageId);
    const oldest = this.#asked.values().next();
    if (this.#asked.size > REMEMBERED_MAX && oldest.done !== true) this.#asked.delete(oldest.value);
  }
}

/** Its receipt, read next, says why it is dead. */
function ignoreDead(error: unknown): undefined {
  if (error instanceof CellphoneClientError && error.code === "communication.request_dead") return;
  throw error;
}

function requestFailed(messageId: string, dead: Receipt): CellphoneClientError {
  const reason = [dead.deadReason, dead.note].filter((part) => part !== null).join(": ");
  const base = clientError("client.request_failed", "");
  return new CellphoneClientError(`${dead.recipientId} will not answer ${messageId}: ${reason}`, {
    code: base.code,
    status: base.status,
    remedy: base.remedy,
    retryable: base.retryable,
    details: { messageId, recipientId: dead.recipientId, reason: dead.deadReason, note: dead.note },
  });
}
