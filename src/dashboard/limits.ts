// The dashboard's limits.

import type { LimitTable } from "../core/index.ts";

/** Every bound the dashboard keeps to. */
export const dashboardLimits = {
  causeAgentsNamed: {
    value: 3,
    unit: "agents",
    reason: "A sentence that names more than three agents is not read",
    atLimit: 'The rest are counted: "worker-1, worker-2, worker-3 and 9 more"',
  },
  costMinutesPerAgent: {
    value: 1440,
    unit: "items",
    reason: 'A day of per-minute cost per agent answers "since when, how much"',
    atLimit: "The oldest minute is forgotten; the tracker still has it",
  },
  alertsPerQueryDefault: {
    value: 100,
    unit: "items",
    reason: "What a page shows at first",
    atLimit: "The newest are returned; ask for more with limit",
  },
  alertsPerQuery: {
    value: 1000,
    unit: "items",
    reason: "One answer is held in memory as a whole; an export pages instead",
    atLimit: "The limit asked for is lowered to it",
  },
  feedPending: {
    value: 10_000,
    unit: "items",
    reason: "Feed lines waiting to be stored; a burst of this size takes under a second to write",
    atLimit: "Further lines are shown live but not stored; one line says how many",
  },
  feedStored: {
    value: 20_000,
    unit: "items",
    reason: "The tail of events a namespace keeps; older facts are in messages, states and audit",
    atLimit: "The oldest are forgotten",
  },
} as const satisfies LimitTable;
