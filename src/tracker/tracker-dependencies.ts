// What a tracker works with besides its options; each can be left out.

import type { Clock } from "../core/index.ts";
import type { SeriesStore } from "./store.ts";
import type { StoreRoom } from "./tracker-timers.ts";

/** What a {@link PerformanceTracker} is built on; every part has a default. */
export interface TrackerDependencies {
  /** @default "default" */
  readonly namespace?: string;
  /** Where series outlive the process. @default memory: minutes and snapshots, no raw samples */
  readonly store?: SeriesStore;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Told when the store fails in the background. @default counted in statistics() only */
  readonly onStoreError?: (error: unknown) => void;
  /** Told after each pruning how much of the store's file is other components'. */
  readonly onPruned?: (room: StoreRoom) => void;
}
