import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { codeLineLimit, countCodeLines, findOversizedFiles } from "./file-sizes.ts";

test("countCodeLines() leaves out blank lines and comments", () => {
  const text = "// why\n\n/**\n * Sentence.\n */\nconst a = 1; // counted\n  \n  // not\nb();\n";
  assert.equal(countCodeLines(text), 2);
});

test("codeLineLimit() gives tests 600, the pages 500, the rest 300", () => {
  assert.equal(codeLineLimit("src/tracker/sketch.test.ts"), 600);
  assert.equal(codeLineLimit("src/web/views/fleet.test.tsx"), 600);
  assert.equal(codeLineLimit("src/web/views/fleet.tsx"), 500);
  assert.equal(codeLineLimit("src/tracker/sketch.ts"), 300);
  assert.equal(codeLineLimit("tools/build.ts"), 300);
});

test("findOversizedFiles() names a file one line over its limit, and none at it", (t) => {
  const root = temporaryFolder(t);
  mkdirSync(path.join(root, "src/core"), { recursive: true });
  writeFileSync(path.join(root, "src/core/at.ts"), "a();\n".repeat(300));
  writeFileSync(path.join(root, "src/core/over.ts"), `// why\n${"a();\n".repeat(301)}`);
  const violations = findOversizedFiles(root);
  assert.deepEqual(
    violations.map(({ file, rule }) => [file, rule]),
    [["src/core/over.ts", "301 lines of code, limit 300"]],
  );
});
