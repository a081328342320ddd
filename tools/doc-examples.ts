// Examples that do not run are worse than none. Compiles every ```ts block of README.md and docs/
// and every @example in src/, in one tsc run; runs the blocks marked `ts run` and all @examples but
// those marked `@example needs a server`; compiles every ```python block.

import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { findProgram } from "../test/support/debian.ts";
import { exampleModule } from "./doc-example-module.ts";
import type { ExampleModule } from "./doc-example-module.ts";
import { docstringExamples, exportedNames, markdownExamples } from "./doc-example-sources.ts";
import type { DocExample, ExportedName } from "./doc-example-sources.ts";
import {
  listFiles,
  mapConcurrently,
  readSource,
  reportViolations,
  repositoryRoot,
  runCommand,
} from "./repository.ts";
import type { Violation } from "./repository.ts";

const RUN_TIMEOUT_MS = 30_000;

/** Makes a failed console.assert an exception: in an example it is the test. */
const STRICT_ASSERT =
  "data:text/javascript,console.assert=(ok,...words)=>" +
  "{if(!ok)throw new Error('console.assert failed '+words.join(' '))}";

interface WrittenExample {
  readonly example: DocExample;
  readonly module: ExampleModule;
  /** File name in the temporary folder. */
  readonly name: string;
}

/** All examples of the clone. */
function collectExamples(): DocExample[] {
  const pages = listFiles(["*.md", "docs/**/*.md", "examples/**/*.md", "sdk/**/*.md"]);
  const sources = listFiles(["src/**/*.{ts,tsx}"]).filter(
    (file) => !/\.test\.tsx?$/.test(file) && !file.startsWith("src/web/"),
  );
  return [
    ...pages.flatMap((file) => markdownExamples(file, readSource(file))),
    ...sources.flatMap((file) => docstringExamples(file, readSource(file), folderExports(file))),
  ];
}

/** What the file's own folder exports, which its examples may use without importing too. */
function folderExports(file: string): ExportedName[] {
  const index = `${path.posix.dirname(file)}/index.ts`;
  return existsSync(path.join(repositoryRoot, index))
    ? exportedNames(index, readSource(index))
    : [];
}

function writeExamples(folder: string, examples: readonly DocExample[]): WrittenExample[] {
  symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
  const options = {
    rootDir: "/",
    noUnusedLocals: false,
    noUnusedParameters: false,
    rewriteRelativeImportExtensions: false,
  };
  const config = {
    extends: path.join(repositoryRoot, "tsconfig.json"),
    compilerOptions: { ...options, lib: ["es2024", "esnext.disposable", "dom"] },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config));
  return examples.map((example, index) => {
    const module = exampleModule(example, repositoryRoot);
    const name = `example-${index}.ts`;
    writeFileSync(path.join(folder, name), module.text);
    return { example, module, name };
  });
}

async function compileAll(
  folder: string,
  written: readonly WrittenExample[],
): Promise<{ violations: Violation[]; broken: Set<string> }> {
  const { exitCode, output } = await runCommand(["tsc", "-p", folder, "--pretty", "false"]);
  const violations: Violation[] = [];
  const broken = new Set<string>();
  for (const line of exitCode === 0 ? [] : output.split("\n")) {
    const match = /(example-\d+\.ts)\((\d+),\d+\): (.*)$/.exec(line);
    const found = written.find(({ name }) => name === match?.[1]);
    if (match === null || found === undefined) {
      // An error in src/ is told by the check of types; here it would only repeat.
      continue;
    }
    broken.add(found.name);
    const at = found.example.line + Number(match[2]) - 1 - found.module.addedLines;
    const rule = `example does not compile: ${match[3] ?? ""}`;
    violations.push({ file: found.example.file, line: at, rule, fix: "mend the example" });
  }
  return { violations, broken };
}

async function runOne(folder: string, written: WrittenExample): Promise<Violation | undefined> {
  const { file, line } = written.example;
  const { exitCode, output } = await runCommand(
    [process.execPath, "--import", STRICT_ASSERT, written.name],
    { cwd: folder, timeoutMs: RUN_TIMEOUT_MS },
  );
  if (exitCode === 0) return undefined;
  const rule = `example fails when run:\n${output.trim().replaceAll(/^/gm, "    ")}`;
  return { file, line, rule, fix: "mend the example (or what it shows)" };
}

async function compilePython(example: DocExample): Promise<Violation | undefined> {
  const python = findProgram("python3");
  if (python === undefined) return undefined;
  const program = "import sys; compile(sys.argv[1], 'example', 'exec')";
  const { exitCode, output } = await runCommand([python, "-c", program, example.code]);
  if (exitCode === 0) return undefined;
  const rule = `python example does not compile: ${output.trim().split("\n").at(-1) ?? ""}`;
  return { file: example.file, line: example.line, rule, fix: "mend the example" };
}

async function main(): Promise<void> {
  const examples = collectExamples();
  const typescript = examples.filter(({ language }) => language === "ts");
  const python = examples.filter(({ language }) => language === "python");
  const folder = mkdtempSync(path.join(tmpdir(), "agent-cellphone-examples-"));
  try {
    const written = writeExamples(folder, typescript);
    const { violations, broken } = await compileAll(folder, written);
    const runnable = written.filter(({ example, name }) => example.run && !broken.has(name));
    const failures = [
      ...(await mapConcurrently(runnable, 2, (one) => runOne(folder, one))),
      ...(await mapConcurrently(python, 2, compilePython)),
    ];
    violations.push(...failures.filter((failure) => failure !== undefined));
    const counts = `${typescript.length} TypeScript (${runnable.length} run)`;
    reportViolations(`doc examples, ${counts}, ${python.length} Python`, violations);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
