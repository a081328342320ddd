// docs/configuration.md: every option of every config.ts, from the same schemas that parse them.

import { z } from "zod";

import { toEnvironmentName } from "../src/configuration/index.ts";
import type { SectionSchemas } from "../src/configuration/index.ts";
import type { LoadedModule } from "./docs.ts";
import { tableRow } from "./docs-table.ts";
import type { Violation } from "./repository.ts";

/** One option as the page shows it. */
export interface OptionRow {
  readonly key: string;
  readonly unit: string;
  readonly defaultValue: string;
  readonly range: string;
  readonly environment: string;
  readonly description: string;
}

/** The part of JSON Schema that zod writes for option objects. */
interface OptionSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly additionalProperties?: boolean | OptionSchema;
  readonly description?: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly OptionSchema[];
}

const TYPE_WORDS: Readonly<Record<string, string>> = { string: "text", boolean: "yes/no" };

/** The options of a zod object, nested ones with dotted keys. */
export function optionRows(prefix: string, schema: z.ZodObject): OptionRow[] {
  const json = z.toJSONSchema(schema, { io: "output", unrepresentable: "any" });
  const plain: OptionSchema = JSON.parse(JSON.stringify(json));
  return collect(prefix, plain);
}

function collect(key: string, schema: OptionSchema): OptionRow[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, property]) =>
      collect(key === "" ? name : `${key}.${name}`, property),
    );
  }
  const bare = schema.anyOf?.find((option) => option.type !== "null") ?? {};
  const merged = { ...bare, ...schema };
  return [
    {
      key,
      unit: merged.unit ?? TYPE_WORDS[merged.type ?? ""] ?? merged.type ?? "",
      defaultValue: merged.default === undefined ? "" : JSON.stringify(merged.default),
      range: rangeOf(merged),
      environment: toEnvironmentName(key),
      description: merged.description ?? "",
    },
  ];
}

function rangeOf({ minimum, maximum, enum: choices }: OptionSchema): string {
  if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(", ");
  const [from, to] = [minimum, maximum].map((end) =>
    end === undefined || Math.abs(end) >= Number.MAX_SAFE_INTEGER ? "" : end.toLocaleString("en"),
  );
  if (from === "" && to === "") return "";
  if (to === "") return `at least ${from}`;
  return from === "" ? `at most ${to}` : `${from} to ${to}`;
}

/** Schemas of a config.ts that no section holds: options that nobody could set. */
export function findUnlistedSchemas(
  modules: readonly LoadedModule[],
  sections: SectionSchemas,
): Violation[] {
  const listed = new Set<unknown>(Object.values(sections));
  return modules.flatMap(({ file, exports }) =>
    Object.entries(exports)
      .filter(([, value]) => value instanceof z.ZodObject && !listed.has(value))
      .map(([name]) => ({
        file,
        rule: `${name} is in no section of the configuration`,
        fix: "add it to src/configuration/sections.ts",
      })),
  );
}

/** The page, one table per section. */
export function configurationPage(schemas: SectionSchemas): string {
  const sections = Object.entries(schemas).map(([name, schema]) =>
    section(name, optionRows(name, schema)),
  );
  return [
    "# Configuration",
    "<!-- Written by `npm run docs` from every config.ts. Edit those. -->",
    "A flag overrides the environment, which overrides the file (YAML or JSON), which overrides " +
      "the default. `cellphone config` prints what is in force and where each value came from. " +
      "A variable may leave out the section when only one section has an option of that name. " +
      'A duration is a number of the stated unit, or text such as `"90s"`, `"1h30m"`, `"7d"`.',
    ...sections,
  ].join("\n\n");
}

function section(group: string, rows: readonly OptionRow[]): string {
  const head = tableRow(["Key", "Unit", "Default", "Range", "Environment", "What it is for"]);
  const lines = rows.map((row) =>
    tableRow([
      `\`${row.key}\``,
      row.unit,
      row.defaultValue === "" ? "" : `\`${row.defaultValue}\``,
      row.range,
      `\`${row.environment}\``,
      row.description,
    ]),
  );
  const rule = tableRow(["---", "---", "---:", "---", "---", "---"]);
  return `## ${group}\n\n${[head, rule, ...lines].join("\n")}`;
}
