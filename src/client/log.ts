// Where the client says what its caller should know; replaceable by any logger.

/** The four levels used. */
export interface ClientLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Warnings and errors go to the console, the rest nowhere. */
export const consoleLog: ClientLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => console.warn(`agent-cellphone: ${message}`),
  error: (message) => console.error(`agent-cellphone: ${message}`),
};
