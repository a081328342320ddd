// Pictures of all metrics at one instant, taken on time, kept in memory and in the store.

import { Listeners } from "../core/index.ts";
import type { Clock, IdGenerator } from "../core/index.ts";
import type { TrackerSettings } from "./config.ts";
import { TrackerError } from "./errors.ts";
import { unavailable } from "./flusher.ts";
import type { PerformanceSnapshot, TimeRange } from "./model.ts";
import type { SeriesStore } from "./store.ts";
import { isWithin } from "./time-range.ts";
import type { TrackerQueries } from "./tracker-queries.ts";

/** What a {@link SnapshotKeeper} works with. */
export interface SnapshotKeeperParts {
  readonly namespace: string;
  readonly store: SeriesStore;
  readonly clock: Clock;
  readonly settings: TrackerSettings;
  readonly queries: TrackerQueries;
  readonly ids: IdGenerator;
  readonly onError: (error: unknown) => void;
}

/** Takes and keeps snapshots. */
export class SnapshotKeeper {
  readonly listeners = new Listeners<PerformanceSnapshot>();
  readonly #parts: SnapshotKeeperParts;
  /** By time; at most maxSnapshots. */
  #kept: PerformanceSnapshot[] = [];
  /** Not in the store yet; a part of #kept. */
  #unwritten: PerformanceSnapshot[] = [];

  constructor(parts: SnapshotKeeperParts) {
    this.#parts = parts;
  }

  async take(): Promise<PerformanceSnapshot> {
    const { clock, settings, queries, ids, onError } = this.#parts;
    const atMs = clock.now();
    const fromMs = atMs - settings.snapshotInterval * 1000;
    const summaries = await queries.summaries({ fromMs, toMs: atMs + 1 });
    const snapshot: PerformanceSnapshot = {
      id: ids.next("snap"),
      atMs,
      windowMs: atMs - summaries.fromMs,
      agents: summaries.agents,
      metrics: summaries.metrics,
      samples: summaries.samples,
    };
    this.#kept.push(snapshot);
    if (this.#kept.length > settings.maxSnapshots) this.#kept.shift();
    this.#unwritten.push(snapshot);
    if (this.#unwritten.length > settings.maxSnapshots) this.#unwritten.shift();
    // A store that fails is no reason to be without the picture: the next flush tries again.
    await this.flush().catch(onError);
    this.listeners.emit(snapshot);
    return snapshot;
  }

  /** The newest of a range, newest first. */
  async newest(count: number, range: TimeRange = {}): Promise<PerformanceSnapshot[]> {
    const { namespace, store } = this.#parts;
    if (!Number.isInteger(count) || count < 0) {
      throw new TrackerError("tracker.range_invalid", `${count} is no number of snapshots`);
    }
    const within = this.#kept.filter(({ atMs }) => isWithin(atMs, range));
    const inMemory = within.slice(Math.max(0, within.length - count)).toReversed();
    if (inMemory.length === count) return inMemory;
    try {
      const ids = new Set(inMemory.map((snapshot) => snapshot.id));
      const stored = await store.snapshots(namespace, count, range);
      return [...inMemory, ...stored.filter((snapshot) => !ids.has(snapshot.id))].slice(0, count);
    } catch (error) {
      throw unavailable("read", error);
    }
  }

  /** Writes what is not in the store yet. */
  async flush(): Promise<void> {
    const { namespace, store } = this.#parts;
    const waiting = [...this.#unwritten];
    for (const snapshot of waiting) {
      try {
        await store.appendSnapshot(namespace, snapshot);
      } catch (error) {
        throw unavailable("write", error);
      }
      this.#unwritten = this.#unwritten.filter((other) => other !== snapshot);
    }
  }
}
