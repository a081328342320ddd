// Bounds that are not options: what keeps one caller from using up what all share.

import type { LimitDefinition } from "../core/index.ts";

/** Fixed limits of communication. */
export const communicationLimits = {
  claimBatch: {
    value: 256,
    unit: "items",
    reason: "One claim is one record batch; more would hold mail back from other claims.",
    atLimit: "A larger max is served as 256.",
  },
  claimBytes: {
    value: 8_388_608,
    unit: "bytes",
    reason: "One claim's answer is held in memory until its agent has read it.",
    atLimit: "The claim ends with the message that reaches it; the rest stays for the next claim.",
  },
  sendBatch: {
    value: 256,
    unit: "items",
    reason: "One call is one commit; a longer one would make others wait.",
    atLimit: "The call is refused with communication.batch_too_large.",
  },
  envelopeBytes: {
    value: 1024,
    unit: "bytes",
    reason: "What a waiting message takes in memory beside its payload: ids, receipt, indexes.",
    atLimit: "Counted with each payload against maxMailboxBytes and maxPendingBytes.",
  },
  waitingClaims: {
    value: 64,
    unit: "items",
    reason: "Waiting claims of one agent; a loop that forgets its claims must not fill memory.",
    atLimit: "The claim is refused with communication.claims_full.",
  },
  waitingReplies: {
    value: 100_000,
    unit: "items",
    reason: "Callers waiting for a reply, in total.",
    atLimit: "The wait is refused with communication.claims_full.",
  },
  leaseMs: {
    value: 86_400_000,
    unit: "ms",
    reason: "A lease longer than a day hides a dead worker.",
    atLimit: "A longer leaseMs is refused with communication.argument_invalid.",
  },
  retryDelayMs: {
    value: 604_800_000,
    unit: "ms",
    reason: "A delay asked for by the recipient; longer ones belong in a calendar.",
    atLimit: "A longer delayMs is refused with communication.argument_invalid.",
  },
  backoffMs: {
    value: 300_000,
    unit: "ms",
    reason: "Exponential backoff beyond five minutes only looks like a lost message.",
    atLimit: "The delay stays at five minutes.",
  },
  keyLength: {
    value: 256,
    unit: "characters",
    reason: "dedupeKey, orderingKey and conversationId are kept in memory.",
    atLimit: "Longer ones are refused with communication.argument_invalid.",
  },
  noteLength: {
    value: 2000,
    unit: "characters",
    reason: "Notes, reasons and titles are lines to read, not documents.",
    atLimit: "Longer ones are cut and end in an ellipsis.",
  },
  capabilities: {
    value: 64,
    unit: "items",
    reason: "Every capability is an index entry for discovery.",
    atLimit: "Registering with more is refused with communication.argument_invalid.",
  },
  metadataBytes: {
    value: 65_536,
    unit: "bytes",
    reason: "Metadata is in memory for every agent.",
    atLimit: "Larger metadata is refused with communication.argument_invalid.",
  },
  settledTokens: {
    value: 10_000,
    unit: "items",
    reason: "Settled tokens remembered so that a repeated settle succeeds.",
    atLimit: "The oldest are forgotten; repeating those says communication.lease_lost.",
  },
  dedupeKeys: {
    value: 500_000,
    unit: "items",
    reason: "Dedupe keys remembered in memory, about 200 bytes each.",
    atLimit: "The oldest are forgotten before their window ends.",
  },
  openTasksPerAgent: {
    value: 1000,
    unit: "items",
    reason: "Tasks an agent started itself and has not ended.",
    atLimit: "Starting another is refused with communication.tasks_full.",
  },
  waitingHeartbeats: {
    value: 4,
    unit: "items",
    reason: "Open heartbeats of one agent: its own, its wrapper's, and those just cut off.",
    atLimit: "The oldest is answered.",
  },
  heartbeatWaitMs: {
    value: 60_000,
    unit: "ms",
    reason: "A heartbeat that waits for longer would be cut by proxies in between.",
    atLimit: "A longer waitMs is refused with communication.argument_invalid.",
  },
  profileSeconds: {
    value: 120,
    unit: "s",
    reason: "A profile is held in the agent's memory while it is taken.",
    atLimit: "A longer profile is refused with communication.argument_invalid.",
  },
  agentCommands: {
    value: 16,
    unit: "items",
    reason: "Commands not yet acknowledged by one agent; one per kind (and profile) is kept.",
    atLimit: "The oldest is dropped.",
  },
  nearMatchSearch: {
    value: 500,
    unit: "items",
    reason: "Comparing a mistyped id with every id of a large fleet takes milliseconds.",
    atLimit: "Only the first so many ids that share a half with it are compared.",
  },
  openRequests: {
    value: 100_000,
    unit: "items",
    reason: "Requests whose answer is awaited, in total; each is an edge of the graph of waits.",
    atLimit: "Further requests are delivered and answered, but show no wait.",
  },
  operatorRequests: {
    value: 1000,
    unit: "items",
    reason:
      "Requests to the operator without an answer; nobody reads more, and they stay for long.",
    atLimit: "A further one is refused with communication.mailbox_full until one is answered.",
  },
  viewsPerTurn: {
    value: 500,
    unit: "items",
    reason: "Views of agents made at a stretch: a few milliseconds of the main thread.",
    atLimit: "Whatever else waits gets its turn, then the list goes on.",
  },
  bestKept: {
    value: 256,
    unit: "items",
    reason: "A search that wants so few agents keeps the best instead of sorting all.",
    atLimit: "All that match are sorted.",
  },
  cycleSearch: {
    value: 10_000,
    unit: "items",
    reason: "Agents visited in search of a circle of waits, so that one search stays short.",
    atLimit: "The search ends without finding a circle.",
  },
} as const satisfies Readonly<Record<string, LimitDefinition>>;
