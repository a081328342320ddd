// Runs the benchmarks named on the command line, or all, each in a process of its own:
//   npm run bench -- record --json

import { fork } from "node:child_process";
import { readdir } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { parseArgs } from "node:util";

import { RowReport } from "./benchmark.ts";
import type { Benchmark, BenchmarkRow } from "./benchmark.ts";

interface Result {
  readonly rows: readonly BenchmarkRow[];
  readonly notes: readonly string[];
}

async function benchmarks(): Promise<{ benchmark: Benchmark; file: string }[]> {
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".bench.ts"));
  const found = [];
  for (const file of files.sort()) {
    const module: { benchmark?: Benchmark } = await import(`./${file}`);
    if (module.benchmark === undefined) throw new Error(`bench/${file} exports no "benchmark"`);
    found.push({ benchmark: module.benchmark, file });
  }
  return found;
}

/** Runs one benchmark in this process and sends the result to the parent. */
async function runChild(name: string): Promise<void> {
  const found = (await benchmarks()).find(({ benchmark }) => benchmark.name === name);
  if (found === undefined) throw new Error(`No benchmark is called "${name}"`);
  const report = new RowReport(name);
  await found.benchmark.run(report);
  if (!Number.isFinite(report.blackhole)) throw new Error("A contender returned no number");
  const result: Result = { rows: report.rows, notes: report.notes };
  await new Promise<void>((resolve) => process.send?.(result, () => resolve()));
}

function runInProcess(name: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ["--child", name]);
    let result: Result | undefined;
    child.on("message", (message: Result) => {
      result = message;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`The benchmark "${name}" ended with ${code} and no result`));
    });
  });
}

function table(rows: readonly BenchmarkRow[]): string {
  const lines: string[] = [];
  const width = Math.max(...rows.map((row) => row.name.length));
  let group = "";
  for (const row of rows) {
    if (row.group !== group) lines.push("", `  ${row.group}`);
    group = row.group;
    const spread = `${figure(row.fastest)} to ${figure(row.slowest)}`;
    const ratio = row.ratio === null ? "" : `${row.ratio.toFixed(2)}x as good as the peer`;
    const value = `${figure(row.value).padStart(9)} ${row.unit}`;
    lines.push(`    ${row.name.padEnd(width)} ${value}  ${spread.padEnd(20)} ${ratio}`.trimEnd());
  }
  return lines.join("\n");
}

function figure(value: number): string {
  return value >= 1000 ? Math.round(value).toString() : value.toFixed(1);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, child: { type: "string" } },
  });
  if (values.child !== undefined) return runChild(values.child);
  const known = await benchmarks();
  const names = known.map(({ benchmark }) => benchmark.name);
  const wanted = positionals.length === 0 ? names : positionals;
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Error(`No benchmark "${unknown.join(", ")}"; there are: ${names.join(", ")}`);
  }
  const machine = `${cpus()[0]?.model ?? "unknown"} x${cpus().length}, ${platform()} ${arch()}`;
  const header = { atIso: new Date().toISOString(), machine, node: process.version };
  const results: Record<string, Result> = {};
  if (values.json !== true) console.log(`${header.machine}, Node ${header.node}`);
  for (const { benchmark } of known) {
    if (!wanted.includes(benchmark.name)) continue;
    if (values.json !== true) console.log(`\n${benchmark.name}: ${benchmark.description}`);
    const result = await runInProcess(benchmark.name);
    results[benchmark.name] = result;
    if (values.json === true) continue;
    console.log(table(result.rows));
    for (const note of result.notes) console.log(`\n  ${note}`);
  }
  if (values.json === true) console.log(JSON.stringify({ ...header, results }, null, 2));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
