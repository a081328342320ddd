// Writes the pages that are tables in the code: errors, configuration, limits. `--check` (the
// default) says which page is out of date; both refuse error codes that are not unique.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { configurationSections } from "../src/configuration/index.ts";
import { configurationPage, findUnlistedSchemas } from "./docs-configuration.ts";
import { errorsPage, findErrorCodeProblems, isErrorTable } from "./docs-errors.ts";
import type { ErrorEntry } from "./docs-errors.ts";
import { isLimitTable, limitsPage } from "./docs-limits.ts";
import type { LimitEntry } from "./docs-limits.ts";
import { documentedClasses, referencePage } from "./docs-methods.ts";
import { metricsPage } from "./docs-metrics.ts";
import { listFiles, reportViolations, repositoryRoot, runCommand } from "./repository.ts";
import type { Violation } from "./repository.ts";

/** A module of the product and what it exports. */
export interface LoadedModule {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Imports every part's file called `name`. */
async function loadModules(name: string): Promise<LoadedModule[]> {
  const modules: LoadedModule[] = [];
  for (const file of listFiles([`src/*/${name}`, `src/{storage,protocols}/*/${name}`])) {
    const url = pathToFileURL(path.join(repositoryRoot, file)).href;
    const exports: Readonly<Record<string, unknown>> = await import(url);
    modules.push({ file, exports });
  }
  return modules;
}

async function loadErrors(): Promise<ErrorEntry[]> {
  const entries: ErrorEntry[] = [];
  for (const { file, exports } of await loadModules("errors.ts")) {
    for (const table of Object.values(exports).filter(isErrorTable)) {
      for (const [code, definition] of Object.entries(table)) {
        entries.push({ file, code, definition });
      }
    }
  }
  return entries;
}

async function loadLimits(): Promise<LimitEntry[]> {
  const entries: LimitEntry[] = [];
  for (const { file, exports } of await loadModules("limits.ts")) {
    for (const table of Object.values(exports).filter(isLimitTable)) {
      for (const [name, definition] of Object.entries(table)) {
        entries.push({ file, name, definition });
      }
    }
  }
  return entries;
}

/** Every generated page by path, formatted as the formatter would. */
async function generatePages(errors: readonly ErrorEntry[]): Promise<Map<string, string>> {
  return new Map([
    ["docs/errors.md", errorsPage(errors)],
    ["docs/configuration.md", configurationPage(configurationSections)],
    ["docs/limits.md", limitsPage(await loadLimits())],
    ["docs/metrics.md", metricsPage()],
    ...documentedClasses.map(
      (documented) =>
        [
          `docs/reference/${documented.component}.md`,
          referencePage(documented, configurationSections),
        ] as const,
    ),
  ]);
}

/** Formats pages in a folder of their own, so that a check never touches docs/. */
async function formatPages(pages: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const folder = path.join(repositoryRoot, "node_modules/.cache/agent-cellphone-docs");
  mkdirSync(path.join(folder, "docs/reference"), { recursive: true });
  for (const [file, text] of pages) writeFileSync(path.join(folder, file), text);
  const names = [...pages.keys()].map((file) => path.join(folder, file));
  const config = path.join(repositoryRoot, ".oxfmtrc.json");
  const formatter = ["oxfmt", "--write", "--with-node-modules", "-c", config, ...names] as const;
  const { exitCode, output } = await runCommand([...formatter]);
  if (exitCode !== 0) throw new Error(`oxfmt could not format the generated pages: ${output}`);
  return new Map(
    [...pages.keys()].map((file) => [file, readFileSync(path.join(folder, file), "utf8")]),
  );
}

function readPage(file: string): string {
  try {
    return readFileSync(path.join(repositoryRoot, file), "utf8");
  } catch {
    return "";
  }
}

async function main(): Promise<void> {
  const write = process.argv.includes("--write");
  const errors = await loadErrors();
  const violations: Violation[] = [
    ...findErrorCodeProblems(errors),
    ...findUnlistedSchemas(await loadModules("config.ts"), configurationSections),
  ];
  for (const [file, text] of await formatPages(await generatePages(errors))) {
    if (readPage(file) === text) continue;
    if (write) {
      mkdirSync(path.dirname(path.join(repositoryRoot, file)), { recursive: true });
      writeFileSync(path.join(repositoryRoot, file), text);
      console.log(`wrote ${file}`);
    } else violations.push({ file, rule: "is out of date with the code", fix: "npm run docs" });
  }
  reportViolations("error codes and generated docs", violations);
}

if (import.meta.main) await main();
