// Runs test files with node:test, one process per file, and prints what people act on: failures
// with their error, skipped tests with their reason. Passing tests are a number.

import path from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";

import { repositoryRoot } from "./repository.ts";

/** How a set of test files went. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a test event tells; node:test types it more narrowly per event. */
interface TestOutcome {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly skip?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined; readonly error?: Error };
}

const SLOW_FILE_MS = 10_000;

/** How much longer than a test's timeout a run may be silent. */
const GRACE_MS = 10_000;

/** The last output of a file's process, shown when one of its tests fails. */
const OUTPUT_KEPT = 8_000;

/**
 * Runs files to the end.
 * @param files relative to the clone's top.
 * @param concurrency processes at a time.
 * @param timeoutMs for each test and each file.
 */
export async function runTests(
  files: readonly string[],
  options: { readonly concurrency: number; readonly timeoutMs: number },
): Promise<TestCounts> {
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) return counts;
  const outputOf = new Map<string, string>();
  const failedFiles = new Set<string>();
  const keepOutput = ({ file, message }: { file?: string | undefined; message: string }): void => {
    if (file === undefined) return;
    outputOf.set(file, ((outputOf.get(file) ?? "") + message).slice(-OUTPUT_KEPT));
  };
  using watchdog = new Watchdog(options.timeoutMs + GRACE_MS);
  const stream = run({
    signal: watchdog.signal,
    files: files.map((file) => path.resolve(repositoryRoot, file)),
    concurrency: options.concurrency,
    timeout: options.timeoutMs,
  });
  stream.on("test:stdout", keepOutput);
  stream.on("test:stderr", keepOutput);
  stream.on("test:fail", (outcome) => {
    if (outcome.file !== undefined) failedFiles.add(outcome.file);
    printFailure(outcome);
  });
  stream.on("test:pass", (outcome) => printSkip(outcome));
  stream.on("test:summary", ({ file, counts: all }) => {
    if (file !== undefined) return;
    const skipped = all.skipped + all.todo;
    counts = { passed: all.passed, failed: all.tests - all.passed - skipped, skipped };
  });
  // Reading to the end is what waits; the listeners above have seen every event by then.
  const startedMs = new Map<string, number>();
  for await (const { type, data } of stream) {
    watchdog.restart();
    if (!("file" in data) || typeof data.file !== "string") continue;
    if (!startedMs.has(data.file)) startedMs.set(data.file, performance.now());
    if (type === "test:summary") printSlowFile(data.file, startedMs.get(data.file) ?? 0);
  }
  if (watchdog.signal.aborted) {
    console.log("  a file's process hung (a loop without end?) and the run was ended");
    counts = { ...counts, failed: Math.max(1, counts.failed) };
  }
  for (const file of failedFiles) {
    const output = outputOf.get(file);
    if (output !== undefined) console.log(`  output of ${relative(file)}:\n${indent(output)}`);
  }
  return counts;
}

/** Ends a run in which nothing happens: a loop without end is deaf to node:test's own timeout. */
class Watchdog implements Disposable {
  readonly #abort = new AbortController();
  readonly #silenceMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), this.#silenceMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** People wait for slow files: they are named as they end. */
function printSlowFile(file: string, startedMs: number): void {
  const durationMs = performance.now() - startedMs;
  if (durationMs < SLOW_FILE_MS) return;
  console.log(`  ${relative(file)} took ${(durationMs / 1000).toFixed(0)} s`);
}

function printFailure(outcome: TestOutcome): void {
  const { error } = outcome.details;
  // A suite or parent fails because something below it did, which has been printed already.
  if (error !== undefined && "failureType" in error && error.failureType === "subtestsFailed") {
    return;
  }
  const reason = error?.cause ?? error;
  const text =
    typeof reason === "string" ? reason : withoutNodeFrames(inspect(reason, { depth: 6 }));
  console.log(`  ✗ ${outcome.name}\n    ${place(outcome)}\n${indent(text)}`);
}

function withoutNodeFrames(text: string): string {
  return text.replaceAll(/\n\s+at [^\n]*\(?node:internal\/[^\n]*?(?=( \{)?(\n|$))/g, "");
}

function printSkip(outcome: TestOutcome): void {
  if (outcome.skip === undefined || outcome.skip === false) return;
  const reason = typeof outcome.skip === "string" ? outcome.skip : "no reason given";
  console.log(`  - ${outcome.name}: skipped, ${reason}`);
}

function place({ file, line }: TestOutcome): string {
  if (file === undefined) return "";
  return line === undefined ? relative(file) : `${relative(file)}:${line}`;
}

function relative(file: string): string {
  return path.relative(repositoryRoot, file);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
