// What can go wrong on the agent's side of the line, and the two errors a handler throws on
// purpose. The table has the form of every component's `errors.ts`.

import { parseDuration } from "./duration.ts";
import type { Duration } from "./duration.ts";

interface ClientErrorDefinition {
  readonly status: number;
  readonly retryable: boolean;
  readonly meaning: string;
  readonly remedy: string;
}

/** Errors the client makes itself; everything else carries the server's own code. */
export const clientErrors = {
  "client.unreachable": {
    status: 0,
    retryable: true,
    meaning: "The server did not answer",
    remedy: "Start it with `npm start`, and check CELLPHONE_URL.",
  },
  "client.response_invalid": {
    status: 0,
    retryable: false,
    meaning: "Something that is not Agent Cellphone answered",
    remedy: "Check that CELLPHONE_URL names the control plane (port 2355 unless configured).",
  },
  "client.key_missing": {
    status: 0,
    retryable: false,
    meaning: "The agent has neither a key nor an enrolment URL",
    remedy: "Set CELLPHONE_URL to an enrolment URL, or CELLPHONE_KEY; `cellphone run` sets both.",
  },
  "client.name_missing": {
    status: 0,
    retryable: false,
    meaning: "The agent has no name",
    remedy: "Pass `name`, or set CELLPHONE_NAME.",
  },
  "client.name_mismatch": {
    status: 0,
    retryable: false,
    meaning: "The key belongs to an agent of another name",
    remedy: "Leave `name` out, or use that agent's own key.",
  },
  "client.reply_timeout": {
    status: 0,
    retryable: true,
    meaning: "No reply came in time",
    remedy: "Give `timeout` more time, or see on the dashboard what the recipient does.",
  },
  "client.request_failed": {
    status: 0,
    retryable: false,
    meaning: "The request became a dead letter, so no reply will come",
    remedy: "Read the reason; mend the recipient and redrive the dead letter.",
  },
  "client.no_gateway": {
    status: 0,
    retryable: false,
    meaning: "The server runs no gateway to call services through",
    remedy: "Turn the gateway on (gateway.enabled), or call the service itself.",
  },
  "client.closed": {
    status: 0,
    retryable: false,
    meaning: "The phone is closed",
    remedy: "Call connect() again.",
  },
} as const satisfies Readonly<Record<string, ClientErrorDefinition>>;

/** How to make a {@link CellphoneClientError}. */
export interface ClientErrorFields {
  /** Dotted lower-case code: the server's, or one of {@link clientErrors}. */
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** What to do about it. */
  readonly remedy: string;
  /** True when the same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** Further members of the server's problem document, such as near matches. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Every failure of a call to the server.
 *
 * @example needs a server
 * const phone = await connect({ name: "worker-1" });
 * try {
 *   await phone.send("plannr", "direct", { hello: true });
 * } catch (error) {
 *   if (error instanceof CellphoneClientError) console.error(error.code, error.remedy);
 * }
 */
export class CellphoneClientError extends Error {
  readonly code: string;
  readonly status: number;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, fields: ClientErrorFields) {
    super(message, { cause: fields.cause });
    this.name = "CellphoneClientError";
    this.code = fields.code;
    this.status = fields.status;
    this.remedy = fields.remedy;
    this.retryable = fields.retryable;
    this.details = fields.details ?? {};
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/** An error of the client's own table. */
export function clientError(
  code: keyof typeof clientErrors,
  message: string,
  cause?: unknown,
): CellphoneClientError {
  const { status, remedy, retryable } = clientErrors[code];
  return new CellphoneClientError(message, { code, status, remedy, retryable, cause });
}

/**
 * Thrown by a handler: hand the message out again later.
 *
 * @example
 * const later = new RetryLater("the index is being rebuilt", { delay: "30s" });
 * console.assert(later.delayMs === 30_000);
 */
export class RetryLater extends Error {
  /** Undefined leaves the delay to the server: exponential in the attempts. */
  readonly delayMs: number | undefined;

  constructor(note: string, options: { readonly delay?: Duration } = {}) {
    super(note);
    this.name = "RetryLater";
    this.delayMs = options.delay === undefined ? undefined : parseDuration(options.delay);
  }
}

/**
 * Thrown by a handler: this message can never be handled; set it aside for a person.
 *
 * @example
 * const error = new DeadLetter('payload has no "path"');
 * console.assert(error instanceof Error);
 */
export class DeadLetter extends Error {
  constructor(note: string) {
    super(note);
    this.name = "DeadLetter";
  }
}
