// `cellphone metrics`: record, sum up and export what the tracker knows.

import type { Command } from "commander";

import type { MetricSummary, Sample } from "../../tracker/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import { connectionOptions, count, durationMs, examples, finiteNumber, pairs } from "../options.ts";
import { writeFileWhole } from "../output-file.ts";
import { formatBytes, formatNumber } from "../terminal.ts";
import type { Column } from "../terminal.ts";

interface MetricOptions extends ConnectionOptions {
  readonly agent?: string;
  readonly metric?: string;
  readonly since?: number;
  readonly context?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly out?: string;
}

/** Adds `metrics` with its subcommands. */
export function registerMetrics(program: Command, context: CliContext): void {
  const metrics = program
    .command("metrics")
    .summary("list, record, sum up or export metrics")
    .description("Reads and writes metrics.");
  connectionOptions(metrics.command("list", { isDefault: true }))
    .description("Lists the metrics there are.")
    .action(async (options: ConnectionOptions) => listMetrics(context, options));
  const record = connectionOptions(metrics.command("record"))
    .argument("<metric>", "its name, such as response_time")
    .argument("<value>", "a number in the metric's unit", finiteNumber)
    .description("Records one value. Write -- before a negative one.")
    .option("-a, --agent <agent>", "the agent it is about")
    .option("--context <key=value>", "a label; repeatable", pairs)
    .option("--metadata <key=value>", "kept with the sample, never a label; repeatable", pairs)
    .action(async (metric: string, value: number, options: MetricOptions) =>
      recordMetric(context, metric, value, options),
    );
  examples(record, [
    ["metrics record response_time 0.5 --agent worker-1 --context operation=index", "seconds"],
  ]);
  const summary = connectionOptions(metrics.command("summary [metric]"))
    .description("Sums up one metric or all, with percentiles.")
    .option("-a, --agent <agent>", "of this agent")
    .option("--since <duration>", "over this time", durationMs, 3_600_000)
    .action(async (metric: string | undefined, options: MetricOptions) =>
      summarize(context, metric, options),
    );
  examples(summary, [["metrics summary response_time --since 24h", "percentiles of a day"]]);
  const exported = connectionOptions(metrics.command("export"))
    .description("Writes samples as JSON, newest first, with the time of the export.")
    .option("-m, --metric <metric>", "of this metric")
    .option("-a, --agent <agent>", "of this agent")
    .option("--since <duration>", "over this time", durationMs)
    .option("--limit <n>", "at most this many, up to 10000", count, EXPORTED_SAMPLES)
    .option("-o, --out <file>", "write to this file instead of standard output")
    .action(async (options: MetricOptions) => exportMetrics(context, options));
  examples(exported, [["metrics export --agent worker-1 --since 1h -o worker-1.json", "an hour"]]);
}

/** What the server gives in one answer. */
const EXPORTED_SAMPLES = 10_000;

async function listMetrics(context: CliContext, options: ConnectionOptions): Promise<void> {
  const answer = await context
    .client(options)
    .call<{ metrics: { metric: string; agents: number }[] }>("GET", "/api/v1/metrics/names");
  if (options.json === true) return context.json(answer.metrics);
  if (answer.metrics.length === 0) return context.out.line("No metric recorded yet.");
  context.out.table<{ metric: string; agents: number }>(
    [
      { title: "METRIC", value: (each) => each.metric },
      { title: "AGENTS", value: (each) => String(each.agents), align: "right" },
    ],
    answer.metrics,
  );
}

interface RecordAnswer {
  readonly accepted: number;
  readonly rejected: readonly { readonly code: string; readonly detail: string }[];
}

async function recordMetric(
  context: CliContext,
  metric: string,
  value: number,
  options: MetricOptions,
): Promise<void> {
  const sample = {
    metric,
    value,
    agentId: options.agent,
    context: options.context,
    metadata: options.metadata,
  };
  const body = { samples: [sample] };
  const answer = await context
    .client(options)
    .call<RecordAnswer>("POST", "/api/v1/metrics", { body });
  const [refused] = answer.rejected;
  if (refused !== undefined) throw new CliError("cli.usage", refused.detail);
  if (options.json === true) return context.json(answer);
  const about = options.agent === undefined ? "" : ` of ${options.agent}`;
  context.out.line(`Recorded ${metric}${about}: ${formatNumber(value)}`);
}

async function summarize(
  context: CliContext,
  metric: string | undefined,
  options: MetricOptions,
): Promise<void> {
  const nowMs = Date.now();
  const query = {
    metric,
    agentId: options.agent,
    fromMs: nowMs - (options.since ?? 0),
    toMs: nowMs,
  };
  const answer = await context
    .client(options)
    .call<{ metrics: Record<string, MetricSummary>; fromMs: number; toMs: number }>(
      "GET",
      "/api/v1/metrics/summary",
      { query },
    );
  if (options.json === true) return context.json(answer);
  const rows = Object.entries(answer.metrics);
  if (rows.length === 0) return context.out.line("No sample in that time.");
  context.out.table<readonly [string, MetricSummary]>(
    [
      { title: "METRIC", value: ([name]) => name },
      number("COUNT", (summary) => summary.count),
      number("MIN", (summary) => summary.min),
      number("AVG", (summary) => summary.avg),
      number("P50", (summary) => summary.p50),
      number("P95", (summary) => summary.p95),
      number("P99", (summary) => summary.p99),
      number("MAX", (summary) => summary.max),
      number("LATEST", (summary) => summary.latest),
    ],
    rows,
  );
}

function number(
  title: string,
  pick: (summary: MetricSummary) => number,
): Column<readonly [string, MetricSummary]> {
  const value = ([metric, summary]: readonly [string, MetricSummary]): string =>
    title !== "COUNT" && metric === "memory_usage"
      ? formatBytes(pick(summary))
      : formatNumber(pick(summary));
  return { title, value, align: "right" };
}

async function exportMetrics(context: CliContext, options: MetricOptions): Promise<void> {
  const nowMs = Date.now();
  const fromMs = options.since === undefined ? undefined : nowMs - options.since;
  const { limit = EXPORTED_SAMPLES } = options;
  const query = { metric: options.metric, agentId: options.agent, fromMs, limit };
  const { samples } = await context
    .client(options)
    .call<{ samples: Sample[] }>("GET", "/api/v1/metrics", { query });
  const document = {
    exportedAt: new Date(nowMs).toISOString(),
    format: "agent-cellphone/metrics",
    version: 1,
    range: { fromMs: fromMs ?? null, toMs: nowMs },
    // A full page may be all there is; only fewer samples than asked for prove it.
    truncated: samples.length >= limit,
    samples,
  };
  if (document.truncated) {
    const newest = `only the newest ${samples.length} samples were asked for, and that many came`;
    context.warn(
      `${newest}; narrow it with --metric, --agent or --since, or use: cellphone export`,
    );
  }
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (options.out === undefined) return void context.surroundings.stdout.write(text);
  const bytes = await writeFileWhole(options.out, [Buffer.from(text)]);
  if (options.json === true) return context.json({ file: options.out, bytes });
  context.out.line(`${options.out}  ${samples.length} samples, ${formatBytes(bytes)}`);
}
