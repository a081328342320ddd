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
  #flush: Promise<void> | undefined;
  failures = 0;

  constructor(parts: SpanOutboxParts) {
    this.#parts = parts;
    this.#log = parts.log ?? noComponentLog;
  }

  /** Says that the ring has a span for the store. */
  announce(): void {
    if (this.#timer === undefined) this.#schedule();
  }

  /**
   * Writes everything that waits.
   * @throws ProfilerError `profiler.store_unavailable`; the spans wait on.
   */
  flush(): Promise<void> {
    this.#flush ??= this.#writeAll().finally(() => {
      this.#flush = undefined;
    });
    return this.#flush;
  }

  async #writeAll(): Promise<void> {
    const { namespace, store, ring, toRecord } = this.#parts;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    while (ring.pendingCount > 0) {
      const batch = ring.takePending(profilerLimits.flushSpans.value);
      try {
        await store.appendSpans(namespace, batch.map(toRecord));
      } catch (error) {
        this.failures += 1;
        ring.returnPending(batch.length);
        this.#schedule();
        throw storeError("take spans", error);
      }
    }
  }

  #schedule(): void {
    const { clock, flushIntervalMs, ring } = this.#parts;
    this.#timer ??= clock.after(flushIntervalMs, () => {
      this.#timer = undefined;
      this.flush().catch((error: unknown) => {
        this.#log.warn("profiler.spans_not_stored", {
          waiting: ring.pendingCount,
          reason: error instanceof Error ? error.message : String(error),
        });
      });
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
