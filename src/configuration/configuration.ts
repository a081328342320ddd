// One configuration out of four sources. Flags beat the environment, which beats the file, which
// beats the defaults; each value remembers who gave it, and all problems are told at once.

import { relative } from "node:path";

import type { z } from "zod";

import { findConfigurationFile, readConfigurationFile } from "./configuration-file.ts";
import { readEnvironment } from "./environment.ts";
import { ConfigurationError } from "./errors.ts";
import { SourceKind } from "./given-value.ts";
import type { ConfigurationEntry, GivenValue, GivenValues } from "./given-value.ts";
import { OptionCatalog } from "./option-catalog.ts";
import type { OptionDescription, SectionSchemas } from "./option-catalog.ts";
import { parseGiven } from "./parse-given.ts";
import { describeIssue, formatProblem, hintFor } from "./problem.ts";
import type { ConfigurationProblem } from "./problem.ts";

/** Where to look for values. */
export interface ConfigurationInput {
  /** Values from the command line, by dotted key; undefined ones were not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** How a flag is written, by dotted key, when it is not `--set key=value`: `--port`. */
  readonly flagNames?: Readonly<Record<string, string>>;
  /** @default {} */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A file that must exist; when absent one is looked for in `directory`. */
  readonly file?: string | undefined;
  /** Where cellphone.yaml, .yml or .json is looked for; none is when absent. */
  readonly directory?: string;
}

/** A configuration in force. */
export interface Configuration<Schemas extends SectionSchemas> {
  /** Parsed options by section, ready for the components. */
  readonly values: { readonly [Section in keyof Schemas]: z.output<Schemas[Section]> };
  readonly entries: readonly ConfigurationEntry[];
  /** What was ignored, in words. */
  readonly warnings: readonly string[];
  /** The file that was read, or null. */
  readonly file: string | null;
}

/**
 * Merges options from flags, environment, file and defaults.
 * @param schemas the zod object of each component, by section.
 * @throws ConfigurationError naming every problem with its file, line and key.
 */
export function mergeConfiguration<Schemas extends SectionSchemas>(
  schemas: Schemas,
  input: ConfigurationInput,
): Configuration<Schemas> {
  const catalog = new OptionCatalog(schemas);
  const file = chooseFile(input);
  const sources: readonly GivenValues[] = [
    file.path === null ? nothingGiven : readConfigurationFile(file.path, catalog),
    readEnvironment(input.env ?? {}, catalog),
    readFlags(input, catalog),
  ];
  const problems = sources.flatMap((source) => source.problems);
  const winners = new Map<string, GivenValue>();
  for (const given of sources.flatMap((source) => inOrder(source.values))) {
    winners.set(given.option.key, given);
  }
  const entries = catalog.options.map((option) => {
    const given = winners.get(option.key);
    if (given === undefined) return defaultEntry(option);
    const parsed = parseGiven(given);
    if (parsed.success) return { ...defaultEntry(option), ...parsed.entry };
    problems.push(...parsed.problems);
    return defaultEntry(option);
  });
  const values = parseSections(schemas, catalog, entries, problems);
  if (problems.length > 0) throw invalid(problems);
  return {
    // Each section was parsed by its own schema, which is what this type says.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    values: values as Configuration<Schemas>["values"],
    entries,
    warnings: [...file.warnings, ...sources.flatMap((source) => source.warnings)],
    file: file.path,
  };
}

const nothingGiven: GivenValues = { values: [], problems: [], warnings: [] };

function chooseFile(input: ConfigurationInput): { path: string | null; warnings: string[] } {
  if (input.file !== undefined) return { path: input.file, warnings: [] };
  if (input.directory === undefined) return { path: null, warnings: [] };
  const { directory } = input;
  const { path, ignored } = findConfigurationFile(directory);
  const warnings = ignored.map(
    (other) =>
      `${relative(directory, other)} is ignored: ${relative(directory, path ?? "")} is there too.`,
  );
  return { path, warnings };
}

function readFlags(input: ConfigurationInput, catalog: OptionCatalog): GivenValues {
  const values: GivenValue[] = [];
  const problems: ConfigurationProblem[] = [];
  for (const [key, value] of Object.entries(input.flags ?? {})) {
    if (value === undefined) continue;
    const where = input.flagNames?.[key] ?? `--set ${key}`;
    const options = key.includes(".") ? [catalog.byKey(key)] : catalog.byName(key);
    const [option] = options;
    if (option === undefined) {
      problems.push({ where, key, problem: "is no option", hint: hintFor(key, catalog) });
    }
    for (const found of options) {
      if (found === undefined) continue;
      const specific = key.includes(".");
      values.push({ option: found, value, kind: SourceKind.Flag, where, specific });
    }
  }
  return { values, problems, warnings: [] };
}

/** Bare names first, so that the same source's specific ones overwrite them. */
function inOrder(values: readonly GivenValue[]): GivenValue[] {
  return [...values].sort((a, b) => Number(a.specific) - Number(b.specific));
}

function defaultEntry(option: OptionDescription): ConfigurationEntry {
  return {
    key: option.key,
    value: option.default,
    sourceKind: SourceKind.Default,
    source: "default",
    unit: option.unit,
    description: option.description,
    default: option.default,
    secret: option.secret,
  };
}

/** Runs each section's whole schema, for rules that concern several options at once. */
function parseSections(
  schemas: SectionSchemas,
  catalog: OptionCatalog,
  entries: readonly ConfigurationEntry[],
  problems: ConfigurationProblem[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const valid = problems.length === 0;
  for (const [section, schema] of Object.entries(schemas)) {
    const prefix = `${section}.`;
    const own = entries.filter((entry) => entry.key.startsWith(prefix) && isSet(entry.value));
    const raw = Object.fromEntries(
      own.map((entry) => [entry.key.slice(prefix.length), entry.value]),
    );
    const parsed = schema.safeParse(raw);
    if (parsed.success) values[section] = parsed.data;
    else if (valid) {
      for (const issue of parsed.error.issues) {
        const key = `${section}.${issue.path.join(".")}`;
        const option = catalog.byKey(`${section}.${String(issue.path[0])}`);
        const entry = entries.find((candidate) => candidate.key === option?.key);
        const problem =
          option === undefined ? issue.message : describeIssue(issue, entry?.value, option);
        problems.push({ where: entry?.source ?? section, key, problem, hint: null });
      }
    }
  }
  return values;
}

function isSet(value: unknown): boolean {
  return value !== undefined;
}

function invalid(problems: readonly ConfigurationProblem[]): ConfigurationError {
  // By file and line, so that a reader works from top to bottom.
  const collator = new Intl.Collator("en", { numeric: true });
  const lines = problems
    .toSorted((a, b) => collator.compare(a.where, b.where))
    .map((problem) => formatProblem(problem));
  const message =
    lines.length === 1
      ? (lines[0] ?? "")
      : `${lines.length} problems in the configuration:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  return new ConfigurationError("configuration.invalid", message, { details: { problems } });
}
