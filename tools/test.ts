// `npm test`: every check, then every test, a table of how each went, and a last line
// `N passed, N failed, N skipped` that counts tests. Exits with 1 when anything failed.
//
//   --only unit|integration|browser   that part alone, without the checks
//   --ok                              the checks and the unit tests: before every commit
//   --setup                           first install what tests need from Debian
//   words                             only test files whose path contains one of them

import { parseArgs } from "node:util";

import { checks } from "./checks.ts";
import type { Check } from "./checks.ts";
import { listFiles, mapConcurrently, runCommand } from "./repository.ts";
import { runTests } from "./run-tests.ts";
import type { TestCounts } from "./run-tests.ts";
import { installMissingPackages } from "./test-setup.ts";

interface Suite {
  readonly name: string;
  readonly patterns: readonly string[];
  /** Real servers and browsers side by side would measure each other: they run one by one. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly needsBuild: boolean;
}

const SUITES: readonly Suite[] = [
  {
    name: "unit",
    patterns: ["{src,tools,bench}/**/*.test.{ts,tsx}", "test/support/*.test.ts"],
    concurrency: 2,
    timeoutMs: 120_000,
    needsBuild: false,
  },
  {
    name: "integration",
    patterns: ["test/integration/**/*.test.ts"],
    concurrency: 1,
    timeoutMs: 600_000,
    needsBuild: true,
  },
  {
    name: "browser",
    patterns: ["test/browser/**/*.test.ts"],
    concurrency: 1,
    timeoutMs: 300_000,
    needsBuild: true,
  },
];

interface SummaryRow {
  readonly name: string;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly note: string;
}

const inContinuousIntegration = process.env["CI"] === "true";

async function runCheck(check: Check): Promise<SummaryRow> {
  const { exitCode, output, durationMs } = await runCommand(check.command);
  if (exitCode !== 0) {
    console.log(`\n✗ ${check.name}\n${output.trim()}\n  to mend: ${check.fix}`);
  }
  return { name: check.name, ok: exitCode === 0, durationMs, note: "" };
}

async function runBuild(): Promise<SummaryRow> {
  return runCheck({
    name: "build",
    command: [process.execPath, "tools/build.ts"],
    fix: "mend what is named, then `npm run build`",
  });
}

async function runSuite(
  suite: Suite,
  words: readonly string[],
): Promise<SummaryRow & { readonly counts: TestCounts }> {
  const startedMs = performance.now();
  const files = listFiles(suite.patterns).filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  console.log(`\n${suite.name} tests, ${files.length} files`);
  const counts = await runTests(files, suite);
  const durationMs = performance.now() - startedMs;
  const { passed, failed, skipped } = counts;
  const ok = failed === 0 && !(inContinuousIntegration && skipped > 0);
  if (!ok && failed === 0) console.log("  a skipped test is a failure with CI=true");
  const note = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return { name: `${suite.name} tests`, ok, durationMs, note, counts };
}

function printSummary(rows: readonly SummaryRow[]): void {
  console.log("");
  for (const { name, ok, durationMs, note } of rows) {
    const seconds = `${(durationMs / 1000).toFixed(1)} s`;
    const line = `${ok ? "✓" : "✗"} ${name.padEnd(20)} ${seconds.padStart(8)}   ${note}`;
    console.log(line.trimEnd());
  }
  const broken = rows.filter((row) => !row.ok).map((row) => row.name);
  if (broken.length > 0) console.log(`\nto mend: ${broken.join(", ")}`);
}

async function main(): Promise<void> {
  const { values, positionals: words } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      ok: { type: "boolean", default: false },
      setup: { type: "boolean", default: false },
    },
  });
  const only = values.ok ? "unit" : values.only;
  const suites = SUITES.filter((suite) => only === undefined || suite.name === only);
  if (suites.length === 0) throw new RangeError(`--only ${only}: unit, integration or browser`);
  const installs = values.setup || inContinuousIntegration;
  if (installs && !installMissingPackages()) process.exitCode = 1;

  const rows: SummaryRow[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  if (values.only === undefined) rows.push(...(await mapConcurrently(checks, 2, runCheck)));
  let isBuilt: boolean | undefined;
  for (const suite of suites) {
    if (suite.needsBuild && isBuilt === undefined) {
      const built = await runBuild();
      rows.push(built);
      isBuilt = built.ok;
    }
    if (suite.needsBuild && isBuilt === false) {
      rows.push({ name: `${suite.name} tests`, ok: false, durationMs: 0, note: "not built" });
      continue;
    }
    const row = await runSuite(suite, words);
    rows.push(row);
    total.passed += row.counts.passed;
    total.failed += row.counts.failed;
    total.skipped += row.counts.skipped;
  }
  printSummary(rows);
  if (rows.some((row) => !row.ok)) process.exitCode = 1;
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
}

await main();
