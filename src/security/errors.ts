// What can go wrong between a caller and what it may do.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Errors of identities, authorisation and sealing. */
export const securityErrors = {
  "security.key_missing": {
    status: 401,
    retryable: false,
    meaning: "No key was given",
    remedy:
      'Send "Authorization: Bearer <key>" (agents: CELLPHONE_KEY), or sign in: ./cellphone login.',
  },
  "security.key_unknown": {
    status: 401,
    retryable: false,
    meaning: "The key is not known",
    remedy: "Check that the whole key was copied and that it belongs to this server; enrol again.",
  },
  "security.key_replaced": {
    status: 401,
    retryable: false,
    meaning: "Another process has taken over this agent's name",
    remedy: "Stop this process if the other one is meant to run, or enrol under another name.",
  },
  "security.key_revoked": {
    status: 401,
    retryable: false,
    meaning: "The key has been revoked",
    remedy: "Ask whoever runs the fleet for a new one.",
  },
  "security.key_expired": {
    status: 401,
    retryable: false,
    meaning: "The key has expired",
    remedy: "Sign in again (./cellphone login), or make a new enrolment.",
  },
  "security.forbidden": {
    status: 403,
    retryable: false,
    meaning: "This caller may not do that",
    remedy: "Use an admin's key or session, or act as the agent the key belongs to.",
  },
  "security.not_the_sender": {
    status: 403,
    retryable: false,
    meaning: "An agent may speak only for itself",
    remedy: "Leave the agent's id out, or give the id the key belongs to.",
  },
  "security.cross_site": {
    status: 403,
    retryable: false,
    meaning: "A change came from another site's page",
    remedy: "Use the pages of this server; scripts send a key instead of the cookie.",
  },
  "security.name_in_use": {
    status: 409,
    retryable: true,
    meaning: "A live process holds this agent's name",
    remedy:
      "Choose another name, stop that process, or take over with `--replace` (`replace: true`).",
  },
  "security.name_not_yours": {
    status: 403,
    retryable: false,
    meaning: "The name was enrolled with another enrolment",
    remedy: "Choose another name, use that enrolment, or have an admin unregister the agent.",
  },
  "security.login_code_invalid": {
    status: 401,
    retryable: false,
    meaning: "The sign-in code is wrong, used or expired",
    remedy: "Print another with ./cellphone login; a code works once, for 15 minutes.",
  },
  "security.too_many_attempts": {
    status: 429,
    retryable: true,
    meaning: "Too many failed sign-ins from this address",
    remedy: "Wait as long as Retry-After says, then try again.",
  },
  "security.credentials_full": {
    status: 503,
    retryable: true,
    meaning: "There are too many keys",
    remedy: "Unregister agents and delete enrolments that are no longer used.",
  },
  "security.enrolment_unknown": {
    status: 404,
    retryable: false,
    meaning: "There is no such enrolment",
    remedy: "List enrolments with GET /api/v1/enrolments.",
  },
  "security.recipient_invalid": {
    status: 400,
    retryable: false,
    meaning: "The key to seal to is not an age recipient",
    remedy: "Give a public key that starts with age1, as `age-keygen` prints it.",
  },
  "security.seal_unopened": {
    status: 400,
    retryable: false,
    meaning: "The sealed file cannot be opened",
    remedy: "Check the passphrase or identity, and that the file is whole.",
  },
} as const satisfies ErrorTable;

/** Codes of {@link securityErrors}. */
export type SecurityErrorCode = keyof typeof securityErrors;

/** An error of identities, authorisation or sealing. */
export class SecurityError extends CellphoneError {
  constructor(code: SecurityErrorCode, message: string, options?: CellphoneErrorOptions) {
    super(code, securityErrors[code], message, options);
  }
}
