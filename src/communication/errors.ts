// Every way communication can refuse, with what to do about it.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorDefinition } from "../core/index.ts";

/** Error codes of communication. */
export const communicationErrors = {
  "communication.name_invalid": {
    status: 400,
    retryable: false,
    meaning: "A name cannot be used",
    remedy: "Use 1 to 128 letters, digits and _ . : -, starting with a letter or digit.",
  },
  "communication.name_reserved": {
    status: 400,
    retryable: false,
    meaning: "The name is reserved",
    remedy:
      'Choose another name: the id "cellphone" and message types starting with "cellphone." or ' +
      '"delivery_failed" belong to the server, the id "operator" to people.',
  },
  "communication.argument_invalid": {
    status: 400,
    retryable: false,
    meaning: "An argument cannot be used",
    remedy: "Correct the argument the message names.",
  },
  "communication.priority_unknown": {
    status: 400,
    retryable: false,
    meaning: "No such priority",
    remedy: "Use low, normal, high or urgent.",
  },
  "communication.status_unknown": {
    status: 400,
    retryable: false,
    meaning: "No such agent status",
    remedy: "Use online, offline, busy, idle, error or maintenance.",
  },
  "communication.payload_invalid": {
    status: 400,
    retryable: false,
    meaning: "The payload is not JSON",
    remedy: "Send only text, finite numbers, booleans, null, lists and plain objects.",
  },
  "communication.payload_too_large": {
    status: 413,
    retryable: false,
    meaning: "The payload is too large",
    remedy: "Send a reference to the data instead, or raise communication.maxPayloadBytes.",
  },
  "communication.batch_too_large": {
    status: 413,
    retryable: false,
    meaning: "Too many messages in one call",
    remedy: "Split the list; one call takes at most 256 messages.",
  },
  "communication.agent_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such agent",
    remedy: "Check the id (names like it are in the message), or register the agent first.",
  },
  "communication.recipient_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such recipient",
    remedy: "Check the id (names like it are in the message), or find an agent by its capability.",
  },
  "communication.agent_quarantined": {
    status: 403,
    retryable: false,
    meaning: "The agent is quarantined: nothing it sends, finishes or measures is taken",
    remedy: "Ask whoever runs the fleet to release it; heartbeats and reading go on meanwhile.",
  },
  "communication.agents_full": {
    status: 409,
    retryable: false,
    meaning: "The registry is full",
    remedy: "Unregister agents that are gone, or raise communication.maxAgents.",
  },
  "communication.mailbox_full": {
    status: 429,
    retryable: true,
    meaning: "The recipient's inbox is full",
    remedy: "Send again later, or find another agent with the same capability.",
  },
  "communication.pending_full": {
    status: 503,
    retryable: true,
    meaning: "Too many bytes wait in all inboxes together",
    remedy: "Send again later; see which agents do not take their mail.",
  },
  "communication.claims_full": {
    status: 429,
    retryable: true,
    meaning: "Too many claims of this agent are waiting",
    remedy: "Claim several messages in one call (max), instead of many calls at once.",
  },
  "communication.token_invalid": {
    status: 400,
    retryable: false,
    meaning: "This is no lease token",
    remedy: "Pass the token of a claimed message, unchanged.",
  },
  "communication.lease_lost": {
    status: 409,
    retryable: false,
    meaning: "The lease is no longer yours",
    remedy: "Drop the work: the message was settled or goes to another claim. Extend in time.",
  },
  "communication.message_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such message",
    remedy: "Check the id; settled messages are forgotten beyond communication.maxMessageHistory.",
  },
  "communication.delivery_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such delivery",
    remedy:
      "Check the id; settled messages are forgotten beyond communication.maxMessageHistory, dead " +
      "letters beyond communication.maxDeadLetters.",
  },
  "communication.delivery_not_dead": {
    status: 409,
    retryable: false,
    meaning: "Only dead letters can be redriven",
    remedy: "List the dead letters to see which there are.",
  },
  "communication.reply_timeout": {
    status: 504,
    retryable: true,
    meaning: "No reply within the time given",
    remedy: "Wait again with the same message id; the request stays open.",
  },
  "communication.request_dead": {
    status: 410,
    retryable: false,
    meaning: "The request is a dead letter and will not be answered",
    remedy: "See why in its receipt; redrive it or ask another agent.",
  },
  "communication.task_unknown": {
    status: 404,
    retryable: false,
    meaning: "No such task",
    remedy: "Check the id.",
  },
  "communication.task_ended": {
    status: 409,
    retryable: false,
    meaning: "The task has ended",
    remedy: "Start another task.",
  },
  "communication.tasks_full": {
    status: 429,
    retryable: true,
    meaning: "The agent has too many open tasks",
    remedy: "End tasks before starting more.",
  },
  "communication.store_failed": {
    status: 503,
    retryable: true,
    meaning: "The change could not be stored, and did not happen",
    remedy: "Try again with the same dedupeKey; check the disk if it goes on.",
  },
  "communication.stopped": {
    status: 503,
    retryable: true,
    meaning: "Communication is stopped",
    remedy: "Connect again once the server is up.",
  },
  "communication.export_failed": {
    status: 500,
    retryable: false,
    meaning: "The export could not be written",
    remedy: "Choose a path in a folder that exists and can be written.",
  },
} as const satisfies Readonly<Record<string, ErrorDefinition>>;

/** A code of {@link communicationErrors}. */
export type CommunicationErrorCode = keyof typeof communicationErrors;

/**
 * A refusal of communication.
 * @example
 * const error = new CommunicationError("communication.task_unknown", 'No task "t1"');
 * console.assert(error.status === 404);
 */
export class CommunicationError extends CellphoneError {
  constructor(code: CommunicationErrorCode, message: string, options: CellphoneErrorOptions = {}) {
    super(code, communicationErrors[code], message, options);
  }
}
