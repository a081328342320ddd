// `cellphone alerts`: what is wrong, who has taken it on, and what becomes of it.

import { Argument } from "commander";
import type { Command } from "commander";

import { AlertLevel } from "../../dashboard/index.ts";
import type { Alert } from "../../dashboard/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { again, untilInterrupted } from "../follow.ts";
import { choice, connectionOptions, count, durationMs, examples, pairs } from "../options.ts";
import { matchId, shortId } from "../short-id.ts";
import { ago, formatNumber, harmless, pad, timeOfDay } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { registerAlertChecks } from "./alert-checks.ts";

const LEVELS = Object.values(AlertLevel);

/** An id is looked for among so many: all that fire, then the newest. */
const PAGE = 1000;

interface ListOptions extends ConnectionOptions {
  readonly all?: boolean;
  readonly level?: string;
  readonly agent?: string;
  readonly rule?: string;
  readonly text?: string;
  readonly since?: number;
  readonly limit: number;
  readonly follow?: boolean;
}

interface AddOptions extends ConnectionOptions {
  readonly source?: string;
  readonly agent?: string;
  readonly context?: Readonly<Record<string, string>>;
}

interface AcknowledgeOptions extends ConnectionOptions {
  readonly note?: string;
  readonly owner?: string;
}

/** Adds `alerts` with its subcommands. */
export function registerAlerts(program: Command, context: CliContext): void {
  const alerts = program
    .command("alerts")
    .summary("what is wrong, and who has taken it on")
    .description("Shows alerts, takes them on, ends them and raises new ones.");
  const listed = connectionOptions(alerts.command("list [alert]", { isDefault: true }))
    .description("Lists the alerts that fire, or shows the one named; --follow prints changes.")
    .option("--all", "those that are over too")
    .addOption(choice("--level <level>", "only those of this level", LEVELS))
    .option("-a, --agent <agent>", "about this agent")
    .option("--rule <rule>", "raised by this rule")
    .option("--text <words>", "whose message holds this")
    .option("--since <duration>", "that changed within this time", durationMs)
    .option("--limit <n>", "at most this many", count, 100)
    .option("-f, --follow", "go on until Ctrl-C")
    .action(async (id: string | undefined, options: ListOptions) =>
      id === undefined ? listAlerts(context, options) : showAlert(context, id, options),
    );
  examples(listed, [
    ["alerts", "what fires now"],
    ["alerts --all --since 24h", "the last day, with what is over"],
  ]);
  connectionOptions(alerts.command("show <alert>"))
    .description("Shows one alert; part of its id is enough.")
    .action(async (id: string, options: ConnectionOptions) => showAlert(context, id, options));
  registerLifeCycle(alerts, context);
  registerAdd(alerts, context);
  registerAlertChecks(alerts, context);
}

function registerLifeCycle(alerts: Command, context: CliContext): void {
  const acknowledge = connectionOptions(alerts.command("ack <alerts...>"))
    .description("Takes alerts on: they are quiet until they get worse.")
    .option("--note <words>", "what you know or do about it")
    .option("--owner <name>", "whose it is from now on (default: the caller)")
    .action(async (ids: string[], options: AcknowledgeOptions) => {
      const body = { note: options.note, owner: options.owner };
      await onEach(context, ids, options, async (client, path) => {
        const alert = await client.call<Alert>("POST", `${path}/acknowledge`, { body });
        return [alert, `is ${alert.acknowledged?.owner ?? "nobody"}'s`];
      });
    });
  examples(acknowledge, [['alerts ack 8s9t0a --note "provider has an incident"', "it is mine"]]);
  connectionOptions(alerts.command("unack <alerts...>"))
    .description("Gives alerts back: they need somebody again.")
    .action(async (ids: string[], options: ConnectionOptions) =>
      onEach(context, ids, options, async (client, path) => {
        const alert = await client.call<Alert>("DELETE", `${path}/acknowledge`);
        return [alert, "is nobody's again"];
      }),
    );
  connectionOptions(alerts.command("resolve <alerts...>"))
    .description("Ends alerts; a rule that still sees the reason raises it again.")
    .option("--note <words>", "why, for the audit log")
    .action(async (ids: string[], options: AcknowledgeOptions) =>
      onEach(context, ids, options, async (client, path) => {
        const body = options.note === undefined ? {} : { note: options.note };
        return [await client.call<Alert>("POST", `${path}/resolve`, { body }), "is over"];
      }),
    );
}

function registerAdd(alerts: Command, context: CliContext): void {
  const add = connectionOptions(alerts.command("add"))
    .addArgument(new Argument("<level>", "how bad it is").choices(LEVELS))
    .argument("<message>", "subject, verb, number")
    .description("Raises an alert; one that fires already is counted instead.")
    .option("--source <source>", "what it is about, or who says so")
    .option("-a, --agent <agent>", "the agent it is about")
    .option("--context <key=value>", "a fact about it; repeatable", pairs)
    .action(async (level: string, message: string, options: AddOptions) => {
      const { source, agent, context: facts } = options;
      const body = { level, message, source, agentId: agent, context: facts };
      const alert = await context.client(options).call<Alert>("POST", "/api/v1/alerts", { body });
      if (options.json === true) return context.json(alert);
      const times = alert.count > 1 ? `, seen ${alert.count} times` : "";
      const id = shortId(alert.id);
      context.out.line(`Alert ${id} fires${times}. Take it on: cellphone alerts ack ${id}`);
    });
  examples(add, [['alerts add warning "index is 4 h old" --source indexer', "from a script"]]);
}

async function onEach(
  context: CliContext,
  ids: readonly string[],
  options: ConnectionOptions,
  act: (client: ControlClient, path: string) => Promise<readonly [Alert, string]>,
): Promise<void> {
  const client = context.client(options);
  for (const text of ids) {
    const id = await alertIdOf(client, text);
    const [alert, words] = await act(client, `/api/v1/alerts/${encodeURIComponent(id)}`);
    if (options.json === true) context.json(alert);
    else context.out.line(`${shortId(alert.id)} ${words}: ${harmless(alert.message)}`);
  }
}

/** The id a person means by a part of it; whole ids are taken at their word. */
async function alertIdOf(client: ControlClient, text: string): Promise<string> {
  if (/^[a-z]+_[0-9a-z]{26}$/.test(text)) return text;
  const query = { limit: PAGE };
  const { alerts } = await client.call<{ alerts: Alert[] }>("GET", "/api/v1/alerts", { query });
  return matchId(
    text,
    alerts.map(({ id }) => id),
    "alert",
  );
}

async function listAlerts(context: CliContext, options: ListOptions): Promise<void> {
  const { level, agent, rule, text, since, limit } = options;
  const client = context.client(options);
  const filter = { level, agentId: agent, rule, text };
  const fromMs = since === undefined ? undefined : Date.now() - since;
  const query = { ...filter, fromMs, limit, state: options.all === true ? undefined : "firing" };
  const { alerts } = await client.call<{ alerts: Alert[] }>("GET", "/api/v1/alerts", { query });
  if (options.follow === true) return followAlerts(context, client, alerts, options);
  if (options.json === true) return context.json(alerts);
  const { out } = context;
  if (alerts.length === 0) {
    const any = Object.values({ ...filter, fromMs }).some((value) => value !== undefined);
    if (any) return out.line("No alert is like that.");
    return out.line(
      options.all === true ? "No alert yet." : "Nothing fires. Also past ones: --all",
    );
  }
  const nowMs = Date.now();
  out.table<Alert>(
    [
      { title: "LEVEL", value: (alert) => out.level(alert.level, alert.state === "firing") },
      { title: "ALERT", value: ({ id }) => shortId(id), tone: () => "quiet" },
      { title: "SINCE", value: ({ startsAtMs }) => ago(startsAtMs, nowMs), align: "right" },
      { title: "SEEN", value: (alert) => String(alert.count), align: "right" },
      { title: "WHAT", value: ({ message }) => harmless(message), flexible: true },
      { title: "WHOSE", value: (alert) => whose(alert) },
    ],
    alerts.toSorted(byUrgency),
  );
}

/** What fires before what is over, the worst first; otherwise as the server said it. */
function byUrgency(a: Alert, b: Alert): number {
  return urgencyOf(b) - urgencyOf(a);
}

function urgencyOf({ state, level }: Alert): number {
  return state === "firing" ? LEVELS.indexOf(level) : -1;
}

function whose({ state, acknowledged }: Alert): string {
  if (state === "resolved") return "over";
  if (state === "queued" && acknowledged === null) return "waits for room";
  return acknowledged === null ? "nobody's" : harmless(acknowledged.owner);
}

async function followAlerts(
  context: CliContext,
  client: ControlClient,
  latest: readonly Alert[],
  options: ListOptions,
): Promise<void> {
  const shown = new Map<string, number>();
  const show = (alert: Alert): void => {
    // The stream begins with all that fires.
    if (shown.get(alert.id) === alert.updatedAtMs || !isWanted(alert, options)) return;
    if (alert.state === "firing") shown.set(alert.id, alert.updatedAtMs);
    else shown.delete(alert.id);
    if (options.json === true) context.out.line(JSON.stringify(alert));
    else printAlert(context.out, alert);
  };
  for (const alert of latest.toReversed()) show(alert);
  await untilInterrupted((interrupted) =>
    again(interrupted, async (signal) => {
      for await (const { event, data } of client.events("/api/v1/stream", { signal })) {
        if (event === "alerts" && isAlerts(data)) data.alerts.forEach(show);
      }
    }),
  );
}

function isWanted(alert: Alert, { level, agent, rule, text }: ListOptions): boolean {
  return (
    (level === undefined || alert.level === level) &&
    (agent === undefined || alert.agentIds.includes(agent)) &&
    (rule === undefined || alert.rule === rule) &&
    (text === undefined || alert.message.toLowerCase().includes(text.toLowerCase()))
  );
}

function isAlerts(data: unknown): data is { readonly alerts: readonly Alert[] } {
  return typeof data === "object" && data !== null && "alerts" in data;
}

function printAlert(out: Terminal, alert: Alert): void {
  const nowMs = Date.now();
  const time = out.style("quiet", timeOfDay(alert.updatedAtMs, nowMs));
  const level = pad(out.level(alert.level, alert.state === "firing"), 10);
  const times = alert.count > 1 ? `, seen ${alert.count} times` : "";
  out.line(`  ${time}  ${level}  ${harmless(alert.message)} (${whose(alert)}${times})`);
}

async function showAlert(
  context: CliContext,
  text: string,
  options: ConnectionOptions,
): Promise<void> {
  const client = context.client(options);
  const id = await alertIdOf(client, text);
  const alert = await client.call<Alert>("GET", `/api/v1/alerts/${encodeURIComponent(id)}`);
  if (options.json === true) return context.json(alert);
  const { out } = context;
  const level = out.level(alert.level, alert.state === "firing");
  out.line(`${level}  ${out.style("strong", harmless(alert.message))}`);
  for (const [label, value] of factsOf(alert, Date.now())) {
    if (value !== null) out.line(`  ${out.style("quiet", pad(label, 11))}${value}`);
  }
}

function factsOf(alert: Alert, nowMs: number): readonly (readonly [string, string | null])[] {
  const { acknowledged, value, threshold, endsAtMs, traceId } = alert;
  const limit = threshold === null ? "" : `, threshold ${formatNumber(threshold)}`;
  const context = Object.entries(alert.context);
  return [
    ["alert", alert.id],
    ["rule", alert.rule],
    ["source", harmless(alert.source)],
    ["agents", alert.agentIds.join(", ") || null],
    ["since", `${timeOfDay(alert.startsAtMs, nowMs)}, ${ago(alert.startsAtMs, nowMs)} ago`],
    ["over", endsAtMs === null ? null : `${ago(endsAtMs, nowMs)} ago`],
    ["seen", alert.count === 1 ? "once" : `${alert.count} times`],
    ["got worse", alert.raised > 1 ? `${alert.raised - 1} times` : null],
    ["measured", value === null ? null : `${formatNumber(value)}${limit}`],
    ["whose", acknowledged === null ? "nobody's" : ownership(acknowledged, nowMs)],
    [
      "context",
      context.map(([key, fact]) => harmless(`${key}=${JSON.stringify(fact)}`)).join(" ") || null,
    ],
    ["trace", traceId === null ? null : `cellphone trace ${traceId}`],
  ];
}

function ownership(
  { owner, note, atMs }: NonNullable<Alert["acknowledged"]>,
  nowMs: number,
): string {
  return harmless(`${owner}'s for ${ago(atMs, nowMs)}${note === "" ? "" : `: ${note}`}`);
}
