// Accepts messages: checks them, makes room, stores them, and only then lets them be claimed.
// A parcel is one message on its way through that, with everything that must change with it.

import { CellphoneError, OPERATOR } from "../core/index.ts";
import type { JsonValue } from "../core/index.ts";
import { failureNotice, replyRequest } from "./answer-requests.ts";
import type { ClaimDesk } from "./claim-desk.ts";
import type { CommunicationContext } from "./communication-context.ts";
import type { DedupeMark } from "./dedupe-window.ts";
import { CommunicationError } from "./errors.ts";
import { SYSTEM_SENDER } from "./input-checks.ts";
import { communicationLimits } from "./limits.ts";
import { draftMessage } from "./message-draft.ts";
import type { MessageDraft } from "./message-draft.ts";
import type { Delivery, Message } from "./model.ts";
import { isForOperator, operatorProblem, shownDelivery } from "./operator-mail.ts";
import { deliveryIdOf, newDelivery, orphanOf, quotaError } from "./parcel.ts";
import type { Parcel } from "./parcel.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { Answer, FetchedOriginals, ReplyDesk } from "./reply-desk.ts";
import type { BroadcastFilter, BroadcastResult, ReplyResult, SendManyResult } from "./requests.ts";
import type { SendRequest, SendResult } from "./requests.ts";
import type { CommunicationRecord, MessageWithDeliveries } from "./store.ts";
import { taskOfMessage } from "./task-book.ts";
import { requestOf } from "./wait-graph.ts";

/** The way in. */
export class SendDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #claims: ClaimDesk;
  readonly #replies: ReplyDesk;

  constructor(
    context: CommunicationContext,
    presence: PresenceBook,
    claims: ClaimDesk,
    replies: ReplyDesk,
  ) {
    this.#context = context;
    this.#presence = presence;
    this.#claims = claims;
    this.#replies = replies;
  }

  async send(request: SendRequest): Promise<SendResult> {
    const [result] = await this.sendMany([request]);
    if (result === undefined) throw new RangeError("One message in, one result out");
    if ("error" in result) throw result.error;
    return result;
  }

  async sendMany(requests: readonly SendRequest[]): Promise<SendManyResult[]> {
    const most = communicationLimits.sendBatch.value;
    if (requests.length > most) {
      const message = `${requests.length} messages in one call are more than ${most}`;
      throw new CommunicationError("communication.batch_too_large", message);
    }
    const fetched = new Map<string, MessageWithDeliveries>();
    for (const { replyToId } of requests) {
      if (replyToId === undefined || this.#replies.remembered(replyToId) !== undefined) continue;
      const original = await this.#context.store.message(this.#context.namespace, replyToId);
      if (original !== undefined) fetched.set(replyToId, original);
    }
    const stored = Promise.withResolvers<void>();
    // Those who wait for it are told by themselves; without any, a failure is nobody's surprise.
    stored.promise.catch(() => undefined);
    const parcels: Parcel[] = [];
    const outcomes = requests.map((request) =>
      this.#admit(request, stored.promise, parcels, fetched),
    );
    if (parcels.length > 0) {
      await this.store(parcels).then(stored.resolve, stored.reject);
    }
    return Promise.all(outcomes.map((outcome) => settleOutcome(outcome)));
  }

  async broadcast(
    request: Omit<SendRequest, "recipientId">,
    filter: BroadcastFilter,
  ): Promise<BroadcastResult> {
    const { engine, registry } = this.#context;
    registry.refuseQuarantined(request.senderId);
    const draft = draftMessage(this.#context, { ...request, recipientId: null }, undefined);
    const { capability, kind } = filter;
    const candidates =
      capability === undefined ? registry.all() : registry.withCapability(capability);
    const recipients: string[] = [];
    const refused: string[] = [];
    for (const record of candidates) {
      const { id } = record.agent;
      if (id === request.senderId || (kind !== undefined && record.agent.kind !== kind)) continue;
      if (engine.reserve(id, draft.bytes) === undefined) recipients.push(id);
      else refused.push(id);
    }
    const parcel = this.#pack(draft, recipients, undefined, undefined);
    await this.store([parcel]);
    return { messageId: draft.message.id, recipients, refused };
  }

  /**
   * A parcel for one recipient who may be gone: an answer, a notice. Without a mailbox (or room in
   * it) the message is kept with its conversation and delivered to nobody.
   */
  prepare(
    request: SendRequest,
    answer: Answer | undefined,
    original: Message,
    bySystem = false,
  ): Parcel {
    const { engine, registry } = this.#context;
    const draft = draftMessage(this.#context, request, original, bySystem);
    const recipient = registry.get(request.recipientId);
    const room =
      recipient !== undefined && engine.reserve(request.recipientId, draft.bytes) === undefined;
    return this.#pack(draft, room ? [request.recipientId] : [], answer, undefined);
  }

  /** Tells the sender of a message that it is dead; undefined when nobody needs to know. */
  prepareFailureNotice(message: Message, delivery: Delivery): Parcel | undefined {
    if (message.senderId === SYSTEM_SENDER || message.recipientId === null) return undefined;
    return this.prepare(failureNotice(message, delivery), undefined, message, true);
  }

  /**
   * An answer to a message, sent by its recipient.
   * @param stored the message with its receipts, when memory no longer has it.
   */
  prepareReply(
    message: Message,
    senderId: string,
    payload: JsonValue,
    stored?: MessageWithDeliveries,
  ): Parcel {
    const request = replyRequest(message, senderId, payload);
    const fetched = new Map(stored === undefined ? [] : [[message.id, stored]]);
    return this.prepare(request, this.#replies.answerTo(request, fetched), message);
  }

  /** Sends an answer of one of a message's recipients. */
  async reply(
    message: Message,
    senderId: string,
    payload: JsonValue,
    stored: MessageWithDeliveries | undefined,
  ): Promise<ReplyResult> {
    this.#context.registry.refuseQuarantined(senderId);
    const parcel = this.prepareReply(message, senderId, payload, stored);
    await this.store([parcel]);
    return { messageId: parcel.message.id, deliveryId: parcel.deliveries[0]?.id ?? null };
  }

  /** Stores parcels (and more records) in one append; all or none take effect. */
  async store(
    parcels: readonly Parcel[],
    more: readonly CommunicationRecord[] = [],
  ): Promise<void> {
    try {
      // The parcels' records first: an answer's receipt is older than the settlement beside it.
      await this.#context.journal.append([...parcels.flatMap((one) => one.records), ...more]);
    } catch (error) {
      for (const parcel of parcels) this.#rollBack(parcel);
      throw error;
    }
    for (const parcel of parcels) this.#commit(parcel);
  }

  #admit(
    request: SendRequest,
    stored: Promise<void>,
    parcels: Parcel[],
    fetched: FetchedOriginals,
  ): Promise<SendResult> | CommunicationError {
    try {
      const { clock, dedupe, engine, registry, waits } = this.#context;
      registry.refuseQuarantined(request.senderId);
      const original = this.#original(request.replyToId, fetched);
      const draft = draftMessage(this.#context, request, original);
      const { dedupeKey, id: messageId, senderId } = draft.message;
      const nowMs = clock.now();
      const known = dedupeKey === null ? undefined : dedupe.find(senderId, dedupeKey, nowMs);
      if (known !== undefined) return this.#duplicate(known, request.recipientId);
      const { recipientId } = request;
      const isPerson = isForOperator(registry, senderId, recipientId);
      if (!isPerson) registry.require(recipientId, "communication.recipient_unknown");
      const problem = isPerson
        ? operatorProblem(draft.message, waits)
        : engine.reserve(recipientId, draft.bytes);
      if (problem !== undefined) throw quotaError(problem, recipientId);
      const mark = dedupeKey === null ? undefined : this.#mark(messageId, stored);
      const answer = this.#replies.answerTo(request, fetched);
      const parcel = this.#pack(draft, [recipientId], answer, mark);
      if (dedupeKey !== null && mark !== undefined) dedupe.add(senderId, dedupeKey, mark);
      parcels.push(parcel);
      const deliveryId = parcel.deliveries[0]?.id ?? "";
      return stored.then(() => ({
        messageId,
        deliveryId,
        duplicate: false,
        recipientOnline: this.#isThere(recipientId),
      }));
    } catch (error) {
      if (error instanceof CommunicationError) return error;
      throw error;
    }
  }

  #original(replyToId: string | undefined, fetched: FetchedOriginals): Message | undefined {
    if (replyToId === undefined) return undefined;
    const original = this.#replies.remembered(replyToId) ?? fetched.get(replyToId)?.message;
    if (original !== undefined) return original;
    const message = `There is no message "${replyToId}" to answer`;
    throw new CommunicationError("communication.message_unknown", message);
  }

  async #duplicate(mark: DedupeMark, recipientId: string): Promise<SendResult> {
    await mark.pending;
    const { namespace, store } = this.#context;
    const { messageId } = mark;
    let { deliveryId } = mark;
    deliveryId ??= (await store.message(namespace, messageId))?.deliveries[0]?.id ?? "";
    const recipientOnline = this.#isThere(recipientId);
    return { messageId, deliveryId, duplicate: true, recipientOnline };
  }

  /** The pages are there at any time. */
  #isThere(recipientId: string): boolean {
    const recipient = this.#context.registry.get(recipientId);
    return recipient === undefined ? recipientId === OPERATOR : this.#presence.isOnline(recipient);
  }

  #mark(messageId: string, pending: Promise<void>): DedupeMark {
    const { clock, settings } = this.#context;
    const untilMs = clock.now() + settings.dedupeWindowMs;
    return { messageId, deliveryId: deliveryIdOf(messageId), untilMs, pending };
  }

  #pack(
    draft: MessageDraft,
    recipientIds: readonly string[],
    answer: Answer | undefined,
    mark: DedupeMark | undefined,
  ): Parcel {
    const { ids, registry } = this.#context;
    const { message, bytes } = draft;
    const deliveries = recipientIds.map((recipientId, index) => {
      const delivery = newDelivery(message, recipientId, this.#context.nextSequence(), index);
      const isPerson = isForOperator(registry, message.senderId, recipientId);
      return isPerson ? shownDelivery(delivery) : delivery;
    });
    const tasks = deliveries.filter(hasInbox).flatMap(({ recipientId }) => {
      const task = taskOfMessage(
        message,
        recipientId,
        message.task === null ? "" : ids.next("task"),
      );
      return task === undefined ? [] : [task];
    });
    const records: CommunicationRecord[] = [
      { kind: "message", message, deliveries, dedupeUntilMs: mark?.untilMs ?? null },
      ...tasks.map((task) => ({ kind: "task", task }) as const),
    ];
    if (answer !== undefined) {
      const delivery = this.#replies.begin(answer, message);
      records.push({ kind: "delivery", delivery });
    }
    return { message, deliveries, bytes, tasks, answer, mark, records };
  }

  #rollBack(parcel: Parcel): void {
    const { dedupe, engine } = this.#context;
    const { message, deliveries, bytes, answer, mark } = parcel;
    for (const { recipientId } of deliveries.filter(hasInbox)) engine.release(recipientId, bytes);
    if (mark !== undefined && message.dedupeKey !== null) {
      dedupe.remove(message.senderId, message.dedupeKey, mark);
    }
    if (answer !== undefined) this.#replies.undo(answer);
  }

  #commit(parcel: Parcel): void {
    const { clock, deadLetters, engine, events, journal } = this.#context;
    const { registry, tasks, waits } = this.#context;
    const { message, deliveries, bytes, answer, mark } = parcel;
    if (mark !== undefined) mark.pending = null;
    const nowMs = clock.monotonic();
    const sender = registry.get(message.senderId);
    for (const [index, delivery] of deliveries.entries()) {
      if (!hasInbox(delivery)) {
        if (message.expectsReply) waits.open(requestOf(message, delivery), nowMs);
        continue;
      }
      const task = parcel.tasks[index]; // every delivery has one, or none has
      if (engine.mailbox(delivery.recipientId) === undefined) {
        // Unregistered while the message was being stored.
        engine.release(delivery.recipientId, bytes);
        const orphan = orphanOf(delivery, task, clock.now());
        journal.inBackground(orphan.records);
        deadLetters.add(delivery.id, clock.now());
        this.#replies.died(message, orphan.delivery);
        continue;
      }
      if (task !== undefined) tasks.put(task);
      engine.admit(message, delivery, bytes, nowMs);
      this.#presence.touch(registry.get(delivery.recipientId));
      if (message.expectsReply) waits.open(requestOf(message, delivery), nowMs);
    }
    this.#context.measure(sender, "messages_sent", 1);
    if (sender !== undefined) {
      this.#presence.output(sender);
      if (message.expectsReply) this.#presence.touch(sender);
    }
    events.emit({ kind: "message.accepted", message, deliveries });
    for (const task of parcel.tasks) events.emit({ kind: "task.changed", task });
    if (answer !== undefined) this.#replies.commit(answer, message);
    for (const { recipientId } of deliveries) this.#claims.pump(recipientId);
  }
}

/** What people get is settled as it is accepted. */
function hasInbox({ state }: Delivery): boolean {
  return state === "ready";
}

async function settleOutcome(
  outcome: Promise<SendResult> | CommunicationError,
): Promise<SendManyResult> {
  if (outcome instanceof CommunicationError) return { error: outcome };
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof CellphoneError) return { error };
    throw error;
  }
}
