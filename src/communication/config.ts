// The options of communication, and the same in milliseconds as the code uses them.

import { z } from "zod";

import { countOption, durationOption } from "../core/index.ts";

const DAY_S = 86_400;
const GIBIBYTE = 1_073_741_824;

/**
 * Schema of the options; every field has its unit, default and description. Options of other
 * components are ignored, so that one object can configure several.
 */
export const communicationConfigSchema = z.object({
  heartbeatInterval: durationOption(
    "s",
    30,
    "How often agents should send a heartbeat. Three missed ones make an agent down.",
    { min: 0.05, max: 3600 },
  ),
  messageTimeout: durationOption(
    "s",
    300,
    "A message not settled within this time while its recipient is online becomes a dead letter.",
    { min: 0.05, max: 30 * DAY_S },
  ),
  maxMessageHistory: countOption(
    "items",
    10_000,
    "How many settled messages are kept, the newest. Unsettled ones are never dropped, and dead " +
      "letters do not count.",
    { min: 0, max: 1_000_000_000 },
  ),
  maxDeadLetters: countOption(
    "items",
    10_000,
    "How many messages with a dead letter are kept, the newest, however many others follow.",
    { min: 0, max: 1_000_000 },
  ),
  messageRetentionDays: durationOption(
    "days",
    30,
    "How long settled messages, dead letters, ended tasks and states of agents are kept, however " +
      "few they are; whoever waits for an answer to one of them then stops waiting. What is not " +
      "settled or ended, and an agent's last state, is never dropped.",
    { min: 1 / 24, max: 3650 },
  ),
  leaseDuration: durationOption(
    "s",
    60,
    "How long a claimed message is the claimer's, unless extended.",
    { min: 0.05, max: DAY_S },
  ),
  maxAttempts: countOption(
    "items",
    5,
    "How often a message is handed out before it becomes a dead letter.",
    { min: 1, max: 1000 },
  ),
  retryDelay: durationOption(
    "s",
    1,
    "Delay before the second attempt; doubles with every further one, up to 300 s.",
    { min: 0, max: 300 },
  ),
  stuckAfter: durationOption(
    "s",
    600,
    "An agent that holds work, or has mail it does not take, and puts out nothing for this long " +
      "is stuck.",
    { min: 0.05, max: 30 * DAY_S },
  ),
  deadlockAfter: durationOption(
    "s",
    10,
    "Agents that wait on each other in a circle are stuck once every wait is this old.",
    { min: 0.05, max: DAY_S },
  ),
  forgetAfter: durationOption(
    "days",
    7,
    "Agents without life for this long leave the screens, not the history.",
    { min: 0.001, max: 3650 },
  ),
  dedupeWindow: durationOption("s", DAY_S, "How long a dedupeKey is remembered.", {
    min: 0,
    max: 30 * DAY_S,
  }),
  maxMailboxMessages: countOption("items", 10_000, "Most unsettled messages per agent.", {
    min: 1,
    max: 10_000_000,
  }),
  maxMailboxBytes: countOption(
    "bytes",
    67_108_864,
    "Most bytes of unsettled messages per agent: payloads, and 1 KiB for what surrounds each.",
    { min: 2048, max: 64 * GIBIBYTE },
  ),
  maxPendingBytes: countOption(
    "bytes",
    536_870_912,
    "Most bytes of unsettled messages in total, counted as for maxMailboxBytes.",
    { min: 2048, max: 64 * GIBIBYTE },
  ),
  maxAgents: countOption("items", 10_000, "Most registered agents.", { min: 1, max: 1_000_000 }),
  maxPayloadBytes: countOption("bytes", 1_048_576, "Most bytes of one payload, as JSON.", {
    min: 16,
    max: 67_108_864,
  }),
});

/** Options of communication; every one may be left out. */
export type CommunicationOptions = z.input<typeof communicationConfigSchema>;

/** The options as the code uses them: durations in milliseconds. */
export interface CommunicationSettings {
  readonly heartbeatIntervalMs: number;
  readonly messageTimeoutMs: number;
  readonly maxMessageHistory: number;
  readonly maxDeadLetters: number;
  readonly messageRetentionMs: number;
  readonly leaseMs: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly stuckAfterMs: number;
  readonly deadlockAfterMs: number;
  readonly forgetAfterMs: number;
  readonly dedupeWindowMs: number;
  readonly maxMailboxMessages: number;
  readonly maxMailboxBytes: number;
  readonly maxPendingBytes: number;
  readonly maxAgents: number;
  readonly maxPayloadBytes: number;
}

/**
 * Parses options and turns durations into milliseconds.
 * @throws z.ZodError naming the option that cannot be used.
 */
export function communicationSettings(options: CommunicationOptions): CommunicationSettings {
  const parsed = communicationConfigSchema.parse(options);
  return {
    heartbeatIntervalMs: milliseconds(parsed.heartbeatInterval),
    messageTimeoutMs: milliseconds(parsed.messageTimeout),
    maxMessageHistory: parsed.maxMessageHistory,
    maxDeadLetters: parsed.maxDeadLetters,
    messageRetentionMs: milliseconds(parsed.messageRetentionDays, DAY_S * 1000),
    leaseMs: milliseconds(parsed.leaseDuration),
    maxAttempts: parsed.maxAttempts,
    retryDelayMs: milliseconds(parsed.retryDelay),
    stuckAfterMs: milliseconds(parsed.stuckAfter),
    deadlockAfterMs: milliseconds(parsed.deadlockAfter),
    forgetAfterMs: milliseconds(parsed.forgetAfter, DAY_S * 1000),
    dedupeWindowMs: milliseconds(parsed.dedupeWindow),
    maxMailboxMessages: parsed.maxMailboxMessages,
    maxMailboxBytes: parsed.maxMailboxBytes,
    maxPendingBytes: parsed.maxPendingBytes,
    maxAgents: parsed.maxAgents,
    maxPayloadBytes: parsed.maxPayloadBytes,
  };
}

// A duration option holds a number of its unit once parsed.
function milliseconds(value: number | string | undefined, unitMs = 1000): number {
  return Number(value) * unitMs;
}
