// What the command line itself can fail with; the server's own problems are passed on as they are.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Errors of the command line. */
export const cliErrors = {
  "cli.usage": {
    status: 400,
    retryable: false,
    meaning: "The command was not understood",
    remedy: "Run the command with --help to see what it takes.",
  },
  "cli.nothing_like_it": {
    status: 404,
    retryable: false,
    meaning: "A part of an id stands for nothing, or for several things",
    remedy: "Copy more of the id from a list: `cellphone alerts --all`, `calls` or `messages`.",
  },
  "cli.no_trace": {
    status: 404,
    retryable: false,
    meaning: "The message carries no trace",
    remedy: "Give the id of a call or an alert, or of a message that was sent over HTTP.",
  },
  "cli.server_not_running": {
    status: 503,
    retryable: true,
    meaning: "No server answers",
    remedy: "Start one with `cellphone start`, or name another data folder with --data.",
  },
  "cli.server_not_yours": {
    status: 403,
    retryable: false,
    meaning: "The control socket belongs to another user",
    remedy: "Run the command as the user that started the server, or give --url and --key.",
  },
  "cli.enrolment_only": {
    status: 403,
    retryable: false,
    meaning: "An enrolment string lets agents join; it answers no other command",
    remedy: "Unset CELLPHONE_URL to reach the server of this folder, or give --url and --key.",
  },
  "cli.server_refused": {
    status: 502,
    retryable: false,
    meaning: "The server gave an answer that is not part of its interface",
    remedy: "Check that --url names an Agent Cellphone server.",
  },
  "cli.program_not_found": {
    status: 400,
    retryable: false,
    meaning: "The program to run was not found",
    remedy: "Check the words after `--`; a path needs its ./ in front.",
  },
  "cli.profile_failed": {
    status: 502,
    retryable: true,
    meaning: "The profile could not be taken",
    remedy: "See that the agent lives (`cellphone agents`) and that its SDK is of this version.",
  },
  "cli.file_unusable": {
    status: 400,
    retryable: false,
    meaning: "A file could not be read or written",
    remedy: "Check that the path exists and that you may use it.",
  },
} as const satisfies ErrorTable;

/** An error of the command line. */
export class CliError extends CellphoneError {
  constructor(code: keyof typeof cliErrors, message: string, options: CellphoneErrorOptions = {}) {
    super(code, cliErrors[code], message, options);
  }
}

/** Exit codes of every command. */
export const ExitCode = { Ok: 0, Failure: 1, Usage: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
