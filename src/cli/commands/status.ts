// `cellphone status`: the Overview in words. Who needs you comes first.

import type { Command } from "commander";

import type { AgentTile, Cause, OverviewSummary } from "../../dashboard/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, examples } from "../options.ts";
import { formatNumber, harmless, timeOfDay } from "../terminal.ts";

interface Overview {
  readonly summary: OverviewSummary;
  readonly agents: readonly AgentTile[];
}

/** Adds `status`. */
export function registerStatus(program: Command, context: CliContext): void {
  const command = connectionOptions(program.command("status"))
    .summary("who needs you and why, then the fleet")
    .description("Says who needs you and why, then sums up the fleet.")
    .action(async (options: ConnectionOptions) => {
      const client = context.client(options);
      const overview = await client.call<Overview>("GET", "/api/v1/overview");
      if (options.json === true) context.json(overview);
      else printOverview(context, overview);
    });
  examples(command, [
    ["status", "the fleet now"],
    ["status --json | jq .summary.headline", "one line for a script"],
  ]);
}

const MARKS = {
  info: { tone: "quiet", mark: "▨" },
  warning: { tone: "stuck", mark: "▲" },
  error: { tone: "down", mark: "✕" },
  critical: { tone: "down", mark: "◆" },
} as const;

function printOverview({ out }: CliContext, { summary, agents }: Overview): void {
  out.line(out.style("strong", summary.headline));
  const causes = summary.causes.map((cause) => causeLine(cause, summary.atMs));
  for (const [index, text] of causes.entries()) {
    const { tone, mark } = MARKS[summary.causes[index]?.level ?? "info"];
    out.line(`  ${out.style(tone, mark)} ${text}`);
  }
  out.line();
  if (agents.length > 0) {
    const { counts } = summary;
    const states = (["working", "waiting", "idle", "stuck", "down", "left"] as const).filter(
      (state) => counts[state] > 0,
    );
    const words = states.map((state) => `${counts[state]} ${out.state(state)}`);
    const quarantined = agents.filter((agent) => agent.quarantined).length;
    if (quarantined > 0) words.push(`${quarantined} ${out.style("down", "⊘ quarantined")}`);
    if (counts.paused > 0) words.push(`${counts.paused} ${out.style("quiet", "▨ paused")}`);
    out.line(`  ${words.join("   ")}`);
  }
  const facts = [`health ${summary.health.score}`];
  if (summary.errorRatio !== null) {
    facts.push(`${formatNumber(summary.errorRatio * 100)} % of work failed in 5 min`);
  }
  if (summary.costPerHourUsd !== null) facts.push(`$${summary.costPerHourUsd.toFixed(2)} per hour`);
  if (summary.deadLetters > 0) facts.push(`${summary.deadLetters} dead letters`);
  out.line(`  ${facts.join("   ")}`);
  for (const words of [alertWords(summary), serviceWords(summary)]) {
    if (words !== null) out.line(`  ${words}`);
  }
  for (const lost of summary.health.lost) {
    out.line(out.style("quiet", `    −${lost.points}  ${harmless(lost.reason)}`));
  }
  if (agents.length === 0) {
    out.line();
    out.line(
      `  Connect one:  ${out.style("accent", "cellphone run --name worker-1 -- python3 agent.py")}`,
    );
  }
}

/** `3 alerts fire: 1 critical, 2 warning; 2 not taken on`; null when none does. */
function alertWords({ alerts }: OverviewSummary): string | null {
  const levels = (["critical", "error", "warning", "info"] as const).filter(
    (level) => alerts.firing[level] > 0,
  );
  const firing = levels.reduce((sum, level) => sum + alerts.firing[level], 0);
  if (firing === 0) return null;
  const each = levels.map((level) => `${alerts.firing[level]} ${level}`).join(", ");
  if (firing === 1) {
    const free = alerts.unacknowledged === 0 ? "" : "; nobody has taken it on";
    return `1 alert fires: ${each}${free}`;
  }
  const free = alerts.unacknowledged === 0 ? "" : `; ${alerts.unacknowledged} not taken on`;
  return `${firing} alerts fire: ${each}${free}`;
}

/** `1 of 4 services unhealthy, 1 degraded`; null when all are well. */
function serviceWords({ services }: OverviewSummary): string | null {
  const { unhealthy, degraded, total } = services;
  const parts = [
    unhealthy === 0 ? null : `${unhealthy} unhealthy`,
    degraded === 0 ? null : `${degraded} degraded`,
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return `${total === 1 ? "1 service" : `${total} services`}: ${parts.join(", ")}`;
}

function causeLine(cause: Cause, nowMs: number): string {
  const cost = cause.costUsd === null ? "" : `, $${cause.costUsd.toFixed(2)} since then`;
  return `${harmless(cause.text)}; since ${timeOfDay(cause.sinceMs, nowMs)}${cost}`;
}
