// Answers: which message one answers, what that changes, and who waits for it.

import type { CommunicationContext } from "./communication-context.ts";
import { beginMove, moveRecords, undoMove } from "./delivery-move.ts";
import { CommunicationError } from "./errors.ts";
import { checkNumber } from "./input-checks.ts";
import { communicationLimits } from "./limits.ts";
import type { Delivery, Message } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { SendRequest, WaitForReplyOptions } from "./requests.ts";
import type { MessageWithDeliveries } from "./store.ts";
import type { ReceiptHolder } from "./wait-graph.ts";

/** An answer being stored, and the receipt it changes. */
export interface Answer {
  readonly receipt: ReceiptHolder;
}

/** Messages read from the store because memory no longer has them, by id. */
export type FetchedOriginals = ReadonlyMap<string, MessageWithDeliveries>;

interface ReplyWaiter {
  readonly resolve: (answer: Message) => void;
  readonly reject: (error: unknown) => void;
}

const WAIT_MAX_MS = 2 ** 31 - 1;

/** Answers of one namespace. */
export class ReplyDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #waiters = new Map<string, Set<ReplyWaiter>>();
  #waiting = 0;

  constructor(context: CommunicationContext, presence: PresenceBook) {
    this.#context = context;
    this.#presence = presence;
  }

  /** A message still in memory, because it is unsettled. */
  remembered(messageId: string): Message | undefined {
    return this.#context.engine.entryOf(messageId)?.message;
  }

  /** @throws CommunicationError when no such message is stored. */
  async fetch(messageId: string): Promise<MessageWithDeliveries> {
    const { namespace, store } = this.#context;
    const found = await store.message(namespace, messageId);
    if (found !== undefined) return found;
    throw new CommunicationError(
      "communication.message_unknown",
      `There is no message "${messageId}"`,
    );
  }

  /** The receipt a message answers: of its original, at its sender, not answered before. */
  answerTo(request: SendRequest, fetched?: FetchedOriginals): Answer | undefined {
    const { replyToId, senderId, recipientId } = request;
    if (replyToId === undefined) return undefined;
    const receipt = this.#receipt(replyToId, senderId, fetched);
    if (receipt === undefined || receipt.message.senderId !== recipientId) return undefined;
    return receipt.delivery.answeredAtMs === null ? { receipt } : undefined;
  }

  /** Marks the receipt as answered; gives it back for the store. */
  begin({ receipt }: Answer, answer: Message): Delivery {
    const { acceptedAtMs: answeredAtMs, id: answerId } = answer;
    receipt.delivery = { ...receipt.delivery, answeredAtMs, answerId };
    return receipt.delivery;
  }

  undo({ receipt }: Answer): void {
    const open = { answeredAtMs: null, answerId: null };
    receipt.delivery = { ...receipt.delivery, ...open };
    const held = this.#context.waits.find(receipt.message.id)?.receipt;
    if (held !== undefined) held.delivery = { ...held.delivery, ...open };
  }

  /** The answer is stored: the wait is over. */
  commit({ receipt }: Answer, answer: Message): void {
    const { events, registry, waits } = this.#context;
    const { message } = receipt;
    if (waits.close(message.id) !== undefined) this.#presence.touch(registry.get(message.senderId));
    events.emit({ kind: "message.answered", message, answer });
    for (const waiter of this.#waiters.get(message.id) ?? []) waiter.resolve(answer);
  }

  /** The message is dead: nobody will answer. */
  died(message: Message, delivery: Delivery): void {
    const { registry, waits } = this.#context;
    if (waits.find(message.id)?.deliveryId === delivery.id) {
      waits.close(message.id);
      this.#presence.touch(registry.get(message.senderId));
    }
    if (message.recipientId === null) return;
    for (const waiter of this.#waiters.get(message.id) ?? []) waiter.reject(deadError(delivery));
  }

  /** Waits for the answer to a message, answered already or not yet. */
  async waitForReply(messageId: string, options: WaitForReplyOptions): Promise<Message> {
    const { signal } = options;
    const timeoutMs = checkNumber(options.timeoutMs, "timeoutMs", 0, WAIT_MAX_MS);
    signal?.throwIfAborted();
    if (this.#waiting >= communicationLimits.waitingReplies.value) {
      const message = `${this.#waiting} callers are waiting for replies already`;
      throw new CommunicationError("communication.claims_full", message);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const waiter = { resolve, reject };
    const same = this.#waiters.get(messageId) ?? new Set();
    this.#waiters.set(messageId, same.add(waiter));
    this.#waiting++;
    // Registered before looking, so that an answer in between is not missed.
    this.#lookUp(messageId, waiter).catch(reject);
    const timer = this.#context.clock.after(timeoutMs, () => {
      const message = `No reply to "${messageId}" within ${timeoutMs} ms`;
      reject(new CommunicationError("communication.reply_timeout", message));
    });
    try {
      const answer = await promise;
      if (options.collect !== false) await this.#collect(answer);
      return answer;
    } finally {
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", onAbort);
      this.#waiting--;
      same.delete(waiter);
      if (same.size === 0) this.#waiters.delete(messageId);
    }
  }

  /** Ends all waits. */
  close(): void {
    const error = new CommunicationError("communication.stopped", "Communication is stopping");
    for (const same of this.#waiters.values()) for (const waiter of same) waiter.reject(error);
  }

  /** Takes the answer's copy out of the asker's inbox, unless somebody has claimed it. */
  async #collect(answer: Message): Promise<void> {
    const { clock, engine, events, journal, log } = this.#context;
    const entry = engine.entryOf(answer.id);
    if (entry === undefined || (entry.place !== "ready" && entry.place !== "held")) return;
    const atMs = clock.now();
    const { deliveredAtMs } = entry.delivery;
    const change = {
      state: "done",
      deliveredAtMs: deliveredAtMs ?? atMs,
      settledAtMs: atMs,
    } as const;
    const move = beginMove(this.#context, entry, change, { state: "completed" });
    engine.settle(entry);
    try {
      await journal.append(moveRecords(move));
      events.emit({ kind: "message.settled", message: entry.message, delivery: entry.delivery });
    } catch (error) {
      // The asker has its answer; the copy is merely claimed as well.
      undoMove(this.#context, move);
      engine.restore(entry.message, entry.delivery, entry.bytes, clock.monotonic());
      log.warn("communication.store_failed", { error, messageId: answer.id });
    }
  }

  async #lookUp(messageId: string, waiter: ReplyWaiter): Promise<void> {
    const { namespace, store, waits } = this.#context;
    if (waits.find(messageId) !== undefined) return;
    const { deliveries } = await this.fetch(messageId);
    const answerId = deliveries.find((delivery) => delivery.answerId !== null)?.answerId;
    if (typeof answerId === "string") {
      const answer = await store.message(namespace, answerId);
      if (answer !== undefined) waiter.resolve(answer.message);
      return;
    }
    const [first] = deliveries;
    if (first?.state === "dead" && deliveries.length === 1) waiter.reject(deadError(first));
  }

  #receipt(
    messageId: string,
    recipientId: string,
    fetched: FetchedOriginals | undefined,
  ): ReceiptHolder | undefined {
    const { engine, waits } = this.#context;
    const entry = engine.entryOf(messageId, recipientId);
    if (entry !== undefined) return entry;
    const request = waits.find(messageId);
    const isAwaited = request?.recipientId === recipientId;
    if (isAwaited && request.receipt !== undefined) return request.receipt;
    const stored = fetched?.get(messageId);
    const delivery = stored?.deliveries.find((one) => one.recipientId === recipientId);
    if (stored === undefined || delivery === undefined) return undefined;
    const receipt = { message: stored.message, delivery };
    if (isAwaited) request.receipt = receipt;
    return receipt;
  }
}

function deadError(delivery: Delivery): CommunicationError {
  const { messageId, recipientId, deadReason } = delivery;
  return new CommunicationError(
    "communication.request_dead",
    `The request "${messageId}" to "${recipientId}" is dead: ${deadReason}`,
    { details: { messageId, recipientId, reason: deadReason } },
  );
}
