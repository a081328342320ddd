// Security's options.

import { z } from "zod";

import { countOption, durationOption } from "../core/index.ts";

const DAY_S = 86_400;

/** Options of {@link IdentityService} and {@link AuditLog}. */
export const securityConfigSchema = z.object({
  sessionDuration: durationOption("s", 7 * DAY_S, "How long a browser stays signed in", {
    min: 60,
    max: 365 * DAY_S,
  }),
  loginCodeDuration: durationOption("s", 900, "How long a sign-in code may be redeemed", {
    min: 10,
    max: 3600,
  }),
  enrolmentDuration: durationOption(
    "s",
    30 * DAY_S,
    "How long an enrolment works when its maker names no other duration",
    { min: 60, max: 3650 * DAY_S },
  ),
  auditRetention: durationOption(
    "days",
    365,
    "How long audit rows, and keys that no longer work, are kept",
    { min: 1, max: 3650 },
  ),
  loginAttempts: countOption(
    "items",
    10,
    "Failed sign-ins allowed per address and minute before it has to wait",
    { min: 1, max: 1000 },
  ),
});

/** Options as given; every one has a default. */
export type SecurityOptions = z.input<typeof securityConfigSchema>;
