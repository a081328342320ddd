// What is checked about the code without running it, and how to mend each finding.

/** One check: a command that exits with 0 when all is well. */
export interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** What to do when it fails. */
  readonly fix: string;
}

const tool = (file: string, ...args: string[]): [string, ...string[]] => [
  process.execPath,
  `tools/${file}`,
  ...args,
];

/** In order of the summary; they run two at a time. */
export const checks: readonly Check[] = [
  { name: "format", command: ["oxfmt", "--check"], fix: "npm run format" },
  {
    name: "lint",
    command: ["oxlint", "--type-aware", "--quiet"],
    fix: "mend what is named; `npx oxlint --type-aware --fix` mends some of it",
  },
  { name: "types", command: ["tsc", "-p", "."], fix: "mend what is named" },
  {
    name: "types of the pages",
    command: ["tsc", "-p", "tsconfig.web.json"],
    fix: "mend what is named",
  },
  {
    name: "types of their tests",
    command: ["tsc", "-p", "tsconfig.web-tests.json"],
    fix: "mend what is named",
  },
  {
    name: "import walls",
    command: tool("import-walls.ts"),
    fix: "each line says how; the layers are drawn in ARCHITECTURE.md",
  },
  { name: "lock file", command: tool("lockfile.ts"), fix: "each line says how" },
  { name: "file sizes", command: tool("file-sizes.ts"), fix: "split by idea" },
  {
    name: "dead code",
    command: ["knip", "--no-progress", "--no-config-hints"],
    fix: "delete what nobody uses, or drop its `export`",
  },
  {
    name: "generated docs",
    command: tool("docs.ts", "--check"),
    fix: "npm run docs, and commit what it wrote",
  },
  {
    name: "doc examples",
    command: tool("doc-examples.ts"),
    fix: "mend the example at the file and line named",
  },
];
