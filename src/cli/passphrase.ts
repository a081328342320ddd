// Asks for a passphrase without showing it.

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

import type { CliContext } from "./context.ts";
import { CliError } from "./errors.ts";

/**
 * Asks twice on the terminal.
 * @throws CliError `cli.usage` when there is no terminal, or the two differ.
 */
export async function askPassphrase({ surroundings, err }: CliContext): Promise<string> {
  const { stdin } = surroundings;
  if (stdin.isTTY !== true) {
    throw new CliError("cli.usage", "No terminal to ask on: set CELLPHONE_PASSPHRASE");
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: stdin, output: silent, terminal: true });
  try {
    err.output.write("Passphrase: ");
    const first = await prompt.question("");
    err.output.write("\nOnce more: ");
    const second = await prompt.question("");
    err.output.write("\n");
    if (first !== second) throw new CliError("cli.usage", "The two passphrases differ");
    if (first === "") throw new CliError("cli.usage", "An empty passphrase seals nothing");
    return first;
  } finally {
    prompt.close();
  }
}
