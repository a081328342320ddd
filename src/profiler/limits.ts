// The profiler's fixed limits; those an operator may change are options in config.ts.

import type { LimitTable } from "../core/index.ts";

/** Fixed limits of the profiler, with their reasons. */
export const profilerLimits = {
  openProfiles: {
    value: 10_000,
    unit: "items",
    reason: "A startProfile() whose endProfile() is forgotten in a loop must not fill the memory.",
    atLimit: "startProfile() throws profiler.too_many_open.",
  },
  nameLength: {
    value: 256,
    unit: "items",
    reason: "Names of functions are read by people and become a label of the tracker.",
    atLimit: "A longer name is refused.",
  },
  errorLength: {
    value: 500,
    unit: "items",
    reason: "The first line of an error says what is wrong; whole responses end up in some.",
    atLimit: "The rest is cut off.",
  },
  contextBytes: {
    value: 8192,
    unit: "bytes",
    reason: "A context says which call this was; it is kept with every call in memory.",
    atLimit:
      "A metric or an agent's span is refused; in your own process, the context is left out.",
  },
  spanBatch: {
    value: 1000,
    unit: "items",
    reason: "One request of spans is checked in a few milliseconds of the main thread.",
    atLimit: "The spans beyond it are rejected, each with its index.",
  },
  clockAheadMs: {
    value: 300_000,
    unit: "ms",
    reason: "Machines of a fleet disagree by seconds; an hour ahead is a broken clock.",
    atLimit: "A span that starts later is refused.",
  },
  spanDurationMs: {
    value: 86_400_000,
    unit: "ms",
    reason: "Nothing that is timed in one piece runs for more than a day.",
    atLimit: "A longer span is refused.",
  },
  durationSeries: {
    value: 5000,
    unit: "items",
    reason: "Each function of each agent is a series of the tracker that is held open here.",
    atLimit: "All are let go and opened again as they come; nothing is lost.",
  },
  pendingDurations: {
    value: 512,
    unit: "items",
    reason: "Durations of one function go to the tracker in batches, which makes calls cheap.",
    atLimit: "The batch is handed over at once.",
  },
  pendingSpans: {
    value: 20_000,
    unit: "items",
    reason: "When the store is slow or fails, spans wait in memory, about 0.3 kB each.",
    atLimit: "The oldest waiting are shed and counted in statistics().shedSpans.",
  },
  storeRetryMs: {
    value: 30_000,
    unit: "ms",
    reason:
      "A store that fails is asked again less and less often, and still soon after it is back.",
    atLimit: "The next attempt comes after this time at the latest.",
  },
  flushSpans: {
    value: 2000,
    unit: "items",
    reason: "One batch must be built and handed over in a few milliseconds of the main thread.",
    atLimit: "The rest goes in the next batch of the same flush.",
  },
  queryLimit: {
    value: 5000,
    unit: "items",
    reason: "One answer is held in memory as a whole.",
    atLimit: "The limit asked for is lowered to it.",
  },
  profileSeconds: {
    value: 120,
    unit: "s",
    reason: "Longer profiles grow past what a page can show, and hold the agent's sampling on.",
    atLimit: "The request is refused.",
  },
  profileUploadBytes: {
    value: 33_554_432,
    unit: "bytes",
    reason: "120 s of a large program sampled each millisecond is about 20 MB of JSON.",
    atLimit: "The upload is refused and the profile fails with that reason.",
  },
  profileNodes: {
    value: 200_000,
    unit: "items",
    reason: "A call tree beyond it takes seconds to convert; large programs have about 30,000.",
    atLimit: "The profile is refused.",
  },
  profileSamples: {
    value: 2_000_000,
    unit: "items",
    reason: "120 s at ten times the usual rate of one sample a millisecond.",
    atLimit: "The profile is refused.",
  },
  conversionMs: {
    value: 30_000,
    unit: "ms",
    reason: "A profile of 32 MiB takes a few seconds; what takes longer holds up everybody else's.",
    atLimit: "The thread is ended, the profile fails, and those that wait go to a new thread.",
  },
  waitingConversions: {
    value: 64,
    unit: "items",
    reason: "Each one waits with its data, up to 32 MiB.",
    atLimit: "A further one is refused with profiler.conversion_unavailable.",
  },
  profileDepth: {
    value: 1024,
    unit: "items",
    reason: "V8 itself records at most 255 frames; other writers may be more generous.",
    atLimit: "The profile is refused.",
  },
  flameNodes: {
    value: 5000,
    unit: "items",
    reason: "A page can draw and a person can search so many frames.",
    atLimit: "The smallest frames are folded into one named (other) beside their siblings.",
  },
  profilesAtOnce: {
    value: 32,
    unit: "items",
    reason: "Each one may deliver megabytes; a fleet is not profiled as a whole.",
    atLimit: "A further request is refused with profiler.busy.",
  },
  waitMs: {
    value: 150_000,
    unit: "ms",
    reason: "The longest profile with its deadlines fits into one waiting request.",
    atLimit: "The wait asked for is lowered to it.",
  },
} as const satisfies LimitTable;
