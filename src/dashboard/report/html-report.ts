// A report for people who have no access to the server, or read it next year: one HTML file that
// loads nothing and runs nothing, readable in light, in dark and on paper.

import { formatDuration } from "../../core/index.ts";
import type { Alert } from "../alert.ts";
import { dashboardLimits } from "../limits.ts";
import type { AgentTile, Cause } from "../model.ts";
import type { ServiceDigest } from "../ports.ts";
import { drawChart } from "./chart-drawing.ts";
import { html, Markup } from "./markup.ts";
import type { MarkupValue } from "./markup.ts";
import type { ReportData, ReportProfile } from "./report-data.ts";
import { levelMark, serviceMark, stateMark } from "./marks.ts";
import { REPORT_STYLE } from "./style.ts";
import { head, number, numberHead, row, section, table, time, words } from "./table.ts";
import { dollars, instant, measure, shortInstant } from "./words.ts";

/** The report as one HTML document. Whatever the data says is text in it, never markup. */
export function htmlReport(data: ReportData): string {
  const { summary, fromMs, toMs } = data;
  const title = `${summary.namespace}: ${summary.headline}`;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Markup(REPORT_STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <div>
              <h1>${summary.headline}</h1>
              <p class="meta">
                Namespace ${summary.namespace}, ${instant(fromMs)} to ${instant(toMs)}, written
                ${instant(summary.atMs)}
              </p>
              ${countsLine(data)}
            </div>
            <p class="score">
              <b>${summary.health.score}</b><br /><span class="meta">health of 100</span>
            </p>
          </header>
          ${healthSection(data)} ${causesSection(summary.causes, summary.atMs)} ${kpiSection(data)}
          ${chartsSection(data)} ${alertsSection(data)} ${servicesSection(data.services)}
          ${agentsSection(data.agents, summary.atMs)} ${profilesSection(data.profiles)}
          <footer>
            Written by Agent Cellphone from its own records.${sourceLink(data.externalUrl)}
          </footer>
        </main>
      </body>
    </html> `;
  return document.toString();
}

function countsLine({ summary }: ReportData): Markup {
  const { counts, services } = summary;
  const words = (["working", "waiting", "idle", "stuck", "down", "left"] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`);
  const agents = `${counts.total} ${counts.total === 1 ? "agent" : "agents"}`;
  const all = [
    words.length === 0 ? agents : `${agents}: ${words.join(", ")}`,
    ...(services.total === 0 ? [] : [`${services.healthy} of ${services.total} services healthy`]),
    ...(summary.costPerHourUsd === null ? [] : [`${dollars(summary.costPerHourUsd)} per hour`]),
  ];
  return html`<p class="quiet">${all.join(" · ")}</p>`;
}

function healthSection({ summary }: ReportData): Markup | null {
  const { lost } = summary.health;
  if (lost.length === 0) return null;
  const rows = lost.map(({ points, reason }) => row([number(`−${points}`), words(reason)]));
  return section("Lost points", table([numberHead("Points"), head("For")], rows));
}

function causesSection(causes: readonly Cause[], nowMs: number): Markup {
  if (causes.length === 0) {
    return section("Needs somebody", html`<p class="panel empty">Nothing needs anybody.</p>`);
  }
  const rows = causes.map((cause) =>
    row([
      html`<td>${levelMark(cause.level)}</td>`,
      words(cause.text),
      time(formatDuration(nowMs - cause.sinceMs)),
      number(cause.costUsd === null ? "" : dollars(cause.costUsd)),
      words(ownerOf(cause)),
    ]),
  );
  const heads = [head("Level"), head("What"), head("For"), numberHead("Cost"), head("Taken on by")];
  return section("Needs somebody", table(heads, rows));
}

function kpiSection({ kpis }: ReportData): Markup | null {
  if (kpis.length === 0) return null;
  const cards = kpis.map(
    ({ title, value, unit, meaning }) =>
      html`<div class="panel card">
        <h3>${title}</h3>
        <b>${measure(value, unit)}</b>
        <p class="meta">${meaning}</p>
      </div>`,
  );
  return section("Key figures", html`<div class="grid">${cards}</div>`);
}

/** Units of what is charted first; other metrics' units are their makers' business. */
const CHART_UNITS: Readonly<Record<string, string>> = {
  system_health_score: "of 100",
  response_time: "s",
  error_rate: "of 1",
  gateway_request_duration: "s",
};

function chartsSection({ charts, alerts, fromMs, toMs }: ReportData): Markup | null {
  if (charts.length === 0) return null;
  const marks = alerts.map((alert) => alert.startsAtMs);
  const cards = charts.map((chart) => {
    const unit = CHART_UNITS[chart.metric];
    const title = unit === undefined ? chart.metric : `${chart.metric}, ${unit}`;
    const drawing = drawChart(chart, { fromMs, toMs }, marks);
    return html`<div class="panel card chart">
      <h3 class="mono">${title}</h3>
      ${drawing}
    </div>`;
  });
  const step = formatDuration(charts[0]?.stepMs ?? 0);
  const note = `Averages of each ${step} over all agents; dashed lines are alerts.`;
  return section(
    "Over the range",
    html`<div class="grid charts">${cards}</div>`,
    html`<p class="meta note">${note}</p>`,
  );
}

function alertsSection({ alerts, summary }: ReportData): Markup {
  if (alerts.length === 0) {
    return section("Alerts", html`<p class="panel empty">No alert fired in this time.</p>`);
  }
  const shown = alerts.slice(0, dashboardLimits.reportRows.value);
  const rows = shown.map((alert) =>
    row([
      html`<td>${levelMark(alert.level)}</td>`,
      words(alert.message),
      html`<td class="mono">${alert.rule}</td>`,
      time(shortInstant(alert.startsAtMs)),
      time(endWords(alert, summary.atMs)),
      number(String(alert.count)),
      words(ackWords(alert)),
    ]),
  );
  const heads = ["Level", "What", "Rule", "Raised", "Ended"].map(head);
  const all = [...heads, numberHead("Seen"), head("Taken on")];
  const note = html`<p class="meta note">There are more, which are not listed.</p>`;
  return section("Alerts", table(all, rows), alerts.length > shown.length ? note : null);
}

function servicesSection(services: readonly ServiceDigest[]): Markup | null {
  if (services.length === 0) return null;
  const rows = services.map(({ name, status, reason, recent }) =>
    row([
      words(name),
      html`<td>${serviceMark(status)}</td>`,
      number(String(recent.calls)),
      number(String(recent.failed)),
      number(String(recent.limited)),
      number(measure(recent.p50Seconds, "s")),
      number(measure(recent.p95Seconds, "s")),
      words(reason),
    ]),
  );
  const numbers = ["Calls", "Failed", "Limited", "p50", "p95"].map(numberHead);
  const heads = [head("Service"), head("Status"), ...numbers, head("Why")];
  const note = html`<p class="meta note">
    Calls of the last five minutes before this was written.
  </p>`;
  return section("Services", table(heads, rows), note);
}

function agentsSection(agents: readonly AgentTile[], nowMs: number): Markup | null {
  if (agents.length === 0) return null;
  const shown = agents.slice(0, dashboardLimits.reportRows.value);
  const rows = shown.map((agent) =>
    row([
      words(agent.name),
      html`<td class="quiet">${agent.kind}</td>`,
      html`<td>${stateMark(agent)}</td>`,
      time(formatDuration(nowMs - agent.sinceMs)),
      words(agent.task ?? ""),
      words(agent.reason),
      number(agent.costUsd === null ? "" : dollars(agent.costUsd)),
    ]),
  );
  const heads = ["Agent", "Kind", "State", "For", "Task", "Why"].map(head);
  const all = [...heads, numberHead("Cost")];
  return section("Agents", table(all, rows), leftOut(agents.length, shown.length));
}

function profilesSection(profiles: readonly ReportProfile[]): Markup | null {
  if (profiles.length === 0) return null;
  const rows = profiles.map((profile) =>
    row([
      html`<td class="mono words">${profile.name}</td>`,
      words(profile.agentId ?? ""),
      number(String(profile.count)),
      number(String(profile.failed)),
      number(measure(profile.totalMs, "ms")),
      number(measure(profile.avgMs, "ms")),
      number(measure(profile.p95Ms, "ms")),
    ]),
  );
  const numbers = ["Calls", "Failed", "Total", "Average", "p95"].map(numberHead);
  return section("Where time went", table([head("Function"), head("Agent"), ...numbers], rows));
}

function leftOut(all: number, shown: number): Markup | null {
  return all === shown ? null : html`<p class="meta note">${all - shown} more are not listed.</p>`;
}

function ownerOf(cause: Cause): string {
  const { acknowledged } = cause;
  if (acknowledged === null) return "";
  return acknowledged.note === ""
    ? acknowledged.owner
    : `${acknowledged.owner}: ${acknowledged.note}`;
}

function ackWords({ acknowledged }: Alert): string {
  if (acknowledged === null) return "";
  const { owner, note, atMs } = acknowledged;
  return `${owner}, ${shortInstant(atMs)}${note === "" ? "" : `: ${note}`}`;
}

function endWords(alert: Alert, nowMs: number): string {
  if (alert.endsAtMs === null) return `fires for ${formatDuration(nowMs - alert.startsAtMs)}`;
  return `after ${formatDuration(alert.endsAtMs - alert.startsAtMs)}`;
}

/** Only http and https become a link; the configuration allows no others. */
function sourceLink(externalUrl: string): MarkupValue {
  const url = URL.parse(externalUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return html` <a href="${url.href}">${url.host}</a>`;
}
