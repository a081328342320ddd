// The options that seal what a command writes, and what they mean.

import type { Command } from "commander";

import type { SealTarget } from "../security/index.ts";
import type { CliContext } from "./context.ts";
import { list } from "./options.ts";
import { askPassphrase } from "./passphrase.ts";

/** What {@link sealingOptions} adds. */
export interface SealingOptions {
  readonly encryptTo?: readonly string[];
  readonly passphrase?: string | true;
}

/** Adds --encrypt-to and --passphrase to a command. */
export function sealingOptions(command: Command): Command {
  return command
    .option("--encrypt-to <recipient>", "seal it for an age recipient (age1…); repeatable", list)
    .option(
      "--passphrase [words]",
      "seal it with a passphrase: CELLPHONE_PASSPHRASE, or asked for, when none is given",
    );
}

/** For whom to seal, or null when not at all; asks for the passphrase if it must. */
export async function sealingOf(
  context: CliContext,
  { encryptTo, passphrase }: SealingOptions,
): Promise<SealTarget | null> {
  if (encryptTo !== undefined && encryptTo.length > 0) return { recipients: encryptTo };
  if (passphrase === undefined) return null;
  if (passphrase !== true) return { passphrase };
  const given = context.surroundings.env["CELLPHONE_PASSPHRASE"];
  return { passphrase: given === undefined || given === "" ? await askPassphrase(context) : given };
}
