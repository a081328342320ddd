// What a started tracker does by itself: flush each flushInterval, a snapshot each
// snapshotInterval, and each minute housekeeping; what is too old or too much is pruned every ten
// minutes.

import type { Clock } from "../core/index.ts";
import type { TrackerSettings } from "./config.ts";
import type { MinuteBuffer } from "./minute-buffer.ts";
import { MINUTE_MS } from "./series.ts";
import type { SeriesStore } from "./store.ts";

const PRUNE_MS = 600_000;

/** How much of the store's file is not the tracker's. */
export interface StoreRoom {
  /** Bytes of other components' records; null while the whole file is within maxStoredBytes. */
  readonly restBytes: number | null;
  /** Whether they are more than maxStoredBytes by themselves. */
  readonly isCrowded: boolean;
}

/** What {@link TrackerTimers} drive. */
export interface TrackerTimersParts {
  readonly namespace: string;
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly settings: TrackerSettings;
  readonly minutes: MinuteBuffer;
  readonly flush: () => Promise<void>;
  readonly takeSnapshot: () => Promise<unknown>;
  readonly onError: (error: unknown) => void;
  readonly onPruned: (room: StoreRoom) => void;
}

/** The recurring work of one tracker; each kind runs at most once at a time. */
export class TrackerTimers {
  readonly #parts: TrackerTimersParts;
  #running: Disposable[] = [];

  constructor(parts: TrackerTimersParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#running.length > 0) return;
    const { settings, minutes, clock, flush, takeSnapshot, onError } = this.#parts;
    this.#running = [
      // The flusher reports its own failures.
      repeat(clock, settings.flushInterval, () => flush().catch(() => undefined)),
      repeat(clock, settings.snapshotInterval * 1000, () => takeSnapshot().catch(onError)),
      repeat(clock, MINUTE_MS, async () => minutes.dropBases(clock.now())),
      repeat(clock, PRUNE_MS, () => this.prune().catch(onError)),
    ];
    void this.prune().catch(onError);
  }

  stop(): void {
    for (const timer of this.#running) timer[Symbol.dispose]();
    this.#running = [];
  }

  /** Removes what is older than the retention, and what is too much. */
  async prune(): Promise<void> {
    const { namespace, store, clock, settings, onPruned } = this.#parts;
    const nowMs = clock.now();
    const { restBytes } = await store.prune(namespace, {
      samplesBeforeMs: nowMs - settings.rawRetention * 1000,
      minutesBeforeMs: nowMs - settings.metricRetentionDays * 86_400_000,
      bytes: settings.maxStoredBytes,
    });
    onPruned({ restBytes, isCrowded: (restBytes ?? 0) > settings.maxStoredBytes });
  }
}

/** Does `work` each `intervalMs`; the next wait begins when the work is done. */
function repeat(clock: Clock, intervalMs: number, work: () => Promise<unknown>): Disposable {
  let stopped = false;
  let timer = clock.after(intervalMs, run);
  function run(): void {
    void work().finally(() => {
      if (!stopped) timer = clock.after(intervalMs, run);
    });
  }
  return {
    [Symbol.dispose]: () => {
      stopped = true;
      timer[Symbol.dispose]();
    },
  };
}
