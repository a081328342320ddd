import type { LimitTable } from "../core/index.ts";

/** Limits of the embedded store and of the queues to its threads. */
export const storageLimits = {
  pendingWrites: {
    value: 20_000,
    unit: "items",
    reason: "About half a second of writes at the measured rate; more would only add latency.",
    atLimit: "The write is refused with storage.overloaded before anything is queued.",
  },
  pendingWriteBytes: {
    value: 256 * 1024 * 1024,
    unit: "bytes",
    reason: "Bounds the memory of the queue when payloads are large (1 MiB each).",
    atLimit: "The write is refused with storage.overloaded.",
  },
  pendingBatches: {
    value: 128,
    unit: "items",
    reason: "Each component writes once a second; half a minute's batches mean a stalled disk.",
    atLimit: "The batch is refused with storage.overloaded; its component keeps or counts it.",
  },
  pendingJobs: {
    value: 1_000,
    unit: "items",
    reason: "Three prunings for each of hundreds of namespaces, all asked for at a start.",
    atLimit: "The pruning is refused with storage.overloaded; it is asked for again later.",
  },
  pendingSpanBatches: {
    value: 64,
    unit: "items",
    reason: "Spans and profiles are shed first, so that metrics and calls still find room.",
    atLimit: "Spans and profiles are refused with storage.overloaded; the rest still goes in.",
  },
  pendingReads: {
    value: 1_000,
    unit: "items",
    reason: "A read takes a millisecond; a thousand waiting means a reader is overrun.",
    atLimit: "The read is refused with storage.overloaded.",
  },
  readerRestarts: {
    value: 5,
    unit: "items",
    reason: "A query that kills its reader is asked again; five deaths a minute are no accident.",
    atLimit: "Queries are refused with storage.readers_failing until the minute has passed.",
  },
  groupRequests: {
    value: 2_000,
    unit: "items",
    reason: "One commit for more would hold the first of them back for over 50 ms.",
    atLimit: "The rest goes into the next commit.",
  },
  freeBytes: {
    value: 1024 * 1024,
    unit: "bytes",
    reason: "One payload of the largest size; with less, sends are about to be refused.",
    atLimit: "/readyz says not ready, with the bytes that are left.",
  },
  stepRows: {
    value: 1_000,
    unit: "items",
    reason: "Pruning must never hold an append back for more than a few milliseconds.",
    atLimit: "The step ends; appends go first, then the next step.",
  },
  keptFreeBytes: {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    reason: "Pages that pruning frees are written again soon; moving them about is wasted work.",
    atLimit: "While they are also a quarter of series.db, its free pages go back to the disk.",
  },
  walBytes: {
    value: 64 * 1024 * 1024,
    unit: "bytes",
    reason: "Reads slow down and a restart takes longer as the write-ahead log grows.",
    atLimit:
      "It is copied into the database after the commit or the step of a job that reached it, " +
      "instead of in the next quiet moment.",
  },
  idleCheckpointMs: {
    value: 250,
    unit: "ms",
    reason: "A quarter of a second without a write is a quiet moment.",
    atLimit: "The write-ahead log is copied into the database.",
  },
  queryMs: {
    value: 5_000,
    unit: "ms",
    reason: "A reader that stays longer keeps the write-ahead log from being recycled.",
    atLimit: "The query ends with storage.query_too_slow.",
  },
  listedRows: {
    value: 1_000,
    unit: "items",
    reason: "One page of a list; larger answers are read in pages or exported.",
    atLimit: "The list is cut; ask for the next page.",
  },
  listedBytes: {
    value: 8 * 1024 * 1024,
    unit: "bytes",
    reason: "A page of messages is held whole by a reader, the main thread and the connection.",
    atLimit: "The page ends early, with one message at least; ask for what is before its last.",
  },
  loadedRows: {
    value: 2_000,
    unit: "items",
    reason: "A few milliseconds of each thread: a start goes on with one page and reads the next.",
    atLimit: "The page of what a namespace loads at its start ends; the next one follows.",
  },
  loadedBytes: {
    value: 8 * 1024 * 1024,
    unit: "bytes",
    reason: "A page travels as one text, of which V8 takes at most half a gigabyte.",
    atLimit: "The page ends with the row that reaches it; the next one follows.",
  },
  listedSpans: {
    value: 5_000,
    unit: "items",
    reason: "All steps of a long task in one answer, about 2 MB.",
    atLimit: "The list is cut to the newest; ask for what is before its last.",
  },
  listedSamples: {
    value: 100_000,
    unit: "items",
    reason: "About 20 MB between threads.",
    atLimit: "The newest are returned.",
  },
  storedEvents: {
    value: 20_000,
    unit: "items",
    reason: "The tail of the events feed; older facts are in messages, states and audit.",
    atLimit: "The oldest are forgotten, a few hundred at a time.",
  },
  endedTasks: {
    value: 100_000,
    unit: "items",
    reason: "Years of work of a small fleet, about 50 MB.",
    atLimit: "Pruning forgets those created first.",
  },
  stateChanges: {
    value: 200_000,
    unit: "items",
    reason: "Weeks of a busy fleet's history, about 40 MB.",
    atLimit: "Pruning forgets the oldest; each agent's last state is kept apart.",
  },
} as const satisfies LimitTable;
