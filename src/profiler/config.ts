// The profiler's options: parsed once, documented from here.

import { z } from "zod";

import { countOption, durationOption, flagOption } from "../core/index.ts";

/** Options of {@link PerformanceProfiler} and {@link ProfileDesk}; every field has a default. */
export const profilerConfigSchema = z.object({
  profilingEnabled: flagOption(
    true,
    "Whether functions and scopes of this process are timed and metrics of the host recorded; when off, a profiled function is the function itself. Agents' steps are kept in any case.",
  ),
  snapshotInterval: durationOption(
    "s",
    30,
    "Time between two readings of the host's and the server's CPU, memory, disk and network.",
    { min: 1, max: 86_400 },
  ),
  maxHistory: countOption(
    "items",
    5000,
    "Timed calls kept in memory for summaries, and as many custom metrics; the oldest go first.",
    { min: 1, max: 1_000_000 },
  ),
  flushInterval: durationOption(
    "ms",
    1000,
    "Longest time until a timed call reaches the tracker and the store; a crash may lose this much.",
    { min: 10, max: 60_000 },
  ),
  spanRetentionDays: durationOption("days", 2, "How long the store keeps timed calls.", {
    min: 1 / 24,
    max: 3650,
  }),
  maxStoredSpans: countOption(
    "items",
    500_000,
    "Timed calls the store keeps, about 0.3 kB each; the oldest go first.",
    { min: 1, max: 100_000_000 },
  ),
  profileRetentionDays: durationOption("days", 7, "How long sampled profiles are kept.", {
    min: 1 / 24,
    max: 3650,
  }),
  maxProfileBytes: countOption(
    "bytes",
    536_870_912,
    "Bytes of sampled profiles kept, compressed; the oldest go first.",
    { min: 1_048_576, max: Number.MAX_SAFE_INTEGER },
  ),
  maxProfiles: countOption(
    "items",
    10_000,
    "Sampled profiles kept, failed ones included; the oldest that are done or failed go first. Without a store, memory keeps 1000 unless this says otherwise.",
    { min: 1, max: 1_000_000 },
  ),
  profileTimeout: durationOption(
    "s",
    15,
    "How long an agent may take to begin a profile it was asked for, and again to deliver it after it ended.",
    { min: 1, max: 600 },
  ),
});

/** Options as given: all optional, durations as numbers or text such as "30s". */
export type ProfilerOptions = z.input<typeof profilerConfigSchema>;
/** Options in force. */
export type ProfilerSettings = z.output<typeof profilerConfigSchema>;
