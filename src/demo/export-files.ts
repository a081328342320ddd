// Splits what the demo left on the server into files: one per system, with a manifest.

import type { DemoControl } from "./ports.ts";

/** One file written. */
export interface ExportedFile {
  readonly name: string;
  readonly bytes: number;
}

/** Writes one file, sealed or not; returns its name and size as written. */
export type ExportWriter = (name: string, content: Uint8Array) => Promise<ExportedFile>;

/** Exports the namespace; the files in order of writing, the manifest last. */
export async function exportFiles(
  control: DemoControl,
  metadata: Readonly<Record<string, unknown>>,
  write: ExportWriter,
): Promise<readonly ExportedFile[]> {
  const all = await control.call<Record<string, unknown>>("GET", "/api/v1/export", {
    timeoutMs: 60_000,
  });
  const { exportedAt, namespace, ...parts } = all;
  const files: ExportedFile[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (typeof part !== "object" || part === null) continue;
    const content = Array.isArray(part) ? { exportedAt, namespace, [name]: part } : part;
    files.push(await write(`${name}.json`, toBytes(content)));
  }
  const manifest = { exportedAt, namespace, ...metadata, files: [...files] };
  files.push(await write("manifest.json", toBytes(manifest)));
  return files;
}

function toBytes(content: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
}
