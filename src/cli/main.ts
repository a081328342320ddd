// The command line: parses the words, runs the command, and says every failure in one form.

import { CommanderError } from "commander";

import { CellphoneError } from "../core/index.ts";
import { CliContext } from "./context.ts";
import type { CliSurroundings } from "./context.ts";
import { ServerProblem } from "./control-client.ts";
import { ExitCode } from "./errors.ts";
import { createProgram } from "./program.ts";
import { harmless } from "./terminal.ts";

/**
 * Runs one command.
 * @param argv words as in `process.argv`: the first two are skipped.
 * @returns the exit code: 0 done, 1 failed, 2 not understood, or that of a wrapped program.
 */
export async function run(argv: readonly string[], surroundings: CliSurroundings): Promise<number> {
  const context = new CliContext(surroundings);
  try {
    await createProgram(context).parseAsync([...argv]);
    return context.exitCode;
  } catch (error) {
    return report(error, context, argv.includes("--json"));
  }
}

/** The process's entry: sets its exit code when the command has ended. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that went away (`cellphone agents | head`) is no failure.
  process.stdout.on("error", (error: Error) => {
    if ("code" in error && error.code === "EPIPE") process.exit(ExitCode.Ok);
    throw error;
  });
  process.exitCode = await run(argv, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    directory: process.cwd(),
  });
}

function report(error: unknown, context: CliContext, asJson: boolean): number {
  if (error instanceof CommanderError) return reportUsage(error, context);
  const known = error instanceof CellphoneError || error instanceof ServerProblem;
  const message = error instanceof Error ? error.message : String(error);
  const { err } = context;
  if (asJson) {
    const code = known ? error.code : "cli.failed";
    const remedy = known ? error.remedy : null;
    err.line(JSON.stringify({ error: { code, detail: message, remedy } }));
  } else {
    err.line(`${err.style("down", "error:")} ${message.split("\n").map(harmless).join("\n")}`);
    const remedy = known ? error.remedy : null;
    if (remedy !== null) err.line(err.style("quiet", `       ${remedy}`));
    if (!known && error instanceof Error && context.debug) err.line(error.stack ?? "");
  }
  // As shells and env(1) say it.
  if (known && error.code === "cli.program_not_found") return 127;
  const usage = known && (error.code === "cli.usage" || error.code.startsWith("configuration."));
  return usage ? ExitCode.Usage : ExitCode.Failure;
}

function reportUsage(error: CommanderError, context: CliContext): number {
  if (error.exitCode === 0) return ExitCode.Ok;
  // A command that only groups others prints its help when none is named.
  if (error.code === "commander.help") return ExitCode.Usage;
  const { err } = context;
  const message = error.message.replace(/^error: /, "");
  err.line(`${err.style("down", "error:")} ${harmless(message)}`);
  err.line(err.style("quiet", "       Add --help to see what the command takes."));
  return ExitCode.Usage;
}

if (import.meta.main) await main(process.argv);
