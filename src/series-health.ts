// How the series of one namespace fare: a store that does not take them is said once, not each
// second, and what was lost meanwhile is counted where an operator looks.

import type { ComponentLog, SeriesHandle } from "./core/index.ts";
import type { PerformanceTracker, StoreRoom, TrackerStatistics } from "./tracker/index.ts";

type Counts = Readonly<Record<(typeof COUNTED)[number]["metric"], number>>;

const COUNTED = [
  { metric: "series_write_failures", of: (is: TrackerStatistics) => is.flushFailures },
  { metric: "samples_shed", of: (is: TrackerStatistics) => is.dropped + is.droppedAtFlush },
  { metric: "series_folded", of: (is: TrackerStatistics) => is.folded },
] as const;

/** Watches one tracker's store. */
export class SeriesHealth {
  readonly #namespace: string;
  readonly #log: ComponentLog;
  readonly #tracker: () => PerformanceTracker;
  readonly #measured = new Map<string, number>();
  readonly #handles = new Map<string, SeriesHandle>();
  /** What the store said last; null while it takes everything. */
  #trouble: string | null = null;
  #isCrowded = false;

  /** @param tracker asked later: it is made with {@link noteError} in its hands. */
  constructor(namespace: string, log: ComponentLog, tracker: () => PerformanceTracker) {
    this.#namespace = namespace;
    this.#log = log;
    this.#tracker = tracker;
  }

  /** The store has failed; logged when it had not, or for another reason, before. */
  readonly noteError = (error: unknown): void => {
    const said = error instanceof Error ? error.message : String(error);
    if (said === this.#trouble) return;
    this.#trouble = said;
    this.#log.error("tracker.store_failing", { namespace: this.#namespace, error });
  };

  /** Says once when the rest of the file alone is beyond the metrics' limit, and when no longer. */
  readonly notePruned = ({ restBytes, isCrowded }: StoreRoom): void => {
    if (isCrowded === this.#isCrowded) return;
    this.#isCrowded = isCrowded;
    const details = { namespace: this.#namespace, restBytes };
    if (isCrowded) this.#log.warn("tracker.store_crowded", details);
    else this.#log.info("tracker.store_has_room", details);
  };

  /** Notes a recovery, and records what has been lost since the last call as metrics. */
  measure(): void {
    const statistics = this.#tracker().statistics();
    if (this.#trouble !== null && statistics.lastFlushError === null) {
      this.#trouble = null;
      this.#log.warn("tracker.store_recovered", { namespace: this.#namespace, ...this.counts() });
    }
    for (const { metric, of } of COUNTED) {
      const count = of(statistics);
      const since = count - (this.#measured.get(metric) ?? 0);
      this.#measured.set(metric, count);
      // A metric without values would be listed all the same.
      if (since > 0) this.#handle(metric).record(since);
    }
  }

  /** What was lost since the start. */
  counts(): Counts {
    const statistics = this.#tracker().statistics();
    const [failures, shed, folded] = COUNTED.map(({ of }) => of(statistics));
    return {
      series_write_failures: failures ?? 0,
      samples_shed: shed ?? 0,
      series_folded: folded ?? 0,
    };
  }

  /** In words, what fails or was lost; undefined for nothing. */
  describe(): string | undefined {
    const { series_write_failures: failures, samples_shed: shed, ...rest } = this.counts();
    const words = [
      ...(this.#trouble === null ? [] : [this.#trouble]),
      ...(failures === 0 ? [] : [`${failures} writes failed`]),
      ...(shed === 0 ? [] : [`${shed} samples shed`]),
      ...(rest.series_folded === 0 ? [] : [`${rest.series_folded} lookups folded`]),
    ];
    return words.length === 0 ? undefined : `${this.#namespace}: ${words.join(", ")}`;
  }

  #handle(metric: string): SeriesHandle {
    let handle = this.#handles.get(metric);
    if (handle === undefined) {
      handle = this.#tracker().series({ namespace: this.#namespace, metric });
      this.#handles.set(metric, handle);
    }
    return handle;
  }
}
