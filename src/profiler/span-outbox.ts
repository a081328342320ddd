// Finished spans on their way to the store: in batches, within flushInterval, bounded.

import { noComponentLog } from "../core/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";
import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";
import type { SpanRecord } from "./model.ts";
import type { SpanRing } from "./span-ring.ts";
import type { Span } from "./span.ts";
import type { ProfileStore } from "./store.ts";

/** What a {@link SpanOutbox} works with. */
export interface SpanOutboxParts {
  readonly namespace: string;
  readonly store: ProfileStore;
  /** Holds the spans that wait. */
  readonly ring: SpanRing;
  readonly clock: Clock;
  readonly flushIntervalMs: number;
  readonly toRecord: (span: Span) => SpanRecord;
  readonly log?: ComponentLog;
}

/** Spans the store has not taken yet. */
export class SpanOutbox {
  readonly #parts: SpanOutboxParts;
  readonly #log: ComponentLog;
  #timer: Disposable | undefined;
  /** The batch on its way: one at a time, so that what is written is a beginning of the ring. */
  #writing: Promise<void> | undefined;
  /** Spans written or shed, counted from the first. */
  #doneUntil = 0;
  /** Until the next attempt, while the store fails. */
  #retryMs: number | undefined;
  #isClosed = false;
  failures = 0;

  constructor(parts: SpanOutboxParts) {
    this.#parts = parts;
    this.#log = parts.log ?? noComponentLog;
  }

  /** Says that the ring has a span for the store. */
  announce(): void {
    if (this.#isClosed) this.#parts.ring.shedPending();
    else if (this.#timer === undefined) this.#schedule(this.#parts.flushIntervalMs);
  }

  /**
   * Writes what waits now; what ends meanwhile is for the next time, because under load there is
   * always more.
   * @throws ProfilerError `profiler.store_unavailable`; the spans wait on.
   */
  async flush(): Promise<void> {
    const until = this.#parts.ring.pushed;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    while (this.#doneUntil < until) {
      this.#writing ??= this.#write(until).finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  /**
   * Writes what waits, for the last time. What the store does not take is shed, now and later.
   * @throws ProfilerError `profiler.store_unavailable`.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.flush();
    } finally {
      this.#parts.ring.shedPending();
    }
  }

  async #write(until: number): Promise<void> {
    const { namespace, store, ring, toRecord } = this.#parts;
    const most = Math.min(profilerLimits.flushSpans.value, until - ring.taken);
    const batch = ring.takePending(Math.max(0, most));
    const doneUntil = ring.taken;
    try {
      if (batch.length > 0) await store.appendSpans(namespace, batch.map(toRecord));
    } catch (error) {
      this.failures += 1;
      ring.returnPending(batch.length);
      this.#backOff(error);
      throw storeError("take spans", error);
    }
    this.#doneUntil = doneUntil;
    if (batch.length === 0) return;
    if (this.#retryMs !== undefined) this.#log.info("profiler.spans_stored_again");
    this.#retryMs = undefined;
  }

  #backOff(error: unknown): void {
    const { flushIntervalMs, ring } = this.#parts;
    if (this.#retryMs === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn("profiler.spans_not_stored", { waiting: ring.pendingCount, reason });
    }
    const longestMs = Math.max(flushIntervalMs, profilerLimits.storeRetryMs.value);
    this.#retryMs = Math.min(2 * (this.#retryMs ?? flushIntervalMs / 2), longestMs);
    if (this.#isClosed) ring.shedPending();
    else this.#schedule(this.#retryMs);
  }

  #schedule(delayMs: number): void {
    this.#timer ??= this.#parts.clock.after(delayMs, () => {
      this.#timer = undefined;
      // Whether the store failed is said when that changes.
      this.flush().catch(() => undefined);
    });
  }
}

/** An error of the store as ours, unless it is one already. */
export function storeError(action: string, error: unknown): ProfilerError {
  if (error instanceof ProfilerError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `The profiler's store could not ${action}: ${reason}`;
  return new ProfilerError("profiler.store_unavailable", message, { cause: error });
}
