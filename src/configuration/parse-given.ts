// Turns one given value into an option's value. The environment and flags only carry text, so
// text that the option refuses as it stands is read as YAML ("true", "[a, b]") or as a list.

import { parse as parseYaml } from "yaml";

import { SourceKind } from "./given-value.ts";
import type { ConfigurationEntry, GivenValue } from "./given-value.ts";
import { describeIssue } from "./problem.ts";
import type { ConfigurationProblem } from "./problem.ts";

/** The outcome of parsing one given value. */
export type ParsedGiven =
  | {
      readonly success: true;
      readonly entry: Pick<ConfigurationEntry, "value" | "sourceKind" | "source">;
    }
  | { readonly success: false; readonly problems: readonly ConfigurationProblem[] };

/** Parses a value with its option's schema. */
export function parseGiven(given: GivenValue): ParsedGiven {
  const { option, value, where } = given;
  // Coercion would take `true` for 1: that is a mistake, not a number.
  if (typeof option.default === "number" && typeof value === "boolean") {
    const problem = `must be a number, not ${value}`;
    return { success: false, problems: [{ where, key: option.key, problem, hint: null }] };
  }
  const first = option.schema.safeParse(value);
  if (first.success) return success(given, first.data);
  for (const reading of otherReadings(given)) {
    const again = option.schema.safeParse(reading);
    if (again.success) return success(given, again.data);
  }
  const problems = first.error.issues.map((issue): ConfigurationProblem => ({
    where,
    key: [option.key, ...issue.path].join("."),
    problem: describeIssue(issue, value, option),
    hint: null,
  }));
  return { success: false, problems };
}

function success(given: GivenValue, value: unknown): ParsedGiven {
  return { success: true, entry: { value, sourceKind: given.kind, source: given.where } };
}

function otherReadings({ value, kind, option }: GivenValue): unknown[] {
  if (kind === SourceKind.File || typeof value !== "string") return [];
  if (typeof option.default === "number" || typeof option.default === "boolean") return [];
  const readings: unknown[] = [];
  try {
    readings.push(parseYaml(value));
  } catch {
    // Not YAML: then it is not meant as such.
  }
  readings.push(value.split(",").map((part) => part.trim()));
  return readings;
}
