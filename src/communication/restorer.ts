// Brings back what the store remembers of a namespace, page by page. A backlog may take many
// seconds: until all of it is there, the mailboxes' clocks stand still and no agent counts as
// silent, so that a long start costs nobody their mail or their standing.

import { OPERATOR } from "../core/index.ts";
import { isHeld } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { payloadBytes } from "./input-checks.ts";
import { messageBytes } from "./message-size.ts";
import type { Agent, Delivery, Message, StateChange } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import { snapshotPages } from "./snapshot-pages.ts";
import type { SnapshotPage } from "./store.ts";
import { requestOf } from "./wait-graph.ts";

const NOT_HELD = { paused: null, quarantined: null };
/** Silence for longer than this looks like a start that hangs. */
const SAY_EVERY_MS = 2000;

/** Fills a context from its store, once. */
export class Restorer {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #agents: Agent[] = [];
  readonly #states = new Map<string, StateChange>();
  /** A broadcast comes once per recipient, one after the other, and is in memory once. */
  #lastMessage: Message | undefined;
  #messages = 0;

  constructor(context: CommunicationContext, presence: PresenceBook) {
    this.#context = context;
    this.#presence = presence;
  }

  /** Unsettled messages and open requests brought back so far. */
  get messages(): number {
    return this.#messages;
  }

  /** @throws what the store throws. */
  async run(): Promise<void> {
    const { clock, log, namespace, store } = this.#context;
    let saidMs = clock.monotonic();
    for await (const page of snapshotPages(store, namespace)) {
      this.#take(page);
      if (clock.monotonic() - saidMs < SAY_EVERY_MS) continue;
      saidMs = clock.monotonic();
      log.info("communication.restoring", { namespace, messages: this.#messages });
    }
    this.#beginTime();
  }

  /** How many agents were brought back. */
  get agents(): number {
    return this.#agents.length;
  }

  #take(page: SnapshotPage): void {
    const { clock, dedupe, engine, tasks, waits } = this.#context;
    const nowMs = clock.monotonic();
    const nowAtMs = clock.now();
    this.#context.continueAfter(page.lastSequence);
    for (const stored of page.agents) {
      // Agents stored before there was a quarantine do not say that they are in none.
      const agent: Agent = { ...NOT_HELD, ...stored };
      this.#agents.push(agent);
      engine.open(agent.id, nowMs);
      engine.setOnline(agent.id, false, nowMs);
    }
    for (const change of page.states) this.#states.set(change.agentId, change);
    for (const task of page.openTasks) tasks.put(task);
    for (const { message, delivery } of page.unsettled) {
      this.#restore(this.#once(message), delivery, nowMs, nowAtMs);
    }
    for (const request of page.unanswered) {
      // Nobody is left to answer for an agent that was unregistered.
      const { recipientId } = request;
      if (recipientId !== OPERATOR && engine.mailbox(recipientId) === undefined) continue;
      waits.open(request, nowMs - Math.max(0, nowAtMs - request.acceptedAtMs));
    }
    this.#messages += page.unsettled.length + page.unanswered.length;
    for (const { senderId, dedupeKey, messageId, untilMs } of page.dedupe) {
      dedupe.add(senderId, dedupeKey, { messageId, deliveryId: null, untilMs, pending: null });
    }
  }

  /** Everything is there: from now on time counts, for mail and for agents. */
  #beginTime(): void {
    const { clock, engine, registry } = this.#context;
    const nowMs = clock.monotonic();
    for (const agent of this.#agents) {
      const record = registry.put(agent, nowMs);
      const change = this.#states.get(agent.id);
      if (change !== undefined) this.#presence.restore(record, change);
      if (isHeld(agent)) engine.setPaused(agent.id, true);
      engine.setOnline(agent.id, this.#presence.isOnline(record), nowMs);
    }
  }

  #once(message: Message): Message {
    if (this.#lastMessage?.id !== message.id) this.#lastMessage = message;
    return this.#lastMessage;
  }

  #restore(message: Message, delivery: Delivery, nowMs: number, nowAtMs: number): void {
    const { engine, waits } = this.#context;
    if (engine.mailbox(delivery.recipientId) === undefined) {
      this.#buryOrphan(message, delivery);
      return;
    }
    // A lease of an earlier run is void; its attempt counts.
    const ready = { ...delivery, state: "ready" } as const;
    const delayMs = Math.max(0, (delivery.visibleAtMs ?? 0) - nowAtMs);
    const bytes = messageBytes(message, payloadBytes(message.payload));
    engine.restore(message, ready, bytes, nowMs, delayMs);
    if (message.expectsReply && delivery.answeredAtMs === null) {
      const request = requestOf(message, ready);
      waits.open(request, nowMs - Math.max(0, nowAtMs - message.acceptedAtMs));
    }
  }

  /** The stop came between an agent's removal and the end of its mail. */
  #buryOrphan(message: Message, delivery: Delivery): void {
    const { clock, deadLetters, events, journal } = this.#context;
    const dead = {
      ...delivery,
      state: "dead",
      deadReason: "recipient_removed",
      settledAtMs: clock.now(),
    } as const;
    journal.inBackground([{ kind: "delivery", delivery: dead }]);
    deadLetters.add(dead.id, dead.settledAtMs);
    events.emit({ kind: "message.dead", message, delivery: dead });
  }
}
