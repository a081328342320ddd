// Options from the environment: CELLPHONE_<SECTION>_<OPTION>, or CELLPHONE_<OPTION> when only one
// section has an option of that name.

import { nearMatches } from "../core/index.ts";
import type { GivenValue, GivenValues } from "./given-value.ts";
import { SourceKind } from "./given-value.ts";
import { toEnvironmentName } from "./option-catalog.ts";
import type { OptionCatalog, OptionDescription } from "./option-catalog.ts";
import type { ConfigurationProblem } from "./problem.ts";

/** Variables with a meaning of their own: the SDKs' and the command line's. */
export const reservedVariables: readonly string[] = [
  "CELLPHONE_URL",
  "CELLPHONE_KEY",
  "CELLPHONE_NAME",
  "CELLPHONE_NAMESPACE",
  "CELLPHONE_INSTANCE",
  "CELLPHONE_DATA",
  "CELLPHONE_CONFIG",
  "CELLPHONE_PASSPHRASE",
];

/** Reads the options that the environment gives; empty variables count as not set. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  catalog: OptionCatalog,
): GivenValues {
  const byVariable = variablesOf(catalog);
  const values: GivenValue[] = [];
  const problems: ConfigurationProblem[] = [];
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith("CELLPHONE_") || reservedVariables.includes(variable)) continue;
    if (text === undefined || text.trim() === "") continue;
    const options = byVariable.get(variable) ?? [];
    const [option, ...others] = options;
    if (option === undefined) {
      warnings.push(unknownVariable(variable, byVariable.keys()));
    } else if (others.length > 0) {
      const names = options.map(({ key }) => toEnvironmentName(key));
      problems.push({
        where: variable,
        key: variable,
        problem: `names ${options.length} options`,
        hint: `Say which: ${names.join(" or ")}`,
      });
    } else {
      const specific = variable === toEnvironmentName(option.key);
      values.push({ option, value: text, kind: SourceKind.Environment, where: variable, specific });
    }
  }
  return { values, problems, warnings };
}

function variablesOf(catalog: OptionCatalog): Map<string, OptionDescription[]> {
  const byVariable = new Map<string, OptionDescription[]>();
  for (const option of catalog.options) {
    const bare = toEnvironmentName(option.name);
    byVariable.set(bare, [...(byVariable.get(bare) ?? []), option]);
  }
  // A full name always means that one option, even where it reads like another one's bare name.
  for (const option of catalog.options) byVariable.set(toEnvironmentName(option.key), [option]);
  return byVariable;
}

function unknownVariable(variable: string, known: Iterable<string>): string {
  const near = nearMatches(variable, [...known, ...reservedVariables], 1);
  const hint = near.length === 0 ? "" : ` Did you mean ${near[0]}?`;
  return `${variable} names no option and is ignored.${hint}`;
}
