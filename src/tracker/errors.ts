// What can go wrong in the tracker, once, for the wire, the docs page and the thrower.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** The tracker's error codes. */
export const trackerErrors = {
  "tracker.metric_name_invalid": {
    status: 400,
    retryable: false,
    meaning: "A metric's name cannot be used",
    remedy: "Use 1 to 128 letters, digits and _ . : -, starting with a letter or digit.",
  },
  "tracker.agent_id_invalid": {
    status: 400,
    retryable: false,
    meaning: "An agent id cannot be used",
    remedy: "Use 1 to 128 letters, digits and _ . : -, starting with a letter or digit.",
  },
  "tracker.value_not_finite": {
    status: 400,
    retryable: false,
    meaning: "A value is not a finite number",
    remedy: "Record finite numbers only; leave out what you could not measure.",
  },
  "tracker.context_invalid": {
    status: 400,
    retryable: false,
    meaning: "A sample's context or metadata is no JSON object",
    remedy: "Pass plain objects that JSON can carry.",
  },
  "tracker.time_out_of_range": {
    status: 400,
    retryable: false,
    meaning: "A sample's time is too far from now",
    remedy:
      "Set the sender's clock, or leave atMs out; what is older than the retention is not kept.",
  },
  "tracker.range_invalid": {
    status: 400,
    retryable: false,
    meaning: "A time range, a step or a limit cannot be used",
    remedy: "Give instants in milliseconds since the Unix epoch with fromMs before toMs.",
  },
  "tracker.too_many_points": {
    status: 400,
    retryable: false,
    meaning: "A chart query asks for too many points",
    remedy: "Ask for a shorter range or a longer stepMs.",
  },
  "tracker.store_unavailable": {
    status: 503,
    retryable: true,
    meaning: "The store of series did not answer",
    remedy: "Try again; when it persists, look at the disk and at the server's log.",
  },
  "tracker.export_failed": {
    status: 500,
    retryable: true,
    meaning: "The export could not be written",
    remedy: "Check that the folder exists, is writable and has room.",
  },
} as const satisfies ErrorTable;

/** An error of the tracker; its code is one of {@link trackerErrors}. */
export class TrackerError extends CellphoneError {
  /**
   * @param code a key of {@link trackerErrors}.
   * @param message the thing and its state, for people.
   */
  constructor(
    code: keyof typeof trackerErrors,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(code, trackerErrors[code], message, options);
  }
}
