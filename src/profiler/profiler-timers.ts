// What a started profiler does by itself: a reading of the host every snapshotInterval, and old
// spans and profiles out of the store every hour.

import type { Clock, ComponentLog } from "../core/index.ts";
import type { ProfilerSettings } from "./config.ts";
import type { HostRecorder } from "./host-recorder.ts";
import { profileRetention } from "./profile-retention.ts";
import type { ProfileStore } from "./store.ts";
import type { SystemProbe } from "./system-probe.ts";

const PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What {@link ProfilerTimers} drive. */
export interface ProfilerTimersParts {
  readonly namespace: string;
  readonly store: ProfileStore | undefined;
  readonly clock: Clock;
  readonly settings: ProfilerSettings;
  readonly host: SystemProbe;
  readonly recorder: HostRecorder;
  readonly log: ComponentLog;
}

/** The recurring work of one profiler. */
export class ProfilerTimers {
  readonly #parts: ProfilerTimersParts;
  #running: Disposable | undefined;
  #pruning: Disposable | undefined;

  constructor(parts: ProfilerTimersParts) {
    this.#parts = parts;
  }

  start(): void {
    const { settings, host, recorder } = this.#parts;
    if (this.#pruning !== undefined) return;
    this.#pruneAgain(0);
    if (!settings.profilingEnabled) return;
    this.#running = host.every(settings.snapshotInterval * 1000, (reading) => {
      recorder.record(reading);
    });
  }

  stop(): void {
    this.#running?.[Symbol.dispose]();
    this.#pruning?.[Symbol.dispose]();
    this.#running = undefined;
    this.#pruning = undefined;
  }

  #pruneAgain(delayMs: number): void {
    this.#pruning = this.#parts.clock.after(delayMs, () => {
      this.#pruneAgain(PRUNE_MS);
      void this.#prune();
    });
  }

  async #prune(): Promise<void> {
    const { namespace, store, clock, settings, log } = this.#parts;
    const nowMs = clock.now();
    try {
      await store?.pruneProfiles(namespace, {
        ...profileRetention(settings, nowMs),
        spansBeforeMs: nowMs - settings.spanRetentionDays * DAY_MS,
        keepSpans: settings.maxStoredSpans,
      });
    } catch (error) {
      log.warn("profiler.not_pruned", { reason: String(error) });
    }
  }
}
