import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../test/support/temporary-folder.ts";

/** Runs node with `args` as a person would, outside of the test runner around this file. */
function runNode(args: readonly string[]): { status: number | null; lines: string[] } {
  const { NODE_TEST_CONTEXT: _context, CI: _ci, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  return { status, lines: stdout.trimEnd().split("\n") };
}

test("npm test ends with one line that counts passed, failed and skipped tests", () => {
  const tool = path.join(import.meta.dirname, "test.ts");
  const { status, lines } = runNode([tool, "--only", "unit", "src/core/duration"]);
  assert.equal(status, 0);
  assert.match(lines.at(-1) ?? "", /^[1-9]\d* passed, 0 failed, 0 skipped$/);
});

test("runTests() counts failures and skips, and prints the error and the reason", (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "sample.test.mjs");
  const sample = [
    'import { test } from "node:test";',
    'test("good", () => {});',
    'test("bad", () => { throw new Error("broke down"); });',
    'test("later", (t) => t.skip("needs chromium"));',
  ];
  writeFileSync(file, sample.join("\n"));
  const program = [
    `import { runTests } from ${JSON.stringify(path.join(import.meta.dirname, "run-tests.ts"))};`,
    `const counts = await runTests([${JSON.stringify(file)}], { concurrency: 1, timeoutMs: 9000 });`,
    "console.log(JSON.stringify(counts));",
  ];
  writeFileSync(path.join(folder, "run.mjs"), program.join("\n"));
  const { lines } = runNode([path.join(folder, "run.mjs")]);
  assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), { passed: 1, failed: 1, skipped: 1 });
  const output = lines.join("\n");
  assert.match(output, /✗ bad\n.*sample\.test\.mjs:3\n.*broke down/);
  assert.match(output, /- later: skipped, needs chromium/);
});
