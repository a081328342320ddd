// docs/configuration.md: every option of every config.ts, from the same schemas that parse them.

import { z } from "zod";

import type { LoadedModule } from "./docs.ts";
import { tableRow } from "./docs-table.ts";

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

/** The environment variable of an option: `tracker.maxSeries` is `CELLPHONE_TRACKER_MAX_SERIES`. */
export function environmentName(key: string): string {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(".", "_");
  return `CELLPHONE_${words.toUpperCase()}`;
}

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
      unit: merged.unit ?? merged.type ?? "",
      defaultValue: merged.default === undefined ? "" : JSON.stringify(merged.default),
      range: rangeOf(merged),
      environment: environmentName(key),
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

/** The page, one table per component. */
export function configurationPage(modules: readonly LoadedModule[]): string {
  const sections: string[] = [];
  for (const { file, exports } of modules) {
    const group = file.split("/").slice(1, -1).join(".");
    for (const schema of Object.values(exports)) {
      if (schema instanceof z.ZodObject) sections.push(section(group, optionRows(group, schema)));
    }
  }
  return [
    "# Configuration",
    "<!-- Written by `npm run docs` from every config.ts. Edit those. -->",
    "A flag overrides the environment, which overrides the file (YAML or JSON), which overrides " +
      "the default. `cellphone config` prints what is in force and where each value came from. " +
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
