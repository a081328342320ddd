// `cellphone export`: everything of one namespace as JSON, sealed for somebody if wanted.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Command } from "commander";

import { sealStream } from "../../security/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, examples } from "../options.ts";
import { writeFileWhole } from "../output-file.ts";
import { sealingOf, sealingOptions } from "../sealing.ts";
import type { SealingOptions } from "../sealing.ts";
import { formatBytes } from "../terminal.ts";

interface ExportOptions extends ConnectionOptions, SealingOptions {
  readonly out?: string;
}

/** Adds `export`. */
export function registerExport(program: Command, context: CliContext): void {
  const command = sealingOptions(connectionOptions(program.command("export")))
    .summary("everything of a namespace as JSON, sealed if wanted")
    .description(
      "Writes what all five systems hold as one JSON file: metrics; spans and profiles; alerts and " +
        "events; agents, messages and tasks; services and calls. And the audit rows.",
    )
    .option("-o, --out <file>", "write to this file instead of standard output")
    .action(async (options: ExportOptions) => exportNamespace(context, options));
  examples(command, [
    ["export -o fleet.json", "readable by its owner only"],
    [
      "export -o fleet.json.age --encrypt-to age1…",
      "open: age --decrypt -i key.txt fleet.json.age",
    ],
  ]);
}

async function exportNamespace(context: CliContext, options: ExportOptions): Promise<void> {
  const sealing = await sealingOf(context, options);
  const client = context.client(options);
  const response = await client.open("GET", "/api/v1/export", { timeoutMs: 300_000 });
  const content = sealing === null ? response : await sealStream(Readable.toWeb(response), sealing);
  if (options.out === undefined) {
    return pipeline(Readable.from(content), process.stdout, { end: false });
  }
  const bytes = await writeFileWhole(options.out, content);
  if (options.json === true)
    return context.json({ file: options.out, bytes, sealed: sealing !== null });
  const how = sealing === null ? "" : ", sealed in the age format";
  context.out.line(`${options.out}  ${formatBytes(bytes)}${how}`);
}
