// Files that are whole or absent: written beside their place, synced, then moved into it, so that
// neither a crash nor a full disk leaves half of one under the name that somebody reads.

import { randomUUID } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";

/** What a file is written from, piece by piece. */
export type FileContent = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** A file could not be written; nothing is left of it. `cause` is the system's error. */
export class WholeFileError extends Error {
  override readonly name = "WholeFileError";
  readonly path: string;

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot write "${path}": ${reason}`, { cause });
    this.path = path;
  }
}

/** Small pieces are gathered up to so many bytes: a write costs more than a copy. */
const GATHERED_BYTES = 65_536;

/**
 * Writes a file readable by its owner only; one that is there is replaced at the end. A symbolic
 * link is followed; devices and pipes (`/dev/stdout`) are written to as they are.
 *
 * @returns its size in bytes.
 * @throws WholeFileError when the file cannot be written; whatever `content` throws passes through.
 */
export async function writeWholeFile(path: string, content: FileContent): Promise<number> {
  const place = await attempt(path, () => findPlace(path));
  if (!place.isReplaceable) return writeInto(path, place.path, "w", content);
  const partial = `${place.path}.${randomUUID()}.partial`;
  try {
    const bytes = await writeInto(path, partial, "wx", content);
    await attempt(path, () => rename(partial, place.path));
    return bytes;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function findPlace(path: string): Promise<{ path: string; isReplaceable: boolean }> {
  try {
    const target = await realpath(path);
    const found = await stat(target);
    // A folder is left to rename(), whose error says what is wrong.
    return { path: target, isReplaceable: found.isFile() || found.isDirectory() };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { path, isReplaceable: true };
    }
    throw error;
  }
}

async function writeInto(
  path: string,
  target: string,
  flags: "w" | "wx",
  content: FileContent,
): Promise<number> {
  await using file = await attempt(path, () => open(target, flags, 0o600));
  const gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await attempt(path, () => file.writeFile(Buffer.concat(gathered)));
    bytes += gatheredBytes;
    gathered.length = 0;
    gatheredBytes = 0;
  };
  for await (const piece of content) {
    const encoded = typeof piece === "string" ? Buffer.from(piece) : piece;
    gathered.push(encoded);
    gatheredBytes += encoded.length;
    if (gatheredBytes >= GATHERED_BYTES) await flush();
  }
  await flush();
  if (flags === "wx") await attempt(path, () => file.sync());
  return bytes;
}

async function attempt<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new WholeFileError(path, cause);
  }
}
