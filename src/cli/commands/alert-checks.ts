// `cellphone alerts rules` and `cellphone alerts test`: what raises alerts, and whom they reach.

import type { Command } from "commander";

import { formatDuration } from "../../core/index.ts";
import type { AlertRuleView } from "../../dashboard/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions } from "../options.ts";
import { formatNumber, harmless } from "../terminal.ts";

/** Adds the subcommands about what stands behind alerts. */
export function registerAlertChecks(alerts: Command, context: CliContext): void {
  connectionOptions(alerts.command("rules"))
    .description("Lists the rules that raise alerts.")
    .action(async (options: ConnectionOptions) => listRules(context, options));
  connectionOptions(alerts.command("test"))
    .description("Sends a notification that says it is a test to the configured webhook.")
    .action(async (options: ConnectionOptions) => {
      const call = { timeoutMs: 60_000 };
      const answer = await context
        .client(options)
        .call<{ delivered: boolean; detail: string }>("POST", "/api/v1/notifications/test", call);
      if (!answer.delivered) context.exitCode = 1;
      if (options.json === true) return context.json(answer);
      const { out } = context;
      const words = answer.delivered ? "Delivered" : out.style("down", "Not delivered");
      out.line(`${words}: ${harmless(answer.detail)}`);
    });
}

async function listRules(context: CliContext, options: ConnectionOptions): Promise<void> {
  const { rules } = await context
    .client(options)
    .call<{ rules: AlertRuleView[] }>("GET", "/api/v1/alert-rules");
  if (options.json === true) return context.json(rules);
  const { out } = context;
  out.table<AlertRuleView>(
    [
      { title: "RULE", value: ({ id }) => id, tone: () => "strong" },
      { title: "FIRES AT", value: (rule) => levelsOf(rule) },
      { title: "FOR", value: ({ forMs }) => formatDuration(forMs), align: "right" },
      { title: "FIRING", value: ({ firing }) => String(firing), align: "right" },
      { title: "PENDING", value: ({ pending }) => String(pending), align: "right" },
      { title: "WHAT IT MEANS", value: ({ title }) => title, flexible: true },
    ],
    rules,
  );
}

function levelsOf({ levels, unit }: AlertRuleView): string {
  const words = levels.map(({ level, threshold }) =>
    threshold === null ? level : `${level} ${thresholdWords(threshold, unit)}`,
  );
  return words.join(", ");
}

function thresholdWords(threshold: number, unit: AlertRuleView["unit"]): string {
  if (unit === "s") return formatDuration(threshold * 1000);
  if (unit === "percent") return `${formatNumber(threshold)} %`;
  if (unit === "ratio") return `${formatNumber(threshold * 100)} %`;
  return formatNumber(threshold);
}
