// The errors of all components behind the control plane, for its documentation.

import { communicationErrors } from "./communication/index.ts";
import type { ErrorTable } from "./core/index.ts";
import { dashboardErrors } from "./dashboard/index.ts";
import { gatewayErrors } from "./gateway/index.ts";
import { profilerErrors } from "./profiler/index.ts";
import { storageErrors } from "./storage/index.ts";
import { trackerErrors } from "./tracker/index.ts";

/** Error tables of the components, merged. */
export const componentErrors: ErrorTable = {
  ...communicationErrors,
  ...gatewayErrors,
  ...trackerErrors,
  ...profilerErrors,
  ...dashboardErrors,
  ...storageErrors,
};
