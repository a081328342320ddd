// The tracker's options: parsed once, documented from here.

import { z } from "zod";

import { countOption, durationOption } from "../core/index.ts";

/** Options of {@link PerformanceTracker}; every field has a default. */
export const trackerConfigSchema = z.object({
  maxMetricsHistory: countOption(
    "items",
    10_000,
    "Raw samples kept in memory, over the whole tracker; the oldest go first.",
    { min: 1, max: 10_000_000 },
  ),
  snapshotInterval: durationOption("s", 60, "Time between two snapshots of all metrics.", {
    min: 1,
    max: 86_400,
  }),
  metricRetentionDays: durationOption(
    "days",
    30,
    "How long minutes and snapshots are kept, if maxStoredBytes allows.",
    {
      min: 1 / 24,
      max: 3650,
    },
  ),
  rawRetention: durationOption(
    "s",
    172_800,
    "How long the store keeps raw samples, if maxStoredBytes allows.",
    {
      min: 60,
      max: 315_360_000,
    },
  ),
  maxStoredBytes: countOption(
    "bytes",
    4_294_967_296,
    "Most bytes that samples and minutes of all namespaces use in the store's file, checked every " +
      "ten minutes. Beyond it the oldest raw samples go first, then the oldest minutes; the newest " +
      "hour stays. Calls, spans and profiles in the same file are bounded by options of their own.",
    { min: 16_777_216, max: Number.MAX_SAFE_INTEGER },
  ),
  flushInterval: durationOption(
    "ms",
    1000,
    "Time between two writes to the store; a crash may lose this much.",
    { min: 10, max: 60_000 },
  ),
  maxSeries: countOption("items", 100_000, "Series in total; more fold into __other__.", {
    min: 1,
    max: 10_000_000,
  }),
  maxSeriesPerAgent: countOption("items", 1000, "Series of one agent; more fold into __other__.", {
    min: 1,
    max: 1_000_000,
  }),
  maxSeriesPerMetric: countOption(
    "items",
    20_000,
    "Series of one metric; more fold into __other__.",
    { min: 1, max: 1_000_000 },
  ),
  maxMetricNames: countOption("items", 5000, "Names of metrics; more fold into __other__.", {
    min: 1,
    max: 100_000,
  }),
  maxLabels: countOption("items", 8, "Labels of one series; more are left out and counted.", {
    min: 0,
    max: 64,
  }),
  maxLabelValueLength: countOption(
    "items",
    128,
    "Characters of a label's value; longer ones are cut.",
    { min: 1, max: 4096 },
  ),
  maxPendingSamples: countOption(
    "items",
    200_000,
    "Samples waiting for the store; beyond it the oldest waiting are shed and counted.",
    { min: 1, max: 10_000_000 },
  ),
  maxSnapshots: countOption("items", 1440, "Snapshots kept in memory.", { min: 1, max: 1_000_000 }),
});

/** Options as given: all optional, durations as numbers or text such as "60s". */
export type TrackerOptions = z.input<typeof trackerConfigSchema>;
/** Options in force. */
export type TrackerSettings = z.output<typeof trackerConfigSchema>;
