// The tracker's fixed limits; those an operator may change are options in config.ts.

import type { LimitTable } from "../core/index.ts";

/** Fixed limits of the tracker, with their reasons. */
export const trackerLimits = {
  recentWindowMs: {
    value: 300_000,
    unit: "ms",
    reason: "Ranking and presence ask how an agent does now; five minutes smooths single samples.",
    atLimit: "Older minutes leave recent(); they stay in the store.",
  },
  clockAheadMs: {
    value: 300_000,
    unit: "ms",
    reason: "Machines of a fleet disagree by seconds; an hour ahead is a broken clock.",
    atLimit: "Up to the limit a sample counts as recorded now; beyond it is refused.",
  },
  flushSamples: {
    value: 5000,
    unit: "items",
    reason: "One batch must be built and handed over in a few milliseconds of the main thread.",
    atLimit: "The rest goes in the next batch of the same flush.",
  },
  flushMinutes: {
    value: 2000,
    unit: "items",
    reason: "One batch must be built and handed over in a few milliseconds of the main thread.",
    atLimit: "The rest goes in the next batch.",
  },
  openMinutesPerFlush: {
    value: 4000,
    unit: "items",
    reason: "Minutes still open are rewritten at each flush; that work must not grow with series.",
    atLimit: "The others wait for the next flush, oldest first; a minute that closed always goes.",
  },
  pendingMinutes: {
    value: 200_000,
    unit: "items",
    reason: "When the store fails, closed minutes wait in memory, about 0.5 kB each.",
    atLimit: "The oldest are shed and counted in statistics().shedMinutes.",
  },
  lateMinutes: {
    value: 10_000,
    unit: "items",
    reason: "Each minute that gets samples after its end costs the store a read and a write.",
    atLimit: "The late sample is shed and counted in statistics().shedMinutes.",
  },
  foldedSeriesPerAgent: {
    value: 64,
    unit: "items",
    reason: "An agent over its cap keeps this many metrics of its own under __other__.",
    atLimit: "Further metrics fold into the agent __other__.",
  },
  cachedLabelPaths: {
    value: 200_000,
    unit: "items",
    reason: "Contexts whose keys come in another order are cached beside the series they name.",
    atLimit: "The cache is emptied and fills again; a lookup then takes about a microsecond.",
  },
  labelNameLength: {
    value: 128,
    unit: "items",
    reason: "Label names are names.",
    atLimit: "The label is left out and counted in statistics().labelsDropped.",
  },
  chartPoints: {
    value: 11_000,
    unit: "items",
    reason: "More points than a wide screen has pixels several times over; Prometheus' limit.",
    atLimit: "The query is refused.",
  },
  chartLines: {
    value: 1000,
    unit: "items",
    reason: "A chart grouped by agent cannot be read beyond it.",
    atLimit: "Agents beyond it share the line of agent __other__.",
  },
  queryLimit: {
    value: 100_000,
    unit: "items",
    reason: "One answer is held in memory as a whole; exports page instead.",
    atLimit: "The limit asked for is lowered to it.",
  },
  mergedMinutes: {
    value: 50_000,
    unit: "items",
    reason: "A week of five metrics over all agents, kept merged, under 50 MB.",
    atLimit: "All are forgotten and merged again when they are asked for.",
  },
  mergedRows: {
    value: 200_000,
    unit: "items",
    reason: "Rows that one read merges: about half a second of the reading thread.",
    atLimit: "The range is read in parts, of a minute at least.",
  },
  exportPage: {
    value: 5000,
    unit: "items",
    reason: "An export must not hold the history in memory.",
    atLimit: "The next page is read after the previous one was written.",
  },
} as const satisfies LimitTable;
