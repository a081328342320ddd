// The dashboard's options.

import { z } from "zod";

import { durationOption } from "../core/index.ts";

/** Options of {@link PerformanceDashboard}. */
export const dashboardConfigSchema = z.object({
  refreshInterval: durationOption(
    "s",
    5,
    "How often update callbacks are called and durations in words are renewed",
    { min: 0.1, max: 3600 },
  ),
  causeDelay: durationOption(
    "s",
    2,
    "How long a cause must hold before the feed mentions it, so that blips stay quiet",
    { min: 0, max: 600 },
  ),
});

/** Options as given; every one has a default. */
export type DashboardOptions = z.input<typeof dashboardConfigSchema>;
