// The history of calls: numbers them, tells followers, and hands them to the store in batches.
// Nothing waits for the store; what it has not taken yet is bounded, and failed or slow calls are
// the last to go.

import type { Clock, ComponentLog } from "../core/index.ts";
import { Listeners } from "../core/index.ts";
import { isNotableCall } from "./call-filter.ts";
import { gatewayLimits } from "./limits.ts";
import type { CallQuery, CallRecord } from "./model.ts";
import type { CallStore } from "./store.ts";

/** What a history stands on. */
export interface HistoryParts {
  readonly namespace: string;
  readonly store: CallStore;
  readonly clock: Clock;
  readonly log: ComponentLog;
  readonly maxHistory: number;
  readonly maxNotableHistory: number;
  readonly callRetentionMs: number;
  readonly slowCallMs: number;
}

interface PendingCall {
  readonly call: CallRecord;
  readonly notable: boolean;
}

/** Calls after which the history is pruned without waiting for its time. */
const PRUNE_AFTER = 1000;

/** Calls of one namespace. */
export class CallHistory {
  readonly #parts: HistoryParts;
  readonly #followers = new Listeners<CallRecord>();
  #pending: PendingCall[] = [];
  #writing: Promise<void> | undefined;
  #sequence = 0;
  #sincePrune = 0;
  #dropped = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** Goes on numbering where the store left off. */
  async load(): Promise<void> {
    this.#sequence = await this.#parts.store.lastCallSequence(this.#parts.namespace);
    // What became too old while nothing ran.
    this.#sincePrune = 1;
  }

  /** Calls that were dropped because the store did not take them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Calls that the store has not taken yet. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Called with every call, numbered. */
  follow(callback: (call: CallRecord) => void): Disposable {
    return this.#followers.add(callback);
  }

  /** Takes calls in; their numbers are given here. */
  add(calls: readonly CallRecord[]): void {
    for (const call of calls) {
      this.#sequence += 1;
      const numbered = { ...call, sequence: this.#sequence };
      const notable = isNotableCall(numbered, this.#parts.slowCallMs);
      this.#pending.push({ call: numbered, notable });
      this.#followers.emit(numbered);
    }
    const most = gatewayLimits.pendingCalls.value;
    if (this.#pending.length > most) this.#shed(most);
  }

  /** Newest first. */
  async calls(query: CallQuery): Promise<readonly CallRecord[]> {
    await this.flush();
    return this.#parts.store.calls(this.#parts.namespace, query);
  }

  async call(id: string): Promise<CallRecord | undefined> {
    await this.flush();
    return this.#parts.store.call(this.#parts.namespace, id);
  }

  /** Hands what waits to the store; a failed write is tried again with the next one. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    // A write under way goes on until nothing is left, also of what came meanwhile.
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  /** Forgets what is beyond the history's age and size; true when there was something to do. */
  async prune(): Promise<void> {
    if (this.#sincePrune === 0) return;
    const { callRetentionMs, clock, log, maxHistory, maxNotableHistory, namespace } = this.#parts;
    const before = this.#sincePrune;
    try {
      const { calls } = await this.#parts.store.pruneCalls(namespace, {
        beforeMs: clock.now() - callRetentionMs,
        keep: maxHistory,
        keepNotable: maxNotableHistory,
      });
      this.#sincePrune -= before;
      log.debug("gateway.calls_pruned", { namespace, calls });
    } catch (error) {
      log.error("gateway.prune_failed", { namespace, error });
    }
  }

  /** Whether so many calls came that the history should be pruned now. */
  get isPruneDue(): boolean {
    return this.#sincePrune >= PRUNE_AFTER;
  }

  async #write(): Promise<void> {
    const { log, namespace, store } = this.#parts;
    while (this.#pending.length > 0) {
      const batch = this.#pending.slice(0, gatewayLimits.callsPerWrite.value);
      try {
        await store.appendCalls(namespace, batch);
      } catch (error) {
        log.warn("gateway.calls_not_stored", { namespace, pending: this.#pending.length, error });
        return;
      }
      this.#sincePrune += batch.length;
      // Some of them may have been shed meanwhile: they are stored all the same.
      const stored = new Set(batch);
      this.#pending = this.#pending.filter((entry) => !stored.has(entry));
    }
  }

  /** Drops the oldest ordinary calls, then the oldest of all. */
  #shed(most: number): void {
    let excess = this.#pending.length - most;
    this.#dropped += excess;
    this.#pending = this.#pending.filter(({ notable }) => {
      if (notable || excess === 0) return true;
      excess -= 1;
      return false;
    });
    this.#pending = this.#pending.slice(excess);
  }
}
