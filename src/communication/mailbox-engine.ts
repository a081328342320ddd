// All mailboxes of a namespace, without I/O: quotas, leases with their tokens, delays, and the
// timeout clock that stands still while a recipient is away. Time is handed in, on the monotonic
// clock. A change is made here only when the store has it, or taken back when the store refuses.

import { KeyedHeap } from "./keyed-heap.ts";
import { communicationLimits } from "./limits.ts";
import { MailboxRoom } from "./mailbox-room.ts";
import type { MailboxQuotas, QuotaProblem } from "./mailbox-room.ts";
import { Mailbox } from "./mailbox.ts";
import type { Lease, MailboxEntry } from "./mailbox.ts";
import type { Delivery, MailboxCounts, Message } from "./model.ts";

/** What the engine must know of the options. */
export interface MailboxEngineSettings extends MailboxQuotas {
  readonly messageTimeoutMs: number;
}

/** What fell due. */
export interface DueWork {
  /** Leased entries whose lease has lapsed; still leased until decided. */
  readonly lapsed: readonly MailboxEntry[];
  /** Agents with mail that became ready. */
  readonly readyAgentIds: ReadonlySet<string>;
}

interface Slot {
  readonly mailbox: Mailbox;
  paused: boolean;
  /** The mailbox's own clock: `clockMs`, plus the time since `runningSinceMs` if that is set. */
  clockMs: number;
  runningSinceMs: number | null;
  /** Unsettled entries by expiry; settled ones stay until they surface or are swept. */
  expiry: MailboxEntry[];
}

/** The mailboxes of one namespace. */
export class MailboxEngine {
  readonly #settings: MailboxEngineSettings;
  readonly #slots = new Map<string, Slot>();
  readonly #leases = new Map<string, Lease>();
  readonly #leaseEnds = new KeyedHeap<Lease>();
  readonly #delays = new KeyedHeap<MailboxEntry>();
  readonly #byDelivery = new Map<string, MailboxEntry>();
  readonly #byMessage = new Map<string, MailboxEntry | Map<string, MailboxEntry>>();
  readonly #room: MailboxRoom;

  constructor(settings: MailboxEngineSettings) {
    this.#settings = settings;
    this.#room = new MailboxRoom(settings);
  }

  get pendingBytes(): number {
    return this.#room.pendingBytes;
  }

  /** Unsettled entries in all mailboxes. */
  get size(): number {
    return this.#byDelivery.size;
  }

  /** Earliest instant at which a lease lapses or a delayed entry becomes ready. */
  get nextDueMs(): number {
    return Math.min(this.#leaseEnds.nextKey, this.#delays.nextKey);
  }

  /** Makes a mailbox; keeps the one that is there. */
  open(agentId: string, nowMs: number): void {
    if (this.#slots.has(agentId)) return;
    const mailbox = new Mailbox(agentId);
    this.#room.arrive(mailbox);
    this.#slots.set(agentId, {
      mailbox,
      paused: false,
      clockMs: 0,
      runningSinceMs: nowMs,
      expiry: [],
    });
  }

  /** Removes a mailbox; its unsettled entries are handed back, their leases void. */
  close(agentId: string): readonly MailboxEntry[] {
    const slot = this.#slots.get(agentId);
    if (slot === undefined) return [];
    const left = [...new Set(slot.expiry)].filter((entry) => entry.place !== "settled");
    for (const entry of left) this.settle(entry);
    this.#slots.delete(agentId);
    this.#room.depart(slot.mailbox);
    return left;
  }

  /** Counts room for a message before it is stored; says why there is none. */
  reserve(agentId: string, bytes: number): QuotaProblem | undefined {
    return this.#room.reserve(this.#slot(agentId).mailbox, bytes);
  }

  /** Gives reserved room back. */
  release(agentId: string, bytes: number): void {
    this.#room.giveBack(this.#slots.get(agentId)?.mailbox, agentId, bytes);
  }

  /** Makes a stored message claimable; its room was reserved. */
  admit(message: Message, delivery: Delivery, bytes: number, nowMs: number): MailboxEntry {
    const slot = this.#slot(delivery.recipientId);
    const entry = this.#enter(slot, message, delivery, bytes, nowMs);
    slot.mailbox.admit(entry);
    this.#attend(slot.mailbox, nowMs);
    return entry;
  }

  /** Brings an unsettled delivery back after a restart, delayed by `delayMs`; ignores quotas. */
  restore(message: Message, delivery: Delivery, bytes: number, nowMs: number, delayMs = 0): void {
    const slot = this.#slot(delivery.recipientId);
    this.#room.take(slot.mailbox, bytes);
    const entry = this.#enter(slot, message, delivery, bytes, nowMs);
    if (delayMs <= 0) slot.mailbox.admit(entry);
    else {
      slot.mailbox.admitDelayed(entry);
      if (entry.place === "delayed") this.#delayUntil(entry, nowMs + delayMs);
    }
    this.#attend(slot.mailbox, nowMs);
  }

  /** Hands out up to `max` entries. Their leases are armed by {@link arm}, once stored. */
  take(
    agentId: string,
    max: number,
    nowMs: number,
    makeToken: (entry: MailboxEntry) => string,
  ): Lease[] {
    const slot = this.#slots.get(agentId);
    if (slot === undefined || slot.paused) return [];
    slot.mailbox.unattendedSinceMs = null;
    const leases: Lease[] = [];
    let bytes = 0;
    while (leases.length < max && bytes < communicationLimits.claimBytes.value) {
      const entry = slot.mailbox.take();
      if (entry === undefined) break;
      const token = makeToken(entry);
      const lease: Lease = {
        entry,
        token,
        sinceMs: nowMs,
        durationMs: 0,
        untilMs: Infinity,
        settling: null,
      };
      entry.lease = lease;
      this.#leases.set(token, lease);
      leases.push(lease);
      bytes += entry.bytes;
    }
    this.#attend(slot.mailbox, nowMs);
    return leases;
  }

  /** Starts (or starts again) a lease's time. */
  arm(lease: Lease, durationMs: number, nowMs: number): void {
    const queuedMs = lease.untilMs;
    lease.durationMs = durationMs;
    lease.untilMs = nowMs + durationMs;
    // An extended lease surfaces at its old end and is queued again then.
    if (queuedMs === Infinity || lease.untilMs < queuedMs) {
      this.#leaseEnds.push(lease.untilMs, lease);
    }
  }

  /** The lease a token stands for, while it lasts. */
  lease(token: string): Lease | undefined {
    return this.#leases.get(token);
  }

  /** Undoes a claim: the entry is ready again, as if it had not been handed out. */
  giveBack(entry: MailboxEntry, nowMs: number): void {
    const slot = this.#slots.get(entry.delivery.recipientId);
    if (slot === undefined || entry.place !== "leased") return;
    this.#endLease(entry);
    slot.mailbox.giveBack(entry);
    this.#attend(slot.mailbox, nowMs);
  }

  /** Ends a lease without settling; the entry is ready again at `visibleMs`. */
  delay(entry: MailboxEntry, visibleMs: number, nowMs: number): void {
    if (visibleMs <= nowMs) return this.giveBack(entry, nowMs);
    const slot = this.#slots.get(entry.delivery.recipientId);
    if (slot === undefined || entry.place === "settled") return;
    this.#endLease(entry);
    slot.mailbox.delay(entry);
    this.#delayUntil(entry, visibleMs);
  }

  /** Takes an entry out for good. */
  settle(entry: MailboxEntry): void {
    const slot = this.#slots.get(entry.delivery.recipientId);
    if (slot === undefined || entry.place === "settled") return;
    this.#endLease(entry);
    slot.mailbox.settle(entry);
    if (!slot.mailbox.hasReady) slot.mailbox.unattendedSinceMs = null;
    this.#room.giveBack(slot.mailbox, entry.delivery.recipientId, entry.bytes);
    this.#byDelivery.delete(entry.delivery.id);
    this.#forgetMessage(entry);
    if (slot.expiry.length > 2 * slot.mailbox.messages + 64) {
      slot.expiry = slot.expiry.filter((other) => other.place !== "settled");
    }
  }

  /** What has fallen due; delayed entries are made ready on the way. */
  due(nowMs: number): DueWork {
    const readyAgentIds = new Set<string>();
    while (this.#delays.nextKey <= nowMs) {
      const entry = this.#delays.pop();
      if (entry === undefined || entry.place !== "delayed" || entry.visibleMs > nowMs) continue;
      const { mailbox } = this.#slot(entry.delivery.recipientId);
      mailbox.makeReady(entry);
      this.#attend(mailbox, nowMs);
      readyAgentIds.add(mailbox.agentId);
    }
    return { lapsed: this.#lapsed(nowMs), readyAgentIds };
  }

  /** Ends the leases of an agent whose process is gone; decided like those that lapse. */
  lapseAll(agentId: string): MailboxEntry[] {
    return this.#slots.get(agentId)?.mailbox.endLeases() ?? [];
  }

  /** Entries whose message timeout is over and which nobody holds; looks at every mailbox. */
  expired(nowMs: number): MailboxEntry[] {
    const expired: MailboxEntry[] = [];
    for (const slot of this.#slots.values()) {
      if (slot.mailbox.messages === 0 || slot.runningSinceMs === null) continue;
      const clockMs = clockOf(slot, nowMs);
      for (const entry of slot.expiry) {
        if (entry.expiresMs > clockMs) break;
        // Work in somebody's hands is theirs until the lease ends.
        if (entry.place !== "settled" && entry.place !== "leased") expired.push(entry);
      }
    }
    return expired;
  }

  /** Lets the mailbox's timeout clock run, or stand still. */
  setOnline(agentId: string, online: boolean, nowMs: number): void {
    const slot = this.#slots.get(agentId);
    if (slot === undefined || (slot.runningSinceMs !== null) === online) return;
    slot.clockMs = clockOf(slot, nowMs);
    slot.runningSinceMs = online ? nowMs : null;
  }

  /** A paused mailbox hands out nothing. */
  setPaused(agentId: string, paused: boolean): void {
    const slot = this.#slots.get(agentId);
    if (slot !== undefined) slot.paused = paused;
  }

  /** Whether a claim would get something now. */
  claimable(agentId: string): boolean {
    const slot = this.#slots.get(agentId);
    return slot !== undefined && !slot.paused && slot.mailbox.hasReady;
  }

  mailbox(agentId: string): Mailbox | undefined {
    return this.#slots.get(agentId)?.mailbox;
  }

  counts(agentId: string): MailboxCounts {
    return (this.#slots.get(agentId)?.mailbox ?? EMPTY).counts();
  }

  /** The unsettled entry with this delivery id. */
  entry(deliveryId: string): MailboxEntry | undefined {
    return this.#byDelivery.get(deliveryId);
  }

  /** The unsettled entry of a message at one recipient (any, when none is named). */
  entryOf(messageId: string, recipientId?: string): MailboxEntry | undefined {
    const found = this.#byMessage.get(messageId);
    if (!(found instanceof Map)) {
      return recipientId === undefined || found?.delivery.recipientId === recipientId
        ? found
        : undefined;
    }
    return recipientId === undefined ? found.values().next().value : found.get(recipientId);
  }

  #enter(
    slot: Slot,
    message: Message,
    delivery: Delivery,
    bytes: number,
    nowMs: number,
  ): MailboxEntry {
    const entry: MailboxEntry = {
      message,
      delivery,
      bytes,
      place: "held",
      lease: null,
      visibleMs: 0,
      expiresMs: clockOf(slot, nowMs) + this.#settings.messageTimeoutMs,
    };
    slot.expiry.push(entry);
    this.#byDelivery.set(delivery.id, entry);
    const same = this.#byMessage.get(message.id);
    if (same === undefined) this.#byMessage.set(message.id, entry);
    else if (same instanceof Map) same.set(delivery.recipientId, entry);
    else {
      const both = [same, entry].map((one) => [one.delivery.recipientId, one] as const);
      this.#byMessage.set(message.id, new Map(both));
    }
    return entry;
  }

  #forgetMessage(entry: MailboxEntry): void {
    const found = this.#byMessage.get(entry.message.id);
    if (found instanceof Map) {
      found.delete(entry.delivery.recipientId);
      if (found.size > 0) return;
    }
    this.#byMessage.delete(entry.message.id);
  }

  #lapsed(nowMs: number): MailboxEntry[] {
    const lapsed: MailboxEntry[] = [];
    while (this.#leaseEnds.nextKey <= nowMs) {
      const lease = this.#leaseEnds.pop();
      // Infinite: reported before, through an earlier place in the queue.
      const ended = lease === undefined || lease.entry.lease !== lease;
      if (ended || lease.untilMs === Infinity) continue;
      if (lease.untilMs > nowMs) this.#leaseEnds.push(lease.untilMs, lease);
      // A settlement is on its way to the store; look again when it must have ended.
      else if (lease.settling !== null) this.#leaseEnds.push(nowMs + lease.durationMs, lease);
      else {
        lease.untilMs = Infinity;
        lapsed.push(lease.entry);
      }
    }
    return lapsed;
  }

  #delayUntil(entry: MailboxEntry, visibleMs: number): void {
    entry.visibleMs = visibleMs;
    this.#delays.push(visibleMs, entry);
  }

  #endLease(entry: MailboxEntry): void {
    if (entry.lease === null) return;
    this.#leases.delete(entry.lease.token);
    entry.lease = null;
  }

  #attend(mailbox: Mailbox, nowMs: number): void {
    if (mailbox.unattendedSinceMs === null && mailbox.hasReady) mailbox.unattendedSinceMs = nowMs;
  }

  #slot(agentId: string): Slot {
    const slot = this.#slots.get(agentId);
    if (slot === undefined) throw new RangeError(`No mailbox "${agentId}"`);
    return slot;
  }
}

const EMPTY = new Mailbox("");

function clockOf(slot: Slot, nowMs: number): number {
  return slot.clockMs + (slot.runningSinceMs === null ? 0 : nowMs - slot.runningSinceMs);
}
