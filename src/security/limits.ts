// Security's limits.

import type { LimitTable } from "../core/index.ts";

/** Every bound that security keeps to. */
export const securityLimits = {
  credentials: {
    value: 100_000,
    unit: "items",
    reason: "Keys in use, in memory for lookup: about 50 MB; ten times the agents of a namespace",
    atLimit: "New keys are refused with security.credentials_full",
  },
  revokedCredentials: {
    value: 10_000,
    unit: "items",
    reason: "Kept so that whoever still uses one is told why it no longer works",
    atLimit: "The longest revoked is forgotten; its user hears that the key is not known",
  },
  sessions: {
    value: 1000,
    unit: "items",
    reason: "Signed-in browsers",
    atLimit: "The oldest session is signed out",
  },
  loginCodes: {
    value: 16,
    unit: "items",
    reason: "Codes that wait to be used; each is a chance to guess",
    atLimit: "The oldest code stops working",
  },
  loginAttempts: {
    value: 10,
    unit: "per minute",
    reason: "40 bits of code cannot be guessed at this pace within 15 minutes",
    atLimit: "security.too_many_attempts with Retry-After",
  },
  attemptAddresses: {
    value: 10_000,
    unit: "items",
    reason: "Addresses whose failures are counted; IPv6 counts by /64",
    atLimit: "The address that failed longest ago is forgotten",
  },
  auditPending: {
    value: 10_000,
    unit: "items",
    reason: "Audit rows waiting to be stored",
    atLimit: "Changes wait for room; further refusals are only counted",
  },
  refusalKinds: {
    value: 500,
    unit: "items",
    reason: "Different refusals (who, what, why) told apart within one window",
    atLimit: "Further kinds share one row that counts them",
  },
  refusalWindowMs: {
    value: 10_000,
    unit: "ms",
    reason: "A flood of equal refusals writes two rows per window: the first, and the count",
    atLimit: "The window ends and its count is written",
  },
  volatileAuditRows: {
    value: 10_000,
    unit: "items",
    reason: "Audit rows of a store in memory, for use as a library",
    atLimit: "The oldest rows are forgotten",
  },
} as const satisfies LimitTable;
