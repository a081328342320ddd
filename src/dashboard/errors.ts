// The dashboard's errors.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Codes of the dashboard. */
export const dashboardErrors = {
  "dashboard.not_started": {
    status: 503,
    retryable: true,
    meaning: "The dashboard is not running",
    remedy: "Call start() first, or wait until the server is ready.",
  },
} as const satisfies ErrorTable;

/** An error of the dashboard. */
export class DashboardError extends CellphoneError {
  constructor(
    code: keyof typeof dashboardErrors,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(code, dashboardErrors[code], message, options);
  }
}
