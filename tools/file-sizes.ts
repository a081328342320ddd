// A file that has outgrown one idea is found by its length. Lines of code are lines that are
// neither blank nor comment.

import { listFiles, readSource, reportViolations } from "./repository.ts";
import type { Violation } from "./repository.ts";

const NOT_CODE = /^\s*($|\/\/|\/?\*)/;

/** Lines that are neither blank nor comment. */
export function countCodeLines(text: string): number {
  return text.split("\n").filter((line) => !NOT_CODE.test(line)).length;
}

/** How many lines of code a file may have: tests 600, the pages 500, everything else 300. */
export function codeLineLimit(file: string): number {
  if (/\.test\.tsx?$/.test(file)) return 600;
  return file.startsWith("src/web/") ? 500 : 300;
}

/** Files over their limit. */
export function findOversizedFiles(root?: string): Violation[] {
  const violations: Violation[] = [];
  for (const file of listFiles(["{src,tools,test,bench,examples}/**/*.{ts,tsx}"], root)) {
    const lines = countCodeLines(readSource(file, root));
    const limit = codeLineLimit(file);
    if (lines <= limit) continue;
    const rule = `${lines} lines of code, limit ${limit}`;
    violations.push({ file, rule, fix: "split it by idea (not by line count) into two files" });
  }
  return violations;
}

if (import.meta.main) reportViolations("file sizes", findOversizedFiles());
