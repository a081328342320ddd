// Hands out mail: now, or as soon as there is some. A claim returns only after the store knows of
// it; a claim the store refused leaves the mail where it was.

import type { AgentRecord } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { CommunicationError } from "./errors.ts";
import { checkNumber } from "./input-checks.ts";
import { makeLeaseToken } from "./lease-token.ts";
import { communicationLimits } from "./limits.ts";
import type { Lease } from "./mailbox.ts";
import type { ClaimedMessage, Delivery, Task } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { ClaimOptions } from "./requests.ts";
import type { CommunicationRecord } from "./store.ts";
import { changeTask } from "./task-book.ts";

interface Waiter {
  readonly max: number;
  readonly leaseMs: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (claimed: ClaimedMessage[] | Promise<ClaimedMessage[]>) => void;
  readonly reject: (reason: unknown) => void;
  /** Lets go of timer and signal. */
  release: () => void;
}

/** One lease being recorded. */
interface Grant {
  readonly lease: Lease;
  readonly before: Delivery;
  readonly taskBefore: Task | undefined;
  readonly task: Task | undefined;
}

/** Longest wait a timer can hold. */
const WAIT_MAX_MS = 2 ** 31 - 1;

/** Claims of all agents of one namespace. */
export class ClaimDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #onLease: () => void;
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Agents whose mail went back to ready without anyone being told. */
  readonly #returned = new Set<string>();
  #closed = false;

  /** @param onLease called when a lease began, whose end may now be the next thing due. */
  constructor(context: CommunicationContext, presence: PresenceBook, onLease: () => void) {
    this.#context = context;
    this.#presence = presence;
    this.#onLease = onLease;
  }

  async claim(agentId: string, options: ClaimOptions): Promise<ClaimedMessage[]> {
    const { registry, settings } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const { claimBatch, leaseMs: leaseLimit } = communicationLimits;
    const max = Math.min(
      Math.floor(checkNumber(options.max ?? 1, "max", 1, Number.MAX_SAFE_INTEGER)),
      claimBatch.value,
    );
    const asked = options.leaseMs ?? settings.leaseMs;
    const leaseMs = checkNumber(asked, "leaseMs", 1, leaseLimit.value);
    const waitMs = checkNumber(options.waitMs ?? 0, "waitMs", 0, WAIT_MAX_MS);
    options.signal?.throwIfAborted();
    this.#presence.life(record);
    if (this.#closed) return [];
    const leases = this.#take(record, max);
    if (leases.length > 0) return this.#grant(record, leases, leaseMs, options.signal);
    return waitMs === 0 ? [] : this.#wait(record, { max, leaseMs, waitMs, signal: options.signal });
  }

  /** Serves waiting claims while there is mail for them. */
  pump(agentId: string): void {
    const waiters = this.#waiters.get(agentId);
    if (waiters === undefined) return;
    const record = this.#context.registry.get(agentId);
    for (const waiter of waiters) {
      if (record === undefined || !this.#context.engine.claimable(agentId)) return;
      const leases = this.#take(record, waiter.max);
      waiter.release();
      waiter.resolve(this.#grant(record, leases, waiter.leaseMs, waiter.signal));
    }
  }

  /** Serves those whose mail came back because a claim was not stored. */
  pumpReturned(): void {
    const agentIds = [...this.#returned];
    this.#returned.clear();
    for (const agentId of agentIds) this.pump(agentId);
  }

  /** Ends an agent's waiting claims with nothing. */
  dismiss(agentId: string): void {
    for (const waiter of this.#waiters.get(agentId) ?? []) {
      waiter.release();
      waiter.resolve([]);
    }
  }

  /** Ends all waiting claims with nothing. */
  close(): void {
    this.#closed = true;
    for (const agentId of this.#waiters.keys()) this.dismiss(agentId);
  }

  #take(record: AgentRecord, max: number): Lease[] {
    const { clock, engine, epoch } = this.#context;
    if (!engine.claimable(record.agent.id)) return [];
    this.#presence.takesWork(record);
    return engine.take(record.agent.id, max, clock.monotonic(), ({ delivery }) =>
      makeLeaseToken(epoch, delivery),
    );
  }

  #wait(
    record: AgentRecord,
    wait: { max: number; leaseMs: number; waitMs: number; signal: AbortSignal | undefined },
  ): Promise<ClaimedMessage[]> {
    const agentId = record.agent.id;
    const waiters = this.#waiters.get(agentId) ?? new Set();
    const most = communicationLimits.waitingClaims.value;
    if (waiters.size >= most) {
      throw new CommunicationError(
        "communication.claims_full",
        `${most} claims of agent "${agentId}" are waiting already`,
      );
    }
    this.#waiters.set(agentId, waiters);
    record.waitingClaims++;
    const { signal } = wait;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        max: wait.max,
        leaseMs: wait.leaseMs,
        signal,
        resolve,
        reject,
        release: () => {
          timer[Symbol.dispose]();
          signal?.removeEventListener("abort", onAbort);
          waiters.delete(waiter);
          if (waiters.size === 0) this.#waiters.delete(agentId);
          record.waitingClaims--;
          if (record.lastHeartbeatAtMs === null) {
            record.lastLifeMs = this.#context.clock.monotonic();
          }
          this.#presence.touch(record);
        },
      };
      const onAbort = (): void => {
        waiter.release();
        reject(signal?.reason);
      };
      const timer = this.#context.clock.after(wait.waitMs, () => {
        waiter.release();
        resolve([]);
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      waiters.add(waiter);
    });
  }

  async #grant(
    record: AgentRecord,
    leases: readonly Lease[],
    leaseMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ClaimedMessage[]> {
    const { clock, engine, journal } = this.#context;
    const nowAtMs = clock.now();
    const grants = leases.map((lease) => this.#begin(lease, nowAtMs));
    try {
      await journal.append(grants.flatMap(recordsOf));
    } catch (error) {
      for (const grant of grants) this.#undo(grant);
      this.#returned.add(record.agent.id);
      throw error;
    }
    // The recipient may have been removed meanwhile; its leases went with it.
    const held = grants.filter(({ lease }) => lease.entry.lease === lease);
    if (signal?.aborted === true || this.#closed) {
      for (const grant of held) this.#undo(grant);
      journal.inBackground(held.map(undoRecord));
      this.pump(record.agent.id);
      if (!this.#closed) signal?.throwIfAborted();
      return [];
    }
    const nowMs = clock.monotonic();
    for (const { lease } of held) engine.arm(lease, leaseMs, nowMs);
    this.#onLease();
    return held.map((grant) => this.#finish(record, grant, nowAtMs));
  }

  #begin(lease: Lease, nowAtMs: number): Grant {
    const { entry } = lease;
    const before = entry.delivery;
    entry.delivery = {
      ...before,
      state: "leased",
      attempts: before.attempts + 1,
      visibleAtMs: null,
      deliveredAtMs: before.deliveredAtMs ?? nowAtMs,
    };
    const taskBefore = this.#context.tasks.ofDelivery(before);
    const { attempts } = entry.delivery;
    const task =
      taskBefore && changeTask(taskBefore, { state: "working", attempt: attempts }, nowAtMs);
    if (task !== undefined) this.#context.tasks.put(task);
    return { lease, before, taskBefore, task };
  }

  #undo({ lease, before, taskBefore }: Grant): void {
    const { clock, engine, tasks } = this.#context;
    const { entry } = lease;
    const { state, attempts, visibleAtMs, deliveredAtMs } = before;
    entry.delivery = { ...entry.delivery, state, attempts, visibleAtMs, deliveredAtMs };
    if (taskBefore !== undefined) tasks.put(taskBefore);
    if (entry.lease === lease) engine.giveBack(entry, clock.monotonic());
  }

  #finish(record: AgentRecord, grant: Grant, nowAtMs: number): ClaimedMessage {
    const { lease, before, task } = grant;
    const { message, delivery } = lease.entry;
    const { events } = this.#context;
    if (before.deliveredAtMs === null) {
      const latencyMs = Math.max(0, nowAtMs - message.acceptedAtMs);
      this.#context.measure(record, "delivery_latency", latencyMs / 1000);
    }
    events.emit({ kind: "message.delivered", message, delivery });
    if (task !== undefined) events.emit({ kind: "task.changed", task });
    return {
      message,
      deliveryId: delivery.id,
      token: lease.token,
      attempt: delivery.attempts,
      leaseMs: lease.durationMs,
      taskId: task?.id ?? null,
    };
  }
}

function recordsOf({ lease, task }: Grant): CommunicationRecord[] {
  const records: CommunicationRecord[] = [{ kind: "delivery", delivery: lease.entry.delivery }];
  if (task !== undefined) records.push({ kind: "task", task });
  return records;
}

function undoRecord({ lease }: Grant): CommunicationRecord {
  return { kind: "delivery", delivery: lease.entry.delivery };
}
