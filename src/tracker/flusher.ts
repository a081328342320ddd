// Carries samples and minutes from memory to the store, in batches, one flush at a time. What the
// store does not take stays and goes again; what no longer fits is shed and counted.

import type { Clock } from "../core/index.ts";
import { TrackerError } from "./errors.ts";
import { labelsKey } from "./labels.ts";
import { trackerLimits } from "./limits.ts";
import type { MergedMinutes } from "./merged-minutes.ts";
import { identityOf, mergeRow, toRow } from "./minute-buffer.ts";
import type { MinuteBuffer, TakenRows } from "./minute-buffer.ts";
import type { SampleRing } from "./sample-ring.ts";
import { MINUTE_MS, minuteKey, minuteOf, toAggregate } from "./series.ts";
import type { MinuteRow } from "./series.ts";
import type { SeriesTable } from "./series-table.ts";
import type { MinuteAggregate, SeriesStore, StoredMetric } from "./store.ts";

/** Up to this many late series are read one by one, more with their whole minute. */
const SINGLE_READS = 16;

/** What a {@link Flusher} works on. */
export interface FlusherParts {
  readonly namespace: string;
  readonly store: SeriesStore;
  /** False when raw samples live in the ring only. */
  readonly storeHasSamples: boolean;
  readonly clock: Clock;
  readonly ring: SampleRing;
  readonly minutes: MinuteBuffer;
  readonly table: SeriesTable;
  readonly merged: MergedMinutes;
  /** Told of every failed flush; the next one tries again. */
  readonly onError: (error: unknown) => void;
}

/** Writes what is new to the store. */
export class Flusher {
  readonly #parts: FlusherParts;
  readonly #bornAtMs: number;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #loading: Promise<void> | undefined;
  #storedMaxAtMs = Number.NEGATIVE_INFINITY;
  /** Metrics that the store had at the start, by name. */
  readonly knownMetrics = new Map<string, StoredMetric>();
  flushes = 0;
  failures = 0;
  lastError: string | null = null;
  lastFlushAtMs: number | null = null;

  constructor(parts: FlusherParts) {
    this.#parts = parts;
    this.#bornAtMs = parts.clock.now();
  }

  /** Up to this instant the store may know what this process does not. */
  get storedMaxAtMs(): number {
    return this.#storedMaxAtMs;
  }

  /** Reads, once, what a restart needs to continue the minute it falls into. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw unavailable("read", error);
    });
    return this.#loading;
  }

  /**
   * Writes everything recorded before this call.
   * @throws TrackerError `tracker.store_unavailable`; nothing is lost, the next flush tries again.
   */
  flush(): Promise<void> {
    // A flush that already runs may have passed what was recorded since it began.
    if (this.#running === undefined) {
      this.#running = this.#flush().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.flush();
      });
    return this.#next;
  }

  /** Writes everything recorded before this call, all open minutes too, for the end. */
  async flushAll(): Promise<void> {
    const { minutes } = this.#parts;
    const flushes = Math.ceil(minutes.dirtyCount / trackerLimits.openMinutesPerFlush.value);
    for (let count = 0; count < Math.max(1, flushes); count++) await this.flush();
  }

  async #flush(): Promise<void> {
    const { minutes, clock } = this.#parts;
    await this.load();
    // Late rows are added to what is stored, so the closed rows of their minutes must go first.
    const late = minutes.takeLate();
    const unwritten = new Set(late);
    try {
      await this.#writeBatches();
      for (const group of byMinute(late)) {
        await this.#writeLate(group);
        for (const row of group) unwritten.delete(row);
      }
      this.flushes++;
      this.lastFlushAtMs = clock.now();
      this.lastError = null;
    } catch (error) {
      this.failures++;
      this.lastError = error instanceof Error ? error.message : String(error);
      this.#parts.onError(error);
      throw unavailable("write", error);
    } finally {
      minutes.lateDone([...unwritten]);
    }
  }

  async #writeBatches(): Promise<void> {
    const { ring, minutes } = this.#parts;
    const untilNumber = ring.head;
    let closedLeft = minutes.closedCount;
    let openLeft = Math.min(minutes.dirtyCount, trackerLimits.openMinutesPerFlush.value);
    for (;;) {
      const taken = await this.#writeBatch(openLeft);
      closedLeft -= taken.closedCount;
      openLeft -= taken.openCount;
      const samplesWait = ring.pendingCount > ring.head - untilNumber;
      if (!samplesWait && closedLeft <= 0 && openLeft <= 0) return;
    }
  }

  async #writeBatch(openMost: number): Promise<TakenRows> {
    const { ring, minutes, table } = this.#parts;
    const { samples, end } = ring.pending(trackerLimits.flushSamples.value);
    const taken = minutes.take(trackerLimits.flushMinutes.value, openMost);
    if (samples.length === 0 && taken.rows.length === 0) return taken;
    try {
      await this.#append({ samples, minutes: taken.rows });
    } catch (error) {
      minutes.giveBack(({ identity }) =>
        table.find(identity.metric, identity.agentId, identity.labelsKey),
      );
      throw error;
    }
    ring.acknowledge(end);
    minutes.acknowledge();
    return taken;
  }

  /** Adds late rows of one minute to what is stored of it, in one write. */
  async #writeLate(late: readonly MinuteRow[]): Promise<void> {
    const stored = new Map<string, MinuteAggregate>();
    for (const row of await this.#storedOf(late)) {
      stored.set(minuteKey(identityOf(row), row.minuteMs), row);
    }
    const minutes = late.map((row) => {
      const found = stored.get(minuteKey(row.identity, row.minuteMs));
      if (found === undefined) return toAggregate(row);
      const merged = toRow(found);
      mergeRow(merged, row);
      return toAggregate(merged);
    });
    await this.#append({ samples: [], minutes });
  }

  /** What is known of the minutes written is void before and after: the store has either. */
  async #append(batch: Parameters<SeriesStore["append"]>[1]): Promise<void> {
    const { namespace, store, merged } = this.#parts;
    const minutesMs = new Set(batch.minutes.map(({ minuteMs }) => minuteMs));
    if (minutesMs.size > 0) merged.forget(minutesMs);
    try {
      await store.append(namespace, batch);
    } finally {
      if (minutesMs.size > 0) merged.forget(minutesMs);
    }
  }

  /** The stored rows of these series in their minute; of all series when that is one read less. */
  async #storedOf(late: readonly MinuteRow[]): Promise<readonly MinuteAggregate[]> {
    const { namespace, store } = this.#parts;
    const fromMs = late[0]?.minuteMs ?? 0;
    const range = { fromMs, toMs: fromMs + MINUTE_MS };
    if (late.length > SINGLE_READS) return store.minutes(namespace, range);
    const reads = late.map(({ identity: { metric, agentId } }) =>
      store.minutes(namespace, { ...range, metric, ...(agentId === null ? {} : { agentId }) }),
    );
    return (await Promise.all(reads)).flat();
  }

  async #load(): Promise<void> {
    const { namespace, store, storeHasSamples, table, minutes } = this.#parts;
    const minuteMs = minuteOf(this.#bornAtMs);
    for (const stored of await store.metrics(namespace)) {
      this.knownMetrics.set(stored.metric, stored);
    }
    const rows = await store.minutes(namespace, {
      fromMs: minuteMs,
      toMs: Number.MAX_SAFE_INTEGER,
    });
    if (storeHasSamples) {
      const [newest] = await store.samples(namespace, { limit: 1 });
      this.#storedMaxAtMs = Math.max(this.#bornAtMs - 1, newest?.atMs ?? 0);
    }
    for (const row of rows) {
      minutes.addBase(row, table.find(row.metric, row.agentId, labelsKey(row.labels)));
    }
  }
}

/** Groups of one minute each, none larger than a batch. */
function byMinute(rows: readonly MinuteRow[]): MinuteRow[][] {
  const groups: MinuteRow[][] = [];
  const most = trackerLimits.flushMinutes.value;
  for (const row of rows.toSorted((a, b) => a.minuteMs - b.minuteMs)) {
    const group = groups.at(-1);
    if (group?.[0]?.minuteMs === row.minuteMs && group.length < most) group.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** The error of a store that failed. */
export function unavailable(deed: "read" | "write", cause: unknown): TrackerError {
  if (cause instanceof TrackerError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TrackerError(
    "tracker.store_unavailable",
    `Cannot ${deed} series: the store answered "${reason}"`,
    { cause },
  );
}
