// What can be wrong with a configuration, in core's form.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Errors of configuration. */
export const configurationErrors = {
  "configuration.invalid": {
    status: 400,
    retryable: false,
    meaning: "The configuration holds values that cannot be used",
    remedy: "Correct each line named in the message; `cellphone config` shows what is in force.",
  },
  "configuration.unreadable": {
    status: 400,
    retryable: false,
    meaning: "The configuration file cannot be read",
    remedy: "Correct the file at the line named, or name another one with --config.",
  },
} as const satisfies ErrorTable;

/** An error of configuration. */
export class ConfigurationError extends CellphoneError {
  constructor(
    code: keyof typeof configurationErrors,
    message: string,
    options: CellphoneErrorOptions = {},
  ) {
    super(code, configurationErrors[code], message, options);
  }
}
