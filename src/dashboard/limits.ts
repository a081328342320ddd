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
  alertTouchMs: {
    value: 10_000,
    unit: "ms",
    reason: "A value that changes at every refresh is no news; storing it each time is a burden",
    atLimit: "Words and values of an alert are renewed this often; level and agents at once",
  },
  alertRestoreGraceMs: {
    value: 60_000,
    unit: "ms",
    reason: "After a restart agents and services need a while until they are seen again",
    atLimit: "An alert restored and not seen by then begins to clear",
  },
  alertFlapWindowMs: {
    value: 900_000,
    unit: "ms",
    reason: "What comes back within a quarter of an hour flaps; it is one story, not many",
    atLimit: "What comes back later starts afresh",
  },
  alertFlapKeepMs: {
    value: 600_000,
    unit: "ms",
    reason: "An alert that flaps is kept firing longer each time, doubling from 30 s",
    atLimit: "It resolves when it was gone for this long",
  },
  alertFlapKeys: {
    value: 10_000,
    unit: "items",
    reason: "Keys of alerts resolved lately, to know which come back; under 2 MB",
    atLimit: "The oldest are forgotten and start afresh",
  },
  alertQuietMs: {
    value: 300_000,
    unit: "ms",
    reason: "What a person resolved should not be back within seconds while its cause still holds",
    atLimit: "It is raised again when it still holds, or before when it is worse",
  },
  alertsWaiting: {
    value: 10_000,
    unit: "items",
    reason: "Alerts said during a flood wait for room; each takes about a kilobyte",
    atLimit: "Further ones are only counted, in the words of the flood's alert",
  },
  alertAgents: {
    value: 1000,
    unit: "agents",
    reason: "An alert about a fleet names agents to act on, and is stored whenever they change",
    atLimit: "The first are named; its words and context count all",
  },
  ruleAgentsPerRefresh: {
    value: 1000,
    unit: "agents",
    reason: "Looking at a thousand agents takes milliseconds of the main thread",
    atLimit: "The others are looked at in the next refreshes, in turn",
  },
  hostUsageStaleMs: {
    value: 120_000,
    unit: "ms",
    reason: "Usage somebody recorded two minutes ago says little about now",
    atLimit: "The machine's usage is unknown until it is recorded again",
  },
  alertsPending: {
    value: 20_000,
    unit: "items",
    reason: "Alerts that changed and wait for a store that is slow or fails",
    atLimit: "Resolved ones that changed first are given up and counted in a line of the feed",
  },
  alertWords: {
    value: 2000,
    unit: "items",
    reason: "A message is a sentence; longer facts belong into its context",
    atLimit: "An alert with a longer message is refused",
  },
  alertContextBytes: {
    value: 16_384,
    unit: "bytes",
    reason: "Thousands of alerts are kept in memory while they fire",
    atLimit: "An alert with a larger context is refused",
  },
  causesShown: {
    value: 50,
    unit: "items",
    reason: "The summary goes to every viewer at every refresh, and nobody reads more rows",
    atLimit: "The rest become one row that counts them; the alerts page lists them",
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
  notificationAlerts: {
    value: 100,
    unit: "items",
    reason: "A notification is read by a person; receivers limit bodies, often to a megabyte",
    atLimit: "Further ones are counted in truncatedAlerts; those not told yet go into the next",
  },
  notificationBytes: {
    value: 500_000,
    unit: "bytes",
    reason: "Receivers limit bodies, often to a megabyte, and one waits in memory for each rule",
    atLimit: "Further alerts are counted in truncatedAlerts; those not told yet go into the next",
  },
  notificationEnded: {
    value: 1000,
    unit: "items",
    reason: "Alerts of one rule that ended while the receiver was down; each takes a kilobyte",
    atLimit: "The end of those that ended first is not told",
  },
  notificationsWaiting: {
    value: 100,
    unit: "items",
    reason: "At most one notification waits for each rule, and there are far fewer rules",
    atLimit: "Those of further rules are not sent, counted in notifications_failed and logged",
  },
  notificationsInFlight: {
    value: 4,
    unit: "items",
    reason: "One that the receiver is slow to answer should not hold up those of other rules",
    atLimit: "The others wait for their turn; while the receiver fails, one at a time is sent",
  },
  notificationAgeMs: {
    value: 3_600_000,
    unit: "ms",
    reason: "A notification of an hour ago misleads; what still fires is better told anew",
    atLimit:
      "It is given up, counted in notifications_failed and said in the feed; what still fires " +
      "goes into another one",
  },
  notificationSilenceMs: {
    value: 300_000,
    unit: "ms",
    reason: "Receivers restart within minutes; after five somebody should know",
    atLimit: "The feed says that nothing was delivered, and why, once until it is again",
  },
  reportRows: {
    value: 500,
    unit: "items",
    reason: "A report is read and printed by people",
    atLimit: "It says how many more there are",
  },
  viewAgents: {
    value: 200,
    unit: "agents",
    reason: "Each agent of the view costs a summary of its metrics",
    atLimit: "The first by name are returned, and how many there are; ask for one by agentId",
  },
  viewSnapshots: {
    value: 1440,
    unit: "items",
    reason: "A day of snapshots at one a minute",
    atLimit: "Older ones are left out; the charts reach further back",
  },
  viewCharts: {
    value: 12,
    unit: "items",
    reason: "More charts than fit a page are not read",
    atLimit: "The others are left out; ask for one by metric",
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
