// `cellphone config`: which options are in force, and who gave each.

import type { Command } from "commander";

import { toEnvironmentName } from "../../configuration/index.ts";
import type { ConfigurationEntry } from "../../configuration/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import { connectionOptions, examples, pairs } from "../options.ts";
import { harmless } from "../terminal.ts";

type Row = Pick<
  ConfigurationEntry,
  "key" | "value" | "source" | "unit" | "description" | "default"
>;

interface ConfigOptions extends ConnectionOptions {
  readonly set?: Readonly<Record<string, string>>;
  readonly running?: boolean;
  readonly changed?: boolean;
}

/** Adds `config`. */
export function registerConfig(program: Command, context: CliContext): void {
  const command = connectionOptions(program.command("config [key]"))
    .summary("which options are in force, and who set them")
    .description(
      "Prints every option with its value, source, unit and meaning, as `cellphone start` would " +
        "use it here: flags beat CELLPHONE_… variables, which beat cellphone.yaml, .yml or " +
        ".json, which beat the defaults. Secrets are not shown.",
    )
    .option("--set <key=value>", "as if given to start; repeatable", pairs)
    .option("--changed", "only what is not at its default")
    .option("--running", "what the running server uses")
    .action(async (key: string | undefined, options: ConfigOptions) =>
      showConfig(context, key, options),
    );
  examples(command, [
    ["config", "everything"],
    ["config communication --changed", "one component's own settings"],
  ]);
}

async function showConfig(
  context: CliContext,
  key: string | undefined,
  options: ConfigOptions,
): Promise<void> {
  const rows = options.running === true ? await running(context, options) : local(context, options);
  const wanted = rows.filter(
    (row) =>
      (key === undefined || row.key === key || row.key.startsWith(`${key}.`)) &&
      (options.changed !== true || row.source !== "default"),
  );
  if (key !== undefined && !rows.some((row) => row.key === key || row.key.startsWith(`${key}.`))) {
    throw new CliError("cli.usage", `"${key}" is no option and no group of options`);
  }
  if (options.json === true) return context.json(wanted);
  if (wanted.length === 0) return context.out.line("Everything is at its default.");
  const [only, ...others] = wanted;
  if (only !== undefined && others.length === 0) printOne(context, only);
  else printRows(context, wanted);
}

function printOne({ out }: CliContext, row: Row): void {
  out.line(`${out.style("strong", row.key)}  ${show(row)}`);
  out.line(`  ${harmless(row.description)}`);
  const fallback =
    row.source === "default" ? "" : `; default ${show({ ...row, value: row.default })}`;
  out.line(out.style("quiet", `  from ${row.source}${fallback}`));
  out.line(out.style("quiet", `  ${toEnvironmentName(row.key)}, --set ${row.key}=…`));
}

function local(context: CliContext, options: ConfigOptions): Row[] {
  const configuration = context.configuration(options, options.set ?? {});
  return configuration.entries.map(
    ({ key, value, source, unit, description, default: fallback, secret }): Row => ({
      key,
      value: secret ? masked(value) : value,
      source,
      unit,
      description,
      default: secret ? masked(fallback) : fallback,
    }),
  );
}

async function running(context: CliContext, options: ConfigOptions): Promise<Row[]> {
  const answer = await context.client(options).call<{ options: Row[] }>("GET", "/api/v1/config");
  return answer.options;
}

function masked(value: unknown): unknown {
  return value === undefined || value === "" ? value : "••••";
}

function printRows({ out }: CliContext, rows: readonly Row[]): void {
  let section = "";
  const groups = Map.groupBy(rows, (row) => row.key.split(".")[0] ?? "");
  for (const [name, group] of groups) {
    if (section !== "") out.line();
    section = name;
    out.line(out.style("strong", name));
    out.table<Row>(
      [
        { title: "OPTION", value: (row) => row.key.slice(name.length + 1) },
        {
          title: "VALUE",
          value: show,
          tone: (row) => (row.source === "default" ? "plain" : "accent"),
        },
        { title: "FROM", value: (row) => row.source, tone: () => "quiet" },
        { title: "MEANING", value: (row) => harmless(row.description), flexible: true },
      ],
      group,
      "  ",
    );
  }
}

function show(row: Row): string {
  const { value, unit } = row;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined || text === "") return "–";
  return unit === null || unit === "port" ? harmless(text) : `${harmless(text)} ${unit}`;
}
