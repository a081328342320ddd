// What is wrong with one given value, in words: where it stands, which option, what, and a hint.

import type { z } from "zod";

import { nearMatches } from "../core/index.ts";
import type { OptionCatalog, OptionDescription } from "./option-catalog.ts";

/** One thing wrong with a configuration. */
export interface ConfigurationProblem {
  /** Where it was given: `cellphone.yaml:4:3`, `CELLPHONE_PORT`, `--port`. */
  readonly where: string;
  /** The option's dotted key, or the key as written when no such option exists. */
  readonly key: string;
  readonly problem: string;
  /** What to write instead; null when nothing is near. */
  readonly hint: string | null;
}

/** One line for people. */
export function formatProblem({ where, key, problem, hint }: ConfigurationProblem): string {
  const subject = where === key || where.endsWith(key) ? where : `${where}: ${key}`;
  return hint === null ? `${subject} ${problem}` : `${subject} ${problem}. ${hint}`;
}

/** Says in the option's own unit why its schema refused the value. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  value: unknown,
  option: OptionDescription,
): string {
  const unit = option.unit === null || option.unit === "port" ? "" : ` ${option.unit}`;
  const given = option.secret ? "the value given" : show(value);
  switch (issue.code) {
    case "too_big":
      return `must be at most ${issue.maximum}${unit}, not ${given}`;
    case "too_small":
      return `must be at least ${issue.minimum}${unit}, not ${given}`;
    case "invalid_type":
      if (issue.expected === "int") return `must be a whole number, not ${given}`;
      return `must be ${nameOf(issue.expected)}, not ${given}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}, not ${given}`;
    case "invalid_union":
      return `must be ${expectedOf(option)}, not ${given}`;
    case "custom":
      return issue.message.startsWith("must") ? issue.message : `cannot be used: ${issue.message}`;
    default:
      return `cannot be ${given}: ${issue.message}`;
  }
}

/** "Did you mean …?" for a key that names no option. */
export function hintFor(written: string, catalog: OptionCatalog): string | null {
  const dotted = written.includes(".");
  const names = dotted
    ? catalog.options.map((option) => option.key)
    : [...catalog.options.map((option) => option.name), ...catalog.sections];
  const near = nearMatches(written.replaceAll(/[_-]/g, ""), names, 1);
  return near.length === 0 ? null : `Did you mean ${near[0]}?`;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function nameOf(type: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "text",
    boolean: "true or false",
    array: "a list",
    object: "a group of options",
  };
  return names[type] ?? `a ${type}`;
}

function expectedOf(option: OptionDescription): string {
  if (typeof option.default === "boolean") return "true or false";
  if (option.unit === "s" || option.unit === "ms" || option.unit === "days") {
    return `a number of ${option.unit} or text like "60s"`;
  }
  return typeof option.default === "number" ? "a number" : "a value its description allows";
}
