// Whether the data folder can still take writes, for /readyz: asked of the file system, so that
// the answer is true before the first write fails, and recovers by itself.

import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { basename } from "node:path";

import type { ReadinessCheck } from "./server/index.ts";
import { storageLimits } from "./storage/index.ts";

/**
 * Looks at a data folder.
 * @param files that must be there.
 */
export async function checkDisk(folder: string, files: readonly string[]): Promise<ReadinessCheck> {
  const gone = files.filter((file) => !existsSync(file)).map((file) => basename(file));
  if (gone.length > 0) return { ok: false, detail: `${gone.join(" and ")} moved or deleted` };
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= storageLimits.freeBytes.value) return { ok: true };
  return { ok: false, detail: `${free} bytes are free on the disk of the data folder` };
}
