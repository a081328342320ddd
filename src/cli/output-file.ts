// Files that a command leaves behind are whole or absent: written beside their place, then moved.

import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { CliError } from "./errors.ts";

/**
 * Writes a file readable by its owner only.
 * @returns its size in bytes.
 * @throws CliError `cli.file_unusable` when it cannot be written; then nothing is left of it.
 */
export async function writeFileWhole(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await pipeline(Readable.from(chunks), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, path);
    return (await stat(path)).size;
  } catch (cause) {
    await rm(partial, { force: true });
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    throw new CliError("cli.file_unusable", `Cannot write ${path}: ${cause.message}`, { cause });
  }
}
