// Writes what the demo left on the server as files: one per system, with a manifest.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { DemoControl } from "./ports.ts";

/** Encrypts a file's bytes; the name gets the ending. */
export interface Sealer {
  readonly ending: string;
  seal(bytes: Uint8Array): Promise<Uint8Array>;
}

/** One file written. */
export interface ExportedFile {
  readonly name: string;
  readonly bytes: number;
}

/** Exports the namespace into `folder`, sealed if wanted; the files in order of writing. */
export async function exportFiles(
  control: DemoControl,
  folder: string,
  metadata: Readonly<Record<string, unknown>>,
  sealer: Sealer | null,
): Promise<readonly ExportedFile[]> {
  const all = await control.call<Record<string, unknown>>("GET", "/api/v1/export", {
    timeoutMs: 60_000,
  });
  await mkdir(folder, { recursive: true });
  const files: ExportedFile[] = [];
  const write = async (name: string, content: unknown): Promise<void> => {
    const plain = new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
    const bytes = sealer === null ? plain : await sealer.seal(plain);
    const fileName = `${name}.json${sealer?.ending ?? ""}`;
    await writeFile(join(folder, fileName), bytes);
    files.push({ name: fileName, bytes: bytes.length });
  };
  const { exportedAt, namespace, ...parts } = all;
  for (const [name, part] of Object.entries(parts)) {
    if (typeof part !== "object" || part === null) continue;
    await write(name, Array.isArray(part) ? { exportedAt, namespace, [name]: part } : part);
  }
  await write("manifest", { exportedAt, namespace, ...metadata, files: [...files] });
  return files;
}
