// What a tracker says of itself: nothing is let go in silence.

/** What a tracker holds and what it had to let go. */
export interface TrackerStatistics {
  /** Samples recorded since this object was made. */
  readonly samples: number;
  /** Raw samples in memory; never more than maxMetricsHistory. */
  readonly samplesInMemory: number;
  /** Samples waiting for the store; never more than maxPendingSamples. */
  readonly pendingSamples: number;
  readonly series: number;
  readonly metricNames: number;
  readonly agents: number;
  /** Lookups of series over a cap, recorded under `__other__`. */
  readonly folded: number;
  readonly labelsDropped: number;
  /** Samples missing from minutes and summaries, because too many minutes waited. */
  readonly dropped: number;
  /** Raw samples that had to make room before the store took them. */
  readonly droppedAtFlush: number;
  readonly flushes: number;
  readonly flushFailures: number;
  readonly lastFlushAtMs: number | null;
  readonly lastFlushError: string | null;
}
