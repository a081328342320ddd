// One agent's mailbox: four lanes served 8:4:2:1, and the chains that keep messages of one
// orderingKey apart. It knows nothing of time, stores or tokens.
//
//   admit -> ready (in its lane) -> leased -> settled
//         -> held (behind its orderingKey)      -> delayed -> ready

import type { Delivery, MailboxCounts, Message, MessagePriority } from "./model.ts";
import { KeyedHeap } from "./keyed-heap.ts";

/** A lease on one entry. Deadlines are on the monotonic clock. */
export interface Lease {
  readonly entry: MailboxEntry;
  readonly token: string;
  readonly sinceMs: number;
  durationMs: number;
  /** Infinity until the claim is stored. */
  untilMs: number;
  /** Set while a settlement is being stored; such a lease does not lapse. */
  settling: { readonly outcome: string; readonly promise: Promise<void> } | null;
}

/** Where an entry is in its mailbox. */
export type EntryPlace = "held" | "ready" | "delayed" | "leased" | "settled";

/** One unsettled delivery. */
export interface MailboxEntry {
  readonly message: Message;
  delivery: Delivery;
  readonly bytes: number;
  place: EntryPlace;
  lease: Lease | null;
  /** Monotonic instant at which a delayed entry becomes ready. */
  visibleMs: number;
  /** When the entry expires, on the mailbox's own clock, which runs only while it is online. */
  expiresMs: number;
}

/** Lanes in the order they are served, with how many each gets in a round of 15. */
export const LANE_WEIGHTS: readonly (readonly [MessagePriority, number])[] = [
  ["urgent", 8],
  ["high", 4],
  ["normal", 2],
  ["low", 1],
];

const LANE_OF: Readonly<Record<MessagePriority, number>> = {
  urgent: 0,
  high: 1,
  normal: 2,
  low: 3,
};

interface Lane {
  readonly weight: number;
  credit: number;
  readonly queue: KeyedHeap<MailboxEntry>;
  /** Ready and held entries; the queue may hold stale ones beside them. */
  waiting: number;
}

interface OrderingChain {
  /** The one entry of the key that may be handed out. */
  active: MailboxEntry;
  readonly followers: KeyedHeap<MailboxEntry>;
}

/** Lanes and ordering of one agent's unsettled deliveries. */
export class Mailbox {
  readonly agentId: string;
  readonly leased = new Set<MailboxEntry>();
  messages = 0;
  bytes = 0;
  delayed = 0;
  /** Monotonic instant since which ready mail waits without any claim; null when none does. */
  unattendedSinceMs: number | null = null;
  readonly #lanes: readonly Lane[];
  readonly #chains = new Map<string, OrderingChain>();

  constructor(agentId: string) {
    this.agentId = agentId;
    this.#lanes = LANE_WEIGHTS.map(([, weight]) => ({
      weight,
      credit: weight,
      queue: new KeyedHeap<MailboxEntry>(),
      waiting: 0,
    }));
  }

  /** Ends every lease whose time runs; what was held stays leased until it is decided. */
  endLeases(): MailboxEntry[] {
    const ended: MailboxEntry[] = [];
    for (const { lease } of this.leased) {
      // Not armed: its claim is still being stored, and whoever asked may be the new process.
      if (lease === null || lease.settling !== null || lease.untilMs === Infinity) continue;
      lease.untilMs = Infinity;
      ended.push(lease.entry);
    }
    return ended;
  }

  /** Puts an entry in its lane, or behind the others of its orderingKey. */
  admit(entry: MailboxEntry): void {
    const key = entry.message.orderingKey;
    if (key === null) return this.makeReady(entry);
    const chain = this.#chains.get(key);
    if (chain === undefined) {
      this.#chains.set(key, { active: entry, followers: new KeyedHeap() });
      return this.makeReady(entry);
    }
    entry.place = "held";
    this.#lane(entry).waiting++;
    chain.followers.push(entry.delivery.sequence, entry);
  }

  /** Claims the place of its chain for an entry that comes back delayed after a restart. */
  admitDelayed(entry: MailboxEntry): void {
    this.admit(entry);
    if (entry.place === "ready") this.delay(entry);
  }

  /** Puts an entry into its lane, by sequence: what came first is served first. */
  makeReady(entry: MailboxEntry): void {
    if (entry.place === "delayed") this.delayed--;
    entry.place = "ready";
    const lane = this.#lane(entry);
    lane.waiting++;
    lane.queue.push(entry.delivery.sequence, entry);
  }

  /**
   * Takes the next entry by weighted round robin; undefined when none is ready, which ends the
   * round: nobody is owed a turn any more.
   */
  take(): MailboxEntry | undefined {
    for (let round = 0; round < 2; round++) {
      for (const lane of this.#lanes) {
        if (lane.credit === 0) continue;
        const entry = headOf(lane);
        if (entry === undefined) continue;
        lane.credit--;
        lane.queue.pop();
        lane.waiting--;
        entry.place = "leased";
        this.leased.add(entry);
        return entry;
      }
      for (const lane of this.#lanes) lane.credit = lane.weight;
    }
    return undefined;
  }

  /** Takes an entry out of hands or lane and keeps it aside until {@link makeReady}. */
  delay(entry: MailboxEntry): void {
    this.#leave(entry);
    entry.place = "delayed";
    this.delayed++;
  }

  /** Puts a leased entry back where it was. */
  giveBack(entry: MailboxEntry): void {
    this.#leave(entry);
    this.makeReady(entry);
  }

  /** Takes an entry out for good; its orderingKey's next follower becomes ready. */
  settle(entry: MailboxEntry): void {
    this.#leave(entry);
    entry.place = "settled";
    const key = entry.message.orderingKey;
    const chain = key === null ? undefined : this.#chains.get(key);
    if (key === null || chain === undefined || chain.active !== entry) return;
    let next = chain.followers.pop();
    while (next !== undefined && next.place !== "held") next = chain.followers.pop();
    if (next === undefined) {
      this.#chains.delete(key);
      return;
    }
    chain.active = next;
    this.#lane(next).waiting--;
    this.makeReady(next);
  }

  get hasReady(): boolean {
    return this.#lanes.some((lane) => headOf(lane) !== undefined);
  }

  /** Ready and held entries. */
  get waiting(): number {
    let total = 0;
    for (const lane of this.#lanes) total += lane.waiting;
    return total;
  }

  counts(): MailboxCounts {
    const ready = { urgent: 0, high: 0, normal: 0, low: 0 };
    for (const [index, [priority]] of LANE_WEIGHTS.entries()) {
      ready[priority] = this.#lanes[index]?.waiting ?? 0;
    }
    const oldestReadyAtMs = this.oldestReadyAtMs();
    return { ready, leased: this.leased.size, delayed: this.delayed, oldestReadyAtMs };
  }

  /** When the oldest of the lanes' next messages was accepted; null when none is ready. */
  oldestReadyAtMs(): number | null {
    let oldest: number | null = null;
    for (const lane of this.#lanes) {
      const atMs = headOf(lane)?.delivery.acceptedAtMs;
      if (atMs !== undefined && (oldest === null || atMs < oldest)) oldest = atMs;
    }
    return oldest;
  }

  #leave(entry: MailboxEntry): void {
    if (entry.place === "leased") this.leased.delete(entry);
    else if (entry.place === "delayed") this.delayed--;
    else if (entry.place === "ready" || entry.place === "held") this.#lane(entry).waiting--;
  }

  #lane(entry: MailboxEntry): Lane {
    const lane = this.#lanes[LANE_OF[entry.delivery.priority]];
    if (lane === undefined) throw new RangeError(`No lane "${entry.delivery.priority}"`);
    return lane;
  }
}

/** The lane's first entry that is still ready; drops those that are not. */
function headOf(lane: Lane): MailboxEntry | undefined {
  for (;;) {
    const entry = lane.queue.peek();
    if (entry === undefined || entry.place === "ready") return entry;
    lane.queue.pop();
  }
}
