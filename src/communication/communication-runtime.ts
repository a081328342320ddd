// Puts the parts of communication together for one run, from start to stop: loads what the store
// remembers, and moves time along.

import { AgentDesk } from "./agent-desk.ts";
import { ClaimDesk } from "./claim-desk.ts";
import { CommandDesk } from "./command-desk.ts";
import { CommunicationContext } from "./communication-context.ts";
import type { CommunicationParts } from "./communication-context.ts";
import { Discovery } from "./discovery.ts";
import { HeartbeatDesk } from "./heartbeat-desk.ts";
import { HoldDesk } from "./hold-desk.ts";
import { PresenceBook } from "./presence-book.ts";
import { RedriveDesk } from "./redrive-desk.ts";
import { ReplyDesk } from "./reply-desk.ts";
import { Restorer } from "./restorer.ts";
import { SendDesk } from "./send-desk.ts";
import { SettleDesk } from "./settle-desk.ts";
import { TaskDesk } from "./task-desk.ts";

const TICK_MS = 1000;
const FORGET_EVERY_MS = 60_000;
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
  readonly #restorer: Restorer;
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
    this.#restorer = new Restorer(context, this.presence);
  }

  /** Takes over what the store remembers, then starts the timer. */
  async start(): Promise<void> {
    const { context } = this;
    await context.deadLetters.load(context.store, context.namespace);
    await this.#restorer.run();
    this.#lastForgetMs = context.clock.monotonic();
    this.presence.evaluateNow();
    this.#tick();
    context.log.info("communication.started", {
      namespace: context.namespace,
      agents: this.#restorer.agents,
      unsettled: context.engine.size,
    });
  }

  /** Messages that the start has brought back, so far while it is under way. */
  get restoredMessages(): number {
    return this.#restorer.messages;
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
    const { clock, deadLetters, engine, log, namespace, registry } = this.context;
    const { settings, store, waits } = this.context;
    try {
      const beforeMs = clock.now() - settings.messageRetentionMs;
      const { maxMessageHistory: keep, maxDeadLetters: keepDead } = settings;
      const pruned = await store.prune(namespace, { keep, keepDead, beforeMs });
      for (const id of pruned.deadDeliveryIds) deadLetters.remove(id);
      const isUnsettled = (deliveryId: string): boolean => engine.entry(deliveryId) !== undefined;
      for (const senderId of waits.expire(beforeMs, isUnsettled)) {
        this.presence.touch(registry.get(senderId));
      }
      log.debug("communication.pruned", { messages: pruned.messages });
    } catch (error) {
      log.error("communication.prune_failed", { error });
    }
    this.#pruning = undefined;
  }
}
