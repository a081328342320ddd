// Files that a command leaves behind are whole or absent; what cannot be written is said in words.

import { WholeFileError, writeWholeFile } from "../files/index.ts";
import type { FileContent } from "../files/index.ts";

import { CliError } from "./errors.ts";

/**
 * Writes a file readable by its owner only.
 * @returns its size in bytes.
 * @throws CliError `cli.file_unusable` when it cannot be written; then nothing is left of it.
 */
export async function writeFileWhole(path: string, content: FileContent): Promise<number> {
  try {
    return await writeWholeFile(path, content);
  } catch (cause) {
    if (!(cause instanceof WholeFileError)) throw cause;
    throw new CliError("cli.file_unusable", cause.message, { cause });
  }
}
