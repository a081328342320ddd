// What can go wrong in the dashboard, once, for the wire, the docs page and the thrower.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** The dashboard's error codes. */
export const dashboardErrors = {
  "dashboard.alert_unknown": {
    status: 404,
    retryable: false,
    meaning: "There is no alert with this id",
    remedy: "List alerts; those resolved long ago are forgotten after alertRetentionDays.",
  },
  "dashboard.alert_resolved": {
    status: 409,
    retryable: false,
    meaning: "The alert is resolved and no longer changes",
    remedy: "Look for one of the same key that fires; it has an id of its own.",
  },
  "dashboard.alert_invalid": {
    status: 400,
    retryable: false,
    meaning: "An alert cannot be raised or taken on as it was given",
    remedy: "Use a known level, and words within the limits for message, source, owner and note.",
  },
  "dashboard.alert_flood": {
    status: 503,
    retryable: true,
    meaning: "More alerts wait for room than are kept, of this source or of all",
    remedy:
      "Look at the alert alert_flood: it says how many wait. Resolve what is known, or have the " +
      "source say less; raise maxFiringAlerts when all of it must be seen.",
  },
  "dashboard.alert_not_stored": {
    status: 503,
    retryable: true,
    meaning: "The alert was changed, but the change is not durable yet",
    remedy:
      "Look at the log and the disk. Saying the same again counts it, and raises nothing twice.",
  },
  "dashboard.stopped": {
    status: 503,
    retryable: true,
    meaning: "The dashboard is stopped, or is being started anew with other options",
    remedy: "Try again in a moment.",
  },
  "dashboard.view_unknown": {
    status: 400,
    retryable: false,
    meaning: "There is no such view, or it lacks what it is about",
    remedy:
      "Use system_overview, agent_performance, metrics_detail, alerts or historical, and a range " +
      "with fromMs before toMs.",
  },
  "dashboard.tracker_missing": {
    status: 409,
    retryable: false,
    meaning: "The dashboard has no tracker to ask",
    remedy: "Give the dashboard a performanceTracker.",
  },
  "dashboard.notifications_off": {
    status: 409,
    retryable: false,
    meaning: "There is nobody to notify",
    remedy: "Set dashboard.webhookUrl.",
  },
  "dashboard.export_failed": {
    status: 500,
    retryable: true,
    meaning: "The export could not be written",
    remedy: "Check that the folder exists, is writable and has room.",
  },
} as const satisfies ErrorTable;

/** An error of the dashboard; its code is one of {@link dashboardErrors}. */
export class DashboardError extends CellphoneError {
  /**
   * @param code a key of {@link dashboardErrors}.
   * @param message the thing and its state, for people.
   */
  constructor(
    code: keyof typeof dashboardErrors,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(code, dashboardErrors[code], message, options);
  }
}
