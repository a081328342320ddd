// Second chances for dead letters.

import { CellphoneError } from "../core/index.ts";
import type { ClaimDesk } from "./claim-desk.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { CommunicationError } from "./errors.ts";
import { payloadBytes } from "./input-checks.ts";
import { messageBytes } from "./message-size.ts";
import type { Delivery, Message } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import { orphanOf, quotaError } from "./parcel.ts";
import type { CommunicationRecord, MessageQuery, MessageWithDeliveries } from "./store.ts";
import { taskOfMessage } from "./task-book.ts";
import { requestOf } from "./wait-graph.ts";

const PAGE = 200;

/** Which dead letters to list, newest message first. */
export interface DeadLetterFilter {
  readonly agentId?: string;
  /** Only those whose message is older than the one with this id (for paging). */
  readonly beforeId?: string;
  /** @default 100, at most 1000 */
  readonly limit?: number;
}

/** What became of dead letters that were redriven together. */
export interface RedriveResult {
  readonly redriven: number;
  /** How many are dead letters still, by the code of the error that says why. */
  readonly stayed: Readonly<Record<string, number>>;
}

/** Dead letters of one namespace. */
export class RedriveDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #claims: ClaimDesk;
  readonly #underWay = new Set<string>();

  constructor(context: CommunicationContext, presence: PresenceBook, claims: ClaimDesk) {
    this.#context = context;
    this.#presence = presence;
    this.#claims = claims;
  }

  async list(filter: DeadLetterFilter): Promise<readonly MessageWithDeliveries[]> {
    return this.#context.store.messages(this.#context.namespace, deadQuery(filter));
  }

  /** Puts one dead letter back into its inbox, with all attempts ahead of it. */
  async redrive(deliveryId: string): Promise<Delivery> {
    const { engine, namespace, registry, store } = this.#context;
    if (this.#underWay.has(deliveryId) || engine.entry(deliveryId) !== undefined) {
      throw notDead(deliveryId);
    }
    this.#underWay.add(deliveryId);
    try {
      const found = await store.delivery(namespace, deliveryId);
      if (found === undefined) {
        throw new CommunicationError(
          "communication.delivery_unknown",
          `There is no delivery "${deliveryId}"`,
        );
      }
      const { message, delivery } = found;
      if (delivery.state !== "dead") throw notDead(deliveryId);
      registry.require(delivery.recipientId, "communication.recipient_unknown");
      return await this.#revive(message, delivery);
    } finally {
      this.#underWay.delete(deliveryId);
    }
  }

  /** Redrives all dead letters (of one agent); those without room or recipient stay. */
  async redriveAll(agentId: string | undefined): Promise<RedriveResult> {
    const { log, namespace, store } = this.#context;
    const stayed: Record<string, number> = {};
    let redriven = 0;
    let beforeId: string | undefined;
    for (;;) {
      const page = await store.messages(namespace, {
        ...deadQuery({ limit: PAGE, ...(agentId === undefined ? {} : { agentId }) }),
        ...(beforeId === undefined ? {} : { beforeId }),
      });
      for (const { deliveries } of page) {
        for (const { id, recipientId, state } of deliveries) {
          if (state !== "dead" || (agentId !== undefined && recipientId !== agentId)) continue;
          try {
            await this.redrive(id);
            redriven++;
          } catch (error) {
            if (!(error instanceof CellphoneError)) throw error;
            stayed[error.code] = (stayed[error.code] ?? 0) + 1;
            log.warn("communication.redrive_refused", { deliveryId: id, code: error.code });
          }
        }
      }
      beforeId = page.at(-1)?.message.id;
      if (beforeId === undefined) return { redriven, stayed }; // a page may end early, when it is large
    }
  }

  async #revive(message: Message, dead: Delivery): Promise<Delivery> {
    const { clock, engine, events, ids, journal, registry, tasks, waits } = this.#context;
    const delivery: Delivery = {
      ...dead,
      state: "ready",
      attempts: 0,
      visibleAtMs: null,
      settledAtMs: null,
      deadReason: null,
      note: null,
      result: null,
    };
    const { recipientId } = delivery;
    const bytes = messageBytes(message, payloadBytes(message.payload));
    const problem = engine.reserve(recipientId, bytes);
    if (problem !== undefined) throw quotaError(problem, recipientId);
    const task = taskOfMessage(message, recipientId, ids.next("task"));
    const records: CommunicationRecord[] = [{ kind: "delivery", delivery }];
    if (task !== undefined) records.push({ kind: "task", task });
    try {
      await journal.append(records);
    } catch (error) {
      engine.release(recipientId, bytes);
      throw error;
    }
    if (engine.mailbox(recipientId) === undefined) {
      // Unregistered while it was being stored.
      engine.release(recipientId, bytes);
      await journal.append(orphanOf(delivery, task, clock.now()).records);
      registry.require(recipientId, "communication.recipient_unknown");
    }
    const nowMs = clock.monotonic();
    this.#context.deadLetters.remove(delivery.id);
    if (task !== undefined) tasks.put(task);
    engine.admit(message, delivery, bytes, nowMs);
    if (message.expectsReply && delivery.answeredAtMs === null) {
      waits.open(requestOf(message, delivery), nowMs);
      this.#presence.touch(registry.get(message.senderId));
    }
    this.#presence.touch(registry.get(recipientId));
    events.emit({ kind: "message.accepted", message, deliveries: [delivery] });
    if (task !== undefined) events.emit({ kind: "task.changed", task });
    this.#claims.pump(recipientId);
    return delivery;
  }
}

function deadQuery({ agentId, ...rest }: DeadLetterFilter): MessageQuery {
  return { state: "dead", ...rest, ...(agentId === undefined ? {} : { recipientId: agentId }) };
}

function notDead(deliveryId: string): CommunicationError {
  const message = `Delivery "${deliveryId}" is no dead letter`;
  return new CommunicationError("communication.delivery_not_dead", message);
}
