// Puts the parts of communication together for one run, from start to stop: loads what the store
// remembers, and moves time along.

import { AgentDesk } from "./agent-desk.ts";
import { isHeld } from "./agent-registry.ts";
import { ClaimDesk } from "./claim-desk.ts";
import { CommandDesk } from "./command-desk.ts";
import { CommunicationContext } from "./communication-context.ts";
import type { CommunicationParts } from "./communication-context.ts";
import { Discovery } from "./discovery.ts";
import { HeartbeatDesk } from "./heartbeat-desk.ts";
import { HoldDesk } from "./hold-desk.ts";
import { payloadBytes } from "./input-checks.ts";
import type { Agent } from "./model.ts";
import { PresenceBook } from "./presence-book.ts";
import { RedriveDesk } from "./redrive-desk.ts";
import { ReplyDesk } from "./reply-desk.ts";
import { SendDesk } from "./send-desk.ts";
import { SettleDesk } from "./settle-desk.ts";
import type { CommunicationSnapshot } from "./store.ts";
import { TaskDesk } from "./task-desk.ts";

const TICK_MS = 1000;
const FORGET_EVERY_MS = 60_000;
const NOT_HELD = { paused: null, quarantined: null };
/** Settled messages after which the history is pruned, without waiting for the minute. */
const PRUNE_AFTER = 1000;
/** History grows old even while nothing happens. */
const PRUNE_EVERY_MS = 3_600_000;

/** One run of one namespace. */
export class CommunicationRuntime {
  readonly context: CommunicationContext;
  readonly presence: PresenceBook;
  readonly claims: ClaimDesk;
  readonly replies: ReplyDesk;
  readonly sends: SendDesk;
  readonly settlements: SettleDesk;
  readonly redrives: RedriveDesk;
  readonly agents: AgentDesk;
  readonly heartbeats: HeartbeatDesk;
  readonly commands: CommandDesk;
  readonly holds: HoldDesk;
  readonly discovery: Discovery;
  readonly tasks: TaskDesk;
  #timer: Disposable | undefined;
  #armedForMs = Infinity;
  #lastTickMs = -Infinity;
  #lastForgetMs = 0;
  #lastPruneMs = -Infinity;
  #pruning: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: CommunicationParts) {
    this.context = new CommunicationContext(parts);
    const { context } = this;
    this.presence = new PresenceBook(context);
    this.claims = new ClaimDesk(context, this.presence, () => this.arm());
    this.replies = new ReplyDesk(context, this.presence);
    this.sends = new SendDesk(context, this.presence, this.claims, this.replies);
    this.settlements = new SettleDesk(
      context,
      this.presence,
      this.sends,
      this.replies,
      (agentId) => {
        this.claims.pump(agentId);
        this.arm();
      },
    );
    this.redrives = new RedriveDesk(context, this.presence, this.claims);
    this.agents = new AgentDesk(context, this.presence, this.claims, this.settlements, (record) =>
      this.heartbeats.dismiss(record),
    );
    this.heartbeats = new HeartbeatDesk(context, this.presence, this.agents);
    this.commands = new CommandDesk(context, this.heartbeats);
    this.holds = new HoldDesk(this);
    this.discovery = new Discovery(context, this.presence);
    this.tasks = new TaskDesk(context, this.presence);
  }

  /** Takes over what the store remembers, then starts the timer. */
  async start(): Promise<void> {
    const { context } = this;
    const snapshot = await context.store.load(context.namespace);
    await context.deadLetters.load(context.store, context.namespace);
    this.#restore(snapshot);
    this.#lastForgetMs = context.clock.monotonic();
    this.presence.evaluateNow();
    this.#tick();
    context.log.info("communication.started", {
      namespace: context.namespace,
      agents: snapshot.agents.length,
      unsettled: snapshot.unsettled.length,
    });
  }

  /** Ends waiting claims with nothing, waits for what is being stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.claims.close();
    this.heartbeats.close();
    this.replies.close();
    await this.context.journal.drain();
    await this.#pruning;
    this.context.log.info("communication.stopped", { namespace: this.context.namespace });
  }

  /** Makes sure that the timer goes off for whatever falls due next. */
  arm(): void {
    if (this.#stopped) return;
    const nowMs = this.context.clock.monotonic();
    const dueMs = Math.min(this.context.engine.nextDueMs, this.#lastTickMs + TICK_MS);
    if (dueMs >= this.#armedForMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#armedForMs = dueMs;
    // A timer may go off a fraction of a millisecond early; rounding up saves an idle turn.
    const delayMs = Math.max(0, Math.ceil(dueMs - nowMs));
    this.#timer = this.context.clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    if (this.#stopped) return;
    try {
      this.#moveOn();
    } catch (error) {
      // One bad turn must not stop time for everybody.
      this.context.log.error("communication.tick_failed", { error });
      this.#lastTickMs = this.context.clock.monotonic();
    }
    this.#armedForMs = Infinity;
    this.arm();
  }

  #moveOn(): void {
    const { clock, engine, registry } = this.context;
    const nowMs = clock.monotonic();
    const { lapsed, readyAgentIds } = engine.due(nowMs);
    for (const entry of lapsed) this.settlements.lapse(entry);
    for (const agentId of readyAgentIds) {
      this.presence.touch(registry.get(agentId));
      this.claims.pump(agentId);
    }
    if (nowMs - this.#lastTickMs >= TICK_MS) this.#tick();
  }

  #tick(): void {
    const { clock, dedupe, engine, log } = this.context;
    const nowMs = clock.monotonic();
    this.#lastTickMs = nowMs;
    this.settlements.bury(engine.expired(nowMs), "expired");
    this.claims.pumpReturned();
    this.presence.evaluateNow();
    dedupe.expire(clock.now());
    const forget = nowMs - this.#lastForgetMs >= FORGET_EVERY_MS;
    if (this.context.settledSincePrune >= PRUNE_AFTER || forget) this.#prune();
    if (forget) {
      this.#lastForgetMs = nowMs;
      this.agents.forgetGone().catch((error: unknown) => {
        log.error("communication.forget_failed", { error });
      });
    }
    this.arm();
  }

  #prune(): void {
    const nowMs = this.context.clock.monotonic();
    const due = nowMs - this.#lastPruneMs >= PRUNE_EVERY_MS;
    if (this.#pruning !== undefined || (this.context.settledSincePrune === 0 && !due)) return;
    this.#lastPruneMs = nowMs;
    this.context.settledSincePrune = 0;
    this.#pruning = this.#pruneHistory();
  }

  async #pruneHistory(): Promise<void> {
    const { clock, deadLetters, log, namespace, settings, store } = this.context;
    try {
      const beforeMs = clock.now() - settings.messageRetentionMs;
      const { messages } = await store.prune(namespace, settings.maxMessageHistory, beforeMs);
      if (messages > 0) await deadLetters.forgetPruned(store, namespace);
      log.debug("communication.pruned", { messages });
    } catch (error) {
      log.error("communication.prune_failed", { error });
    }
    this.#pruning = undefined;
  }

  #restore(snapshot: CommunicationSnapshot): void {
    const { clock, dedupe, engine, registry, tasks, waits } = this.context;
    const nowMs = clock.monotonic();
    const nowAtMs = clock.now();
    this.context.continueAfter(snapshot.lastSequence);
    const states = new Map(snapshot.states.map((change) => [change.agentId, change]));
    for (const stored of snapshot.agents) {
      // Agents stored before there was a quarantine do not say that they are in none.
      const agent: Agent = { ...NOT_HELD, ...stored };
      const record = registry.put(agent, nowMs);
      engine.open(agent.id, nowMs);
      const change = states.get(agent.id);
      if (change !== undefined) this.presence.restore(record, change);
      if (isHeld(agent)) engine.setPaused(agent.id, true);
      engine.setOnline(agent.id, this.presence.isOnline(record), nowMs);
    }
    for (const task of snapshot.openTasks) tasks.put(task);
    for (const entry of snapshot.unsettled) this.#restoreDelivery(entry, nowMs, nowAtMs);
    for (const { message, delivery } of snapshot.unanswered) {
      // Nobody is left to answer for an agent that was unregistered.
      if (registry.get(delivery.recipientId) === undefined) continue;
      waits.open(message, delivery, nowMs - Math.max(0, nowAtMs - message.acceptedAtMs));
    }
    for (const { senderId, dedupeKey, messageId, untilMs } of snapshot.dedupe) {
      dedupe.add(senderId, dedupeKey, { messageId, deliveryId: null, untilMs, pending: null });
    }
  }

  #restoreDelivery(
    { message, delivery }: CommunicationSnapshot["unsettled"][number],
    nowMs: number,
    nowAtMs: number,
  ): void {
    const { engine, registry, waits } = this.context;
    if (registry.get(delivery.recipientId) === undefined) {
      this.#buryOrphan(message, delivery);
      return;
    }
    // A lease of an earlier run is void; its attempt counts.
    const ready = { ...delivery, state: "ready" } as const;
    const delayMs = Math.max(0, (delivery.visibleAtMs ?? 0) - nowAtMs);
    engine.restore(message, ready, payloadBytes(message.payload), nowMs, delayMs);
    if (message.expectsReply && delivery.answeredAtMs === null) {
      waits.open(message, ready, nowMs - Math.max(0, nowAtMs - message.acceptedAtMs));
    }
  }

  /** The stop came between an agent's removal and the end of its mail. */
  #buryOrphan(
    message: CommunicationSnapshot["unsettled"][number]["message"],
    delivery: CommunicationSnapshot["unsettled"][number]["delivery"],
  ): void {
    const { clock, events, journal } = this.context;
    const dead = {
      ...delivery,
      state: "dead",
      deadReason: "recipient_removed",
      settledAtMs: clock.now(),
    } as const;
    journal.inBackground([{ kind: "delivery", delivery: dead }]);
    this.context.deadLetters.add(dead.id, dead.settledAtMs);
    events.emit({ kind: "message.dead", message, delivery: dead });
  }
}
