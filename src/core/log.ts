// The port through which components say what they decide. The server's adapter writes structured
// lines (pino); a component used alone stays silent.

/** Facts that belong to a line, by name; never secrets. */
export type LogDetails = Readonly<Record<string, unknown>>;

/** Structured log lines of one component. `event` is dotted lower case. */
export interface ComponentLog {
  debug(event: string, details?: LogDetails): void;
  info(event: string, details?: LogDetails): void;
  warn(event: string, details?: LogDetails): void;
  error(event: string, details?: LogDetails): void;
}

/** A log that says nothing. */
export const noComponentLog: ComponentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
