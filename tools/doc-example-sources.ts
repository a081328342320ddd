// Where examples stand: fenced blocks in Markdown, @example in docstrings.

import { parseSync } from "vite";

import { lineAt } from "./repository.ts";

/** One example as written. */
export interface DocExample {
  readonly file: string;
  /** Line of its first line of code. */
  readonly line: number;
  readonly language: "ts" | "python";
  readonly code: string;
  /** Run it, beyond compiling it. */
  readonly run: boolean;
  /** What a docstring's example uses without importing: exports of its file and of its folder. */
  readonly exports: readonly ExportedName[];
}

/** A name that a file exports. */
export interface ExportedName {
  readonly file: string;
  readonly name: string;
  readonly typeOnly: boolean;
}

/** The ```ts and ```python blocks of a page; `ts run` marks those that are run. */
export function markdownExamples(file: string, text: string): DocExample[] {
  const examples: DocExample[] = [];
  const fence = /^( *)```(ts|typescript|python)\b([^\n]*)\n([\s\S]*?)^\1```\s*$/gm;
  for (const match of text.matchAll(fence)) {
    const [whole, indentation = "", language, words = "", code = ""] = match;
    const line = lineAt(text, match.index + whole.indexOf("\n")) + 1;
    examples.push({
      file,
      line,
      language: language === "python" ? "python" : "ts",
      code: indentation === "" ? code : code.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
      run: /\brun\b/.test(words),
      exports: [],
    });
  }
  return examples;
}

/** The names a file exports. */
export function exportedNames(file: string, text: string): ExportedName[] {
  return parseSync(file, text)
    .module.staticExports.flatMap(({ entries }) => entries)
    .map(({ exportName, isType }) => ({ file, name: exportName.name ?? "", typeOnly: isType }))
    .filter(({ name }) => name !== "");
}

/** The @example blocks of a file's docstrings; all are run but `@example needs a server`. */
export function docstringExamples(
  file: string,
  text: string,
  folderExports: readonly ExportedName[] = [],
): DocExample[] {
  if (!text.includes("@example")) return [];
  const { comments } = parseSync(file, text);
  const exports = [...exportedNames(file, text), ...folderExports];
  const examples: DocExample[] = [];
  for (const comment of comments) {
    if (comment.type !== "Block" || !comment.value.startsWith("*")) continue;
    const firstLine = lineAt(text, comment.start);
    const lines = comment.value.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
    for (const [index, line] of lines.entries()) {
      if (!/^@example\b/.test(line)) continue;
      const rest = lines.slice(index + 1);
      const end = rest.findIndex((next) => /^@\w/.test(next));
      const body = end === -1 ? rest : rest.slice(0, end);
      const code = body.map((each) => (each.startsWith("```") ? "" : each)).join("\n");
      const at = firstLine + index + 1;
      const run = !/\bneeds\b/.test(line);
      examples.push({ file, line: at, language: "ts", code, run, exports });
    }
  }
  return examples;
}
