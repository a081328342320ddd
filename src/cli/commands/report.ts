// `cellphone kpis` and `cellphone report`: how the fleet does, as figures and as a page to send.

import type { Command } from "commander";

import type { Kpi } from "../../server/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, durationMs, examples } from "../options.ts";
import { writeFileWhole } from "../output-file.ts";
import { formatBytes, formatNumber } from "../terminal.ts";
import { formatTook } from "../took.ts";

interface RangeOptions extends ConnectionOptions {
  readonly since?: number;
}

interface ReportOptions extends RangeOptions {
  readonly out: string;
}

interface KpiRow {
  readonly title: string;
  readonly id: string;
  readonly unit: string;
  readonly figure: Pick<Kpi, "value" | "statistics">;
}

/** Adds `kpis` and `report`. */
export function registerReport(program: Command, context: CliContext): void {
  const kpis = connectionOptions(program.command("kpis"))
    .summary("the key figures of the fleet")
    .description("Prints the key figures: health, response times, resources, mail and calls.")
    .option("--since <duration>", "over this time (default: 1h)", durationMs)
    .option("--each", "for each agent and service too")
    .action(async (options: RangeOptions & { each?: boolean }) => showKpis(context, options));
  examples(kpis, [
    ["kpis --since 24h", "of a day"],
    ["kpis --json | jq '.[] | {id, value}'", "for a script"],
  ]);
  const report = connectionOptions(program.command("report"))
    .summary("the state of the fleet as one page")
    .description("Writes one self-contained HTML page: no scripts, nothing loaded from elsewhere.")
    .option("--since <duration>", "over this time", durationMs)
    .requiredOption("-o, --out <file>", "write to this file")
    .action(async (options: ReportOptions) => writeReport(context, options));
  examples(report, [["report -o report.html --since 24h", "to send or keep"]]);
}

function rangeOf({ since }: RangeOptions) {
  const toMs = Date.now();
  return since === undefined ? {} : { fromMs: toMs - since, toMs };
}

async function showKpis(
  context: CliContext,
  options: RangeOptions & { readonly each?: boolean },
): Promise<void> {
  const query = rangeOf(options);
  const { kpis } = await context
    .client(options)
    .call<{ kpis: Kpi[] }>("GET", "/api/v1/kpis", { query });
  if (options.json === true) return context.json(kpis);
  const rows = kpis.flatMap((kpi) => {
    const { title, id, unit } = kpi;
    const subjects = options.each === true ? kpi.subjects : [];
    const all = { title, id, unit, figure: kpi };
    return [
      all,
      ...subjects.map((one) => ({ title: `  ${one.subject}`, id: "", unit, figure: one })),
    ];
  });
  const statistic = (title: string, pick: "avg" | "p50" | "p95" | "max") => ({
    title,
    value: ({ figure, unit }: KpiRow) => figureWords(figure.statistics?.[pick] ?? null, unit),
    align: "right" as const,
  });
  context.out.table<KpiRow>(
    [
      { title: "KEY FIGURE", value: ({ title }) => title, flexible: true },
      {
        title: "VALUE",
        value: ({ figure, unit }) => figureWords(figure.value, unit),
        tone: () => "strong",
        align: "right",
      },
      statistic("AVG", "avg"),
      statistic("P50", "p50"),
      statistic("P95", "p95"),
      statistic("MAX", "max"),
      { title: "NAME", value: ({ id }) => id, tone: () => "quiet" },
    ],
    rows,
  );
}

/** A value with its unit: `0.42 s`, `98.1 %`, `41.2 MiB`. */
function figureWords(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit === "bytes") return formatBytes(value);
  if (unit === "bytes/s") return `${formatBytes(value)}/s`;
  if (unit === "s") return formatTook(value * 1000);
  if (unit === "points") return formatNumber(value);
  return unit.startsWith("1/")
    ? `${formatNumber(value)}${unit.slice(1)}`
    : `${formatNumber(value)} ${unit}`;
}

async function writeReport(context: CliContext, options: ReportOptions): Promise<void> {
  const call = { query: rangeOf(options), timeoutMs: 120_000 };
  const page = await context.client(options).open("GET", "/api/v1/report.html", call);
  const bytes = await writeFileWhole(options.out, page);
  if (options.json === true) return context.json({ file: options.out, bytes });
  context.out.line(`${options.out}  ${formatBytes(bytes)}`);
}
