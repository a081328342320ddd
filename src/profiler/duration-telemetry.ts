// Durations go to the tracker in batches: a hot function is called a million times a second, and
// its calls must neither cost a look-up each nor push everything else out of the tracker.

import type { Clock, SeriesHandle, Telemetry } from "../core/index.ts";
import { profilerLimits } from "./limits.ts";

/** Durations of one function of one agent that the tracker has not seen. */
export class DurationBatch {
  readonly name: string;
  readonly agentId: string | null;
  /** Seconds; only the first {@link count} are meant. */
  values = new Float64Array(8);
  count = 0;
  failed = 0;
  duration: SeriesHandle | undefined;
  errors: SeriesHandle | undefined;

  constructor(name: string, agentId: string | null) {
    this.name = name;
    this.agentId = agentId;
  }
}

/** Where batches go. */
export interface DurationTelemetryParts {
  readonly namespace: string;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly flushIntervalMs: number;
  /** Told when the tracker refuses a series. */
  readonly onError: (error: unknown) => void;
}

/** Collects durations and hands them to Telemetry as `profile_duration` and `profile_errors`. */
export class DurationTelemetry {
  readonly #parts: DurationTelemetryParts;
  readonly #batches = new Map<string, DurationBatch>();
  readonly #waiting = new Set<DurationBatch>();
  #timer: Disposable | undefined;

  constructor(parts: DurationTelemetryParts) {
    this.#parts = parts;
  }

  /** The batch of a function; keep it and record often. */
  batch(name: string, agentId: string | null): DurationBatch {
    // Agents' names hold no space.
    const key = agentId === null ? name : `${agentId} ${name}`;
    const keyed = agentId === null ? ` ${key}` : key;
    let batch = this.#batches.get(keyed);
    if (batch === undefined) {
      if (this.#batches.size >= profilerLimits.durationSeries.value) this.#batches.clear();
      batch = new DurationBatch(name, agentId);
      this.#batches.set(keyed, batch);
    }
    return batch;
  }

  record(batch: DurationBatch, durationMs: number, ok: boolean): void {
    if (batch.count === 0) this.#wait(batch);
    else if (batch.count === batch.values.length) this.#makeRoom(batch);
    batch.values[batch.count++] = durationMs / 1000;
    if (!ok) batch.failed += 1;
  }

  /** Hands over everything that waits. */
  flush(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const batch of this.#waiting) this.#handOver(batch);
    this.#waiting.clear();
  }

  #wait(batch: DurationBatch): void {
    this.#waiting.add(batch);
    const { clock, flushIntervalMs } = this.#parts;
    this.#timer ??= clock.after(flushIntervalMs, () => {
      this.#timer = undefined;
      this.flush();
    });
  }

  #makeRoom(batch: DurationBatch): void {
    if (batch.values.length >= profilerLimits.pendingDurations.value) {
      this.#handOver(batch);
      return;
    }
    const larger = new Float64Array(batch.values.length * 4);
    larger.set(batch.values);
    batch.values = larger;
  }

  #handOver(batch: DurationBatch): void {
    const { count, failed } = batch;
    batch.count = 0;
    batch.failed = 0;
    try {
      batch.duration ??= this.#series("profile_duration", batch);
      batch.duration.recordBatch(batch.values.subarray(0, count));
      if (failed === 0) return;
      batch.errors ??= this.#series("profile_errors", batch);
      batch.errors.record(failed);
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  #series(metric: string, { name, agentId }: DurationBatch): SeriesHandle {
    const { namespace, telemetry } = this.#parts;
    const key = { namespace, metric, labels: { name } };
    return telemetry.series(agentId === null ? key : { ...key, agentId });
  }
}
