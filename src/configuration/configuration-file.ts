// Options from a file: YAML, or JSON, which is read by the same parser so that both can name the
// line of a mistake. Keys may be grouped by section, dotted, or bare; camelCase or snake_case.

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { Pair } from "yaml";

import { ConfigurationError } from "./errors.ts";
import { SourceKind } from "./given-value.ts";
import type { GivenValue, GivenValues } from "./given-value.ts";
import type { OptionCatalog, OptionDescription } from "./option-catalog.ts";
import { hintFor } from "./problem.ts";
import type { ConfigurationProblem } from "./problem.ts";

/** File names looked for in the working directory, first found wins. */
export const configurationFileNames: readonly string[] = [
  "cellphone.yaml",
  "cellphone.yml",
  "cellphone.json",
];

/**
 * Finds the configuration file of a directory.
 * @returns its path, and those that were found too but are not read.
 */
export function findConfigurationFile(directory: string): {
  readonly path: string | null;
  readonly ignored: readonly string[];
} {
  const found = configurationFileNames
    .map((name) => join(directory, name))
    .filter((path) => existsSync(path));
  return { path: found[0] ?? null, ignored: found.slice(1) };
}

/**
 * Reads a configuration file.
 * @throws ConfigurationError when it cannot be read or is neither YAML nor JSON.
 */
export function readConfigurationFile(path: string, catalog: OptionCatalog): GivenValues {
  const reader = new FileReader(basename(path), catalog);
  reader.read(textOf(path));
  return reader;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(
      "configuration.unreadable",
      `Cannot read the configuration file ${path}: ${reason}`,
      { cause },
    );
  }
}

class FileReader implements GivenValues {
  readonly values: GivenValue[] = [];
  readonly problems: ConfigurationProblem[] = [];
  readonly warnings: string[] = [];
  readonly #fileName: string;
  readonly #catalog: OptionCatalog;
  readonly #lines = new LineCounter();
  readonly #seen = new Map<string, string>();
  #document = new Document();

  constructor(fileName: string, catalog: OptionCatalog) {
    this.#fileName = fileName;
    this.#catalog = catalog;
  }

  read(text: string): void {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    this.#document = document;
    const [error] = document.errors;
    if (error !== undefined) throw this.#syntaxError(error.pos[0], error.message, text);
    const root = document.contents;
    if (root === null || (isScalar(root) && root.value === null)) return;
    if (!isMap(root)) {
      throw this.#syntaxError(root.range?.[0] ?? 0, "expected options as `key: value`", text);
    }
    for (const pair of root.items) this.#topLevel(pair);
  }

  #topLevel(pair: Pair): void {
    const key = keyOf(pair);
    if (!this.#catalog.isSection(key)) {
      this.#bareOrDotted(key, pair);
    } else if (isMap(pair.value)) {
      for (const inner of pair.value.items) {
        const name = keyOf(inner);
        const option = this.#catalog.byKey(`${key}.${name}`);
        if (option === undefined) this.#unknown(`${key}.${name}`, inner);
        else this.#give(option, inner, true);
      }
    } else if (!isEmpty(pair.value)) {
      const problem = "is a group of options, not a single value";
      this.problems.push({ where: this.#where(pair), key, problem, hint: null });
    }
  }

  #bareOrDotted(key: string, pair: Pair): void {
    if (key.includes(".")) {
      const option = this.#catalog.byKey(key);
      if (option === undefined) this.#unknown(key, pair);
      else this.#give(option, pair, true);
      return;
    }
    // A bare name speaks to every component that has such an option, as in the reference.
    const options = this.#catalog.byName(key);
    if (options.length === 0) this.#unknown(key, pair);
    for (const option of options) this.#give(option, pair, false);
  }

  #give(option: OptionDescription, pair: Pair, specific: boolean): void {
    const where = this.#where(pair);
    if (isEmpty(pair.value)) {
      const hint = "Give a value or remove the line";
      this.problems.push({ where, key: option.key, problem: "has no value", hint });
      return;
    }
    const seenAs = `${option.key} ${specific}`;
    const before = this.#seen.get(seenAs);
    if (before !== undefined) {
      const problem = `is given twice, first at ${before}`;
      this.problems.push({ where, key: option.key, problem, hint: "Remove one of them" });
      return;
    }
    this.#seen.set(seenAs, where);
    const value = toJavaScript(pair.value, this.#document);
    this.values.push({ option, value, kind: SourceKind.File, where, specific });
  }

  #unknown(key: string, pair: Pair): void {
    const where = this.#where(pair);
    const [section] = key.split(".");
    const hint = hintFor(key, this.#catalog) ?? this.#optionsOf(section ?? "");
    this.problems.push({ where, key, problem: "is no option", hint });
  }

  #optionsOf(section: string): string | null {
    if (!this.#catalog.isSection(section)) return null;
    const names = this.#catalog.options.filter((option) => option.section === section);
    return `${section} has ${names.map((option) => option.name).join(", ")}`;
  }

  #where(pair: Pair): string {
    const node = pair.key;
    const offset = isScalar(node) ? (node.range?.[0] ?? 0) : 0;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#fileName}:${line}:${col}`;
  }

  #syntaxError(offset: number, message: string, text: string): ConfigurationError {
    const { line, col } = this.#lines.linePos(offset);
    const source = text.split("\n")[line - 1] ?? "";
    const pointer = `${source}\n${" ".repeat(Math.max(0, col - 1))}^`;
    return new ConfigurationError(
      "configuration.unreadable",
      `${this.#fileName}:${line}:${col}: ${message}\n${pointer}`,
      { details: { file: this.#fileName, line, column: col } },
    );
  }
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function toJavaScript(node: unknown, document: Document): unknown {
  return isNode(node) ? node.toJS(document) : node;
}
