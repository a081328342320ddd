// The end of a lease, one way or another: done, retry, dead letter, lapsed, expired. Every way
// ends in one of three places: settled, back in the inbox, or dead.

import type { AgentRecord } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { beginMove, moveRecords, responseTimeMs, undoMove } from "./delivery-move.ts";
import type { Move } from "./delivery-move.ts";
import { CommunicationError } from "./errors.ts";
import { checkNote, checkNumber, checkPayload, invalid } from "./input-checks.ts";
import { leaseLost } from "./lease-token.ts";
import { communicationLimits } from "./limits.ts";
import type { Lease, MailboxEntry } from "./mailbox.ts";
import type { DeadReason, Delivery } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import { RecentMap } from "./recent-map.ts";
import type { ReplyDesk } from "./reply-desk.ts";
import type { DoneReport, LeaseExtension, ProgressReport, RetryRequest } from "./requests.ts";
import type { Parcel } from "./parcel.ts";
import type { SendDesk } from "./send-desk.ts";
import { changeTask } from "./task-book.ts";
import type { TaskChange } from "./task-book.ts";

/** Settlements of one namespace. */
export class SettleDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #sends: SendDesk;
  readonly #replies: ReplyDesk;
  readonly #onReturned: (agentId: string) => void;
  /** Tokens settled in this process, with how; so that a repeat succeeds. */
  readonly #settled = new RecentMap<string, string>(communicationLimits.settledTokens.value);

  /** @param onReturned called when mail is back in an agent's inbox, now or after a delay. */
  constructor(
    context: CommunicationContext,
    presence: PresenceBook,
    sends: SendDesk,
    replies: ReplyDesk,
    onReturned: (agentId: string) => void,
  ) {
    this.#context = context;
    this.#presence = presence;
    this.#sends = sends;
    this.#replies = replies;
    this.#onReturned = onReturned;
  }

  /** The message a live token stands for. */
  held(token: string): Lease {
    const lease = this.#context.engine.lease(token);
    if (lease !== undefined) return lease;
    throw leaseLost(token, this.#context.epoch, this.#settled.get(token));
  }

  /** Extends a lease by its own length. */
  extend(token: string): LeaseExtension {
    const lease = this.held(token);
    const { clock, engine, registry } = this.#context;
    engine.arm(lease, lease.durationMs, clock.monotonic());
    const record = registry.get(lease.entry.delivery.recipientId);
    if (record !== undefined) this.#presence.life(record);
    return { leaseMs: lease.durationMs };
  }

  async progress(token: string, report: ProgressReport): Promise<LeaseExtension> {
    // At once: whoever reports is alive, however slow the store is.
    const extension = this.extend(token);
    const lease = this.held(token);
    const { events, journal, registry, tasks } = this.#context;
    registry.refuseQuarantined(lease.entry.delivery.recipientId);
    const change: { progress?: number; note?: string } = {};
    if (report.progress !== undefined) {
      change.progress = checkNumber(report.progress, "progress", 0, 1);
    }
    const note = checkNote(report.note);
    if (note !== null) change.note = note;
    const before = tasks.ofDelivery(lease.entry.delivery);
    if (before !== undefined && Object.keys(change).length > 0) {
      const task = changeTask(before, change, this.#context.clock.now());
      tasks.put(task);
      try {
        await journal.append([{ kind: "task", task }]);
      } catch (error) {
        if (tasks.get(task.id) === task) tasks.put(before);
        throw error;
      }
      events.emit({ kind: "task.changed", task });
    }
    this.#presence.output(registry.get(lease.entry.delivery.recipientId));
    return extension;
  }

  async done(token: string, report: DoneReport): Promise<void> {
    const bytesMax = this.#context.settings.maxPayloadBytes;
    const result =
      report.result === undefined ? null : checkPayload(report.result, bytesMax).payload;
    await this.#once(token, "done", async (lease) => {
      const { entry } = lease;
      const { message, delivery } = entry;
      const parcel =
        report.reply === undefined
          ? undefined
          : this.#sends.prepareReply(message, delivery.recipientId, report.reply);
      await this.#finish(
        lease,
        { state: "done", settledAtMs: this.#context.clock.now(), result },
        { state: "completed", result, progress: 1 },
        parcel,
      );
    });
  }

  async retry(token: string, request: RetryRequest): Promise<void> {
    const note = checkNote(request.note);
    const limit = communicationLimits.retryDelayMs.value;
    const asked =
      request.delayMs === undefined ? undefined : checkNumber(request.delayMs, "delayMs", 0, limit);
    await this.#once(token, "retry", async (lease) => {
      const { attempts } = lease.entry.delivery;
      if (attempts >= this.#context.settings.maxAttempts) {
        return this.#kill(lease, "attempts_exhausted", note);
      }
      await this.#postpone(lease, asked ?? this.backoffMs(attempts), note);
    });
  }

  async deadLetter(token: string, note: string): Promise<void> {
    const words = checkNote(note);
    if (words === null || words.trim() === "") throw invalid("note must say why");
    await this.#once(token, "dead", (lease) => this.#kill(lease, "rejected", words));
  }

  /** Delay before the attempt after `attempts`: doubling, at most five minutes. */
  backoffMs(attempts: number): number {
    const delayMs = this.#context.settings.retryDelayMs * 2 ** Math.max(0, attempts - 1);
    return Math.min(delayMs, communicationLimits.backoffMs.value);
  }

  /** A lease has lapsed: another attempt after a delay, or the last one was used up. */
  lapse(entry: MailboxEntry): void {
    const { clock, engine, events, journal, registry, settings } = this.#context;
    const { attempts, recipientId } = entry.delivery;
    this.#presence.touch(registry.get(recipientId));
    if (attempts >= settings.maxAttempts) {
      this.bury([entry], "attempts_exhausted");
      return;
    }
    const delayMs = this.backoffMs(attempts);
    const visibleAtMs = delayMs > 0 ? clock.now() + delayMs : null;
    const move = beginMove(
      this.#context,
      entry,
      { state: "ready", visibleAtMs },
      { state: "submitted" },
    );
    const nowMs = clock.monotonic();
    engine.delay(entry, nowMs + delayMs, nowMs);
    // Were this lost, a restart would read "leased" and make it ready all the same.
    journal.inBackground(moveRecords(move));
    events.emit({ kind: "message.settled", message: entry.message, delivery: entry.delivery });
    if (move.task !== undefined) events.emit({ kind: "task.changed", task: move.task });
  }

  /**
   * Entries nobody holds become dead letters at once; should the store refuse, they come back.
   * Resolves when stored.
   */
  bury(entries: readonly MailboxEntry[], reason: DeadReason): void {
    if (entries.length === 0) return;
    const { clock, engine } = this.#context;
    const moves: Move[] = [];
    const notices: Parcel[] = [];
    for (const entry of entries) {
      engine.settle(entry);
      if (entry.message.orderingKey !== null) this.#onReturned(entry.delivery.recipientId);
      const move = beginMove(
        this.#context,
        entry,
        { state: "dead", deadReason: reason, settledAtMs: clock.now(), visibleAtMs: null },
        { state: "failed", note: `dead letter: ${reason}` },
      );
      moves.push(move);
      const notice = this.#sends.prepareFailureNotice(entry.message, entry.delivery);
      if (notice !== undefined) notices.push(notice);
    }
    this.#sends.store(notices, moves.flatMap(moveRecords)).then(
      () => moves.forEach((move) => this.#announceDead(move)),
      (error: unknown) => {
        this.#context.log.error("communication.store_failed", { error, dead: moves.length });
        for (const { before, entry, taskBefore } of moves) {
          if (taskBefore !== undefined) this.#context.tasks.put(taskBefore);
          if (engine.mailbox(before.recipientId) === undefined) continue;
          const delivery: Delivery = { ...before, state: "ready" };
          engine.restore(entry.message, delivery, entry.bytes, clock.monotonic());
        }
      },
    );
  }

  async #once(
    token: string,
    outcome: string,
    settle: (lease: Lease) => Promise<void>,
  ): Promise<void> {
    if (this.#settled.get(token) === outcome) return;
    const lease = this.held(token);
    // A quarantined agent may hand its work back; it may not end it.
    if (outcome !== "retry") {
      this.#context.registry.refuseQuarantined(lease.entry.delivery.recipientId);
    }
    if (lease.settling !== null) {
      if (lease.settling.outcome === outcome) return lease.settling.promise;
      const { id } = lease.entry.delivery;
      const message = `Delivery "${id}" is being settled already (${lease.settling.outcome})`;
      throw new CommunicationError("communication.lease_lost", message);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    lease.settling = { outcome, promise };
    try {
      await settle(lease);
      this.#settled.set(token, outcome);
      resolve();
    } catch (error) {
      lease.settling = null;
      reject(error);
      throw error;
    }
  }

  async #finish(
    lease: Lease,
    change: Partial<Delivery>,
    taskChange: TaskChange,
    parcel: Parcel | undefined,
  ): Promise<void> {
    const { engine, events, registry, waits } = this.#context;
    const { entry } = lease;
    const move = beginMove(this.#context, entry, change, taskChange);
    await this.#storeMove(move, parcel);
    if (entry.lease === lease) {
      engine.settle(entry);
      // Its orderingKey's next follower may be ready now.
      if (entry.message.orderingKey !== null) this.#onReturned(entry.delivery.recipientId);
    }
    const request = waits.find(entry.message.id);
    if (request?.deliveryId === entry.delivery.id && entry.delivery.answeredAtMs !== null) {
      request.receipt = { message: entry.message, delivery: entry.delivery };
    }
    const record = registry.get(entry.delivery.recipientId);
    this.#settledBy(record, move);
    events.emit({ kind: "message.settled", message: entry.message, delivery: entry.delivery });
    if (move.task !== undefined) events.emit({ kind: "task.changed", task: move.task });
  }

  async #postpone(lease: Lease, delayMs: number, note: string | null): Promise<void> {
    const { clock, engine, events, registry } = this.#context;
    const { entry } = lease;
    const visibleAtMs = delayMs > 0 ? clock.now() + delayMs : null;
    const change = { state: "ready", visibleAtMs, note: note ?? entry.delivery.note } as const;
    const move = beginMove(this.#context, entry, change, {
      state: "submitted",
      ...(note === null ? {} : { note }),
    });
    const visibleMs = clock.monotonic() + delayMs;
    await this.#storeMove(move, undefined);
    if (entry.lease === lease) engine.delay(entry, visibleMs, clock.monotonic());
    this.#onReturned(entry.delivery.recipientId);
    this.#settledBy(registry.get(entry.delivery.recipientId), undefined);
    events.emit({ kind: "message.settled", message: entry.message, delivery: entry.delivery });
    if (move.task !== undefined) events.emit({ kind: "task.changed", task: move.task });
  }

  async #kill(lease: Lease, reason: DeadReason, note: string | null): Promise<void> {
    const { clock, engine, registry } = this.#context;
    const { entry } = lease;
    const move = beginMove(
      this.#context,
      entry,
      {
        state: "dead",
        deadReason: reason,
        settledAtMs: clock.now(),
        note: note ?? entry.delivery.note,
      },
      { state: "failed", note: note ?? `dead letter: ${reason}` },
    );
    await this.#storeMove(move, this.#sends.prepareFailureNotice(entry.message, entry.delivery));
    if (entry.lease === lease) {
      engine.settle(entry);
      // Its orderingKey's next follower may be ready now.
      if (entry.message.orderingKey !== null) this.#onReturned(entry.delivery.recipientId);
    }
    this.#settledBy(registry.get(entry.delivery.recipientId), undefined);
    this.#announceDead(move);
  }

  async #storeMove(move: Move, parcel: Parcel | undefined): Promise<void> {
    try {
      await this.#sends.store(parcel === undefined ? [] : [parcel], moveRecords(move));
    } catch (error) {
      undoMove(this.#context, move);
      throw error;
    }
  }

  #settledBy(record: AgentRecord | undefined, move: Move | undefined): void {
    this.#presence.output(record);
    this.#presence.touch(record);
    if (record === undefined || move === undefined) return;
    this.#context.settledSincePrune++;
    this.#context.measure(record, "messages_settled", 1);
    const responseMs = responseTimeMs(move.entry);
    if (responseMs !== null) this.#context.measure(record, "response_time", responseMs / 1000);
    if (move.task === undefined) return;
    this.#context.measure(record, "task_completion", 1);
    const durationMs = move.task.updatedAtMs - (move.entry.delivery.deliveredAtMs ?? 0);
    this.#context.measure(record, "task_duration", Math.max(0, durationMs) / 1000);
  }

  #announceDead({ entry, task }: Move): void {
    const { deadLetters, events, log, registry } = this.#context;
    const { message, delivery } = entry;
    const { deadReason, id, recipientId, settledAtMs } = delivery;
    deadLetters.add(id, settledAtMs ?? 0);
    this.#context.settledSincePrune++;
    this.#replies.died(message, delivery);
    const record = registry.get(recipientId);
    this.#presence.touch(record);
    log.info("communication.dead_letter", { deliveryId: id, recipientId, reason: deadReason });
    events.emit({ kind: "message.dead", message, delivery });
    if (task === undefined) return;
    if (record !== undefined) this.#context.measure(record, "task_completion", 0);
    events.emit({ kind: "task.changed", task });
  }
}
