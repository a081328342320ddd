// Where the clone is, and how the checks list files and report what they find.

import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

/** The clone's top folder, absolute. */
export const repositoryRoot = path.resolve(import.meta.dirname, "..");

const programsFolder = path.join(repositoryRoot, "node_modules/.bin");

/** Files matching any of `patterns`, relative to `root` with forward slashes, sorted. */
export function listFiles(patterns: readonly string[], root = repositoryRoot): string[] {
  const found = new Set<string>();
  for (const file of globSync([...patterns], { cwd: root })) {
    const name = file.split(path.sep).join("/");
    if (!/(^|\/)(node_modules|dist)\//.test(name)) found.add(name);
  }
  return [...found].sort();
}

/** Reads a file of the clone as text. */
export function readSource(file: string, root = repositoryRoot): string {
  return readFileSync(path.join(root, file), "utf8");
}

/** One broken rule at one place, and what to do about it. */
export interface Violation {
  readonly file: string;
  readonly line?: number;
  readonly rule: string;
  readonly fix: string;
}

/** Prints violations as `file:line  rule` and `fix: …`, and makes the process exit with 1. */
export function reportViolations(checked: string, violations: readonly Violation[]): void {
  for (const { file, line, rule, fix } of violations) {
    console.log(`${file}${line === undefined ? "" : `:${line}`}  ${rule}\n    fix: ${fix}`);
  }
  const count = violations.length;
  console.log(`${checked}: ${count === 0 ? "clean" : `${count} to mend`}`);
  if (count > 0) process.exitCode = 1;
}

/** The 1-based line of a character offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line++;
  }
  return line;
}

/** What a child process said and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  /** Standard output and standard error in the order they came. */
  readonly output: string;
  readonly durationMs: number;
}

/** Runs a program to its end, collecting what it prints; a missing program has exit code 127. */
export function runCommand(
  command: readonly [string, ...string[]],
  options: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  const startedMs = performance.now();
  const [program, ...args] = command;
  return new Promise((resolve) => {
    let output = "";
    const end = (exitCode: number): void =>
      resolve({ exitCode, output, durationMs: performance.now() - startedMs });
    const child = spawn(program, args, {
      cwd: options.cwd ?? repositoryRoot,
      // npm puts the clone's programs first; `./cellphone` is run without npm.
      env: {
        ...process.env,
        PATH: `${programsFolder}${path.delimiter}${process.env["PATH"] ?? ""}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 300_000,
    });
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    child.on("close", (code, signal) => {
      if (signal !== null) output += `ended by ${signal}\n`;
      end(code ?? 1);
    });
  });
}

/** Runs `work` over `items`, at most `width` at a time; results keep the order of `items`. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
