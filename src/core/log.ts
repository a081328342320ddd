// How components say what they decide, without knowing the logger. pino satisfies it through a
// one-line adapter in the composition root.

import type { JsonObject } from "./json.ts";

/** A place for structured log lines. */
export interface ComponentLog {
  debug(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/** Says nothing: the default of library mode. */
export const noComponentLog: ComponentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
