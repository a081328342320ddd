// What can go wrong in the profiler, once, for the wire, the docs page and the thrower.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** The profiler's error codes. */
export const profilerErrors = {
  "profiler.name_invalid": {
    status: 400,
    retryable: false,
    meaning: "The name of a function, scope, metric or agent cannot be used",
    remedy:
      "Metrics and agents: 1 to 128 letters, digits and _ . : -. Functions and scopes: 1 to 256 characters.",
  },
  "profiler.value_not_finite": {
    status: 400,
    retryable: false,
    meaning: "A metric's value is not a finite number",
    remedy: "Record finite numbers only; leave out what you could not measure.",
  },
  "profiler.context_invalid": {
    status: 400,
    retryable: false,
    meaning: "A context or tags are no JSON object, or too large",
    remedy: "Pass plain objects that JSON can carry, of at most 8 kB; tags are short text.",
  },
  "profiler.span_invalid": {
    status: 400,
    retryable: false,
    meaning: "A span cannot be recorded",
    remedy:
      "Give name, startMs near now and durationMs from 0; spanId is 16 and traceId 32 hex digits.",
  },
  "profiler.scope_unknown": {
    status: 404,
    retryable: false,
    meaning: "No profile with this id is open",
    remedy: "End each id that startProfile() returned once.",
  },
  "profiler.too_many_open": {
    status: 429,
    retryable: false,
    meaning: "Too many profiles were started and not ended",
    remedy: "Call endProfile() in a finally block, or use profile() with `using`.",
  },
  "profiler.range_invalid": {
    status: 400,
    retryable: false,
    meaning: "A time range, a length or a limit cannot be used",
    remedy: "Give instants in milliseconds since the Unix epoch, and profiles 1 to 120 seconds.",
  },
  "profiler.profile_unknown": {
    status: 404,
    retryable: false,
    meaning: "There is no sampled profile with this id",
    remedy: "List the profiles; old ones are removed after profileRetentionDays.",
  },
  "profiler.agent_unreachable": {
    status: 409,
    retryable: true,
    meaning: "The agent shows no sign of life, so it cannot be profiled",
    remedy: "Start the agent, or wait until it heartbeats again.",
  },
  "profiler.busy": {
    status: 409,
    retryable: true,
    meaning: "A profile is already being taken",
    remedy: "Wait until it is done; the message names it.",
  },
  "profiler.not_expected": {
    status: 409,
    retryable: false,
    meaning: "This profile does not wait for that",
    remedy: "Deliver a profile once, from the agent that was asked, before its deadline.",
  },
  "profiler.not_done": {
    status: 409,
    retryable: true,
    meaning: "The profile has no data",
    remedy: "Wait until its state is done; a failed profile says why in its reason.",
  },
  "profiler.data_invalid": {
    status: 400,
    retryable: false,
    meaning: "The data is no profile of V8",
    remedy:
      "Send the JSON of Profiler.stop (cpu) or HeapProfiler.stopSampling (heap), gzipped or not.",
  },
  "profiler.data_too_large": {
    status: 413,
    retryable: false,
    meaning: "The profile is larger than is taken",
    remedy: "Profile for fewer seconds or with a longer sampling interval.",
  },
  "profiler.conversion_failed": {
    status: 500,
    retryable: false,
    meaning: "Working on a profile's data took too long, or more memory than there is for it",
    remedy: "Profile for fewer seconds. When small profiles fail too, look at the server's load.",
  },
  "profiler.conversion_unavailable": {
    status: 503,
    retryable: true,
    meaning: "Profiles' data are not worked on now: too many wait, or the server is stopping",
    remedy: "Try again in a moment.",
  },
  "profiler.capture_failed": {
    status: 500,
    retryable: true,
    meaning: "This process could not be profiled",
    remedy: "Close other debuggers and profilers of this process, then try again.",
  },
  "profiler.process_unknown": {
    status: 404,
    retryable: false,
    meaning: "There is no process with this id, or it may not be read",
    remedy: "Check the process id; on systems other than Linux only the own process is read.",
  },
  "profiler.system_unreadable": {
    status: 503,
    retryable: true,
    meaning: "The host's metrics could not be read",
    remedy: "Check that /proc is mounted and readable for the server.",
  },
  "profiler.store_unavailable": {
    status: 503,
    retryable: true,
    meaning: "The store of spans and profiles did not answer",
    remedy: "Try again; when it persists, look at the disk and at the server's log.",
  },
  "profiler.export_failed": {
    status: 500,
    retryable: true,
    meaning: "The export could not be written",
    remedy: "Check that the folder exists, is writable and has room.",
  },
} as const satisfies ErrorTable;

/** An error of the profiler; its code is one of {@link profilerErrors}. */
export class ProfilerError extends CellphoneError {
  /**
   * @param code a key of {@link profilerErrors}.
   * @param message the thing and its state, for people.
   */
  constructor(
    code: keyof typeof profilerErrors,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(code, profilerErrors[code], message, options);
  }
}
