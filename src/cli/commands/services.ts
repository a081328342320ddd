// `cellphone services`: what agents may call through the gateway, and how well it answers.

import type { Command } from "commander";

import type { ServiceView } from "../../gateway/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { choice, connectionOptions, examples } from "../options.ts";
import { ago, formatNumber, harmless, pad } from "../terminal.ts";
import type { Column, Tone } from "../terminal.ts";
import { formatTook } from "../took.ts";
import { limitWords, servicePath } from "./service-words.ts";
import { registerServiceChanges } from "./service-changes.ts";

const STATES = ["healthy", "degraded", "unhealthy", "unknown"];

interface ListOptions extends ConnectionOptions {
  readonly status?: string;
  readonly version?: string;
  readonly text?: string;
}

/** Adds `services` with its subcommands. */
export function registerServices(program: Command, context: CliContext): void {
  const services = program
    .command("services")
    .summary("what agents may call through the gateway")
    .description("Registers services behind the gateway and shows how well they answer.");
  const listed = connectionOptions(services.command("list [service]", { isDefault: true }))
    .description("Lists services in order of registration, or shows the one named.")
    .addOption(choice("--status <status>", "only those that answer so", STATES))
    .option("--version <version>", "only those of this version")
    .option("--text <words>", "only those whose id or name holds this")
    .action(async (id: string | undefined, options: ListOptions) =>
      id === undefined ? listServices(context, options) : showService(context, id, options),
    );
  examples(listed, [
    ["services", "all of them"],
    ["services list --status unhealthy", "what does not answer"],
  ]);
  connectionOptions(services.command("show <service>"))
    .description("Shows all that is known about one service.")
    .action(async (id: string, options: ConnectionOptions) => showService(context, id, options));
  registerServiceChanges(services, context);
}

async function listServices(context: CliContext, options: ListOptions): Promise<void> {
  const { status, version, text } = options;
  const query = { status, version, text };
  const { services } = await context
    .client(options)
    .call<{ services: ServiceView[] }>("GET", "/api/v1/services", { query });
  if (options.json === true) return context.json(services);
  const { out } = context;
  if (services.length === 0) {
    const any = Object.values(query).some((value) => value !== undefined);
    const first = "No service yet. Add one: cellphone services add search http://127.0.0.1:8001";
    return out.line(any ? "No service is like that." : first);
  }
  const nowMs = Date.now();
  out.table<ServiceView>(serviceColumns(context, nowMs), services);
}

function serviceColumns({ out }: CliContext, nowMs: number): readonly Column<ServiceView>[] {
  return [
    { title: "STATE", value: ({ status }) => out.serviceState(status) },
    { title: "SINCE", value: ({ statusSinceMs }) => ago(statusSinceMs, nowMs), align: "right" },
    { title: "SERVICE", value: ({ id }) => id, tone: () => "strong" },
    { title: "VERSION", value: ({ version }) => version },
    { title: "ENDPOINTS", value: endpointCount, align: "right" },
    { title: "RECENT CALLS", value: ({ recent }) => formatNumber(recent.calls), align: "right" },
    {
      title: "ERRORS",
      value: errorShare,
      align: "right",
      tone: ({ recent }): Tone => (recent.failed > 0 ? "down" : "plain"),
    },
    { title: "P95", value: ({ recent }) => seconds(recent.p95Seconds), align: "right" },
    { title: "LIMIT", value: limitsOf, align: "right" },
    { title: "WHY", value: ({ reason }) => harmless(reason), flexible: true },
  ];
}

/** Those that answer, of all. */
function endpointCount({ endpointViews }: ServiceView): string {
  const bad = endpointViews.filter(({ status }) => status === "unhealthy").length;
  const all = endpointViews.length;
  return bad === 0 ? String(all) : `${all - bad} of ${all}`;
}

function errorShare({ recent: { calls, failed } }: ServiceView): string {
  if (calls === 0) return "–";
  if (failed === 0) return "0";
  return `${failed} (${formatNumber((failed / calls) * 100)} %)`;
}

function seconds(value: number | null): string {
  return value === null ? "–" : formatTook(value * 1000);
}

function limitsOf({ rateLimit, agentRateLimit }: ServiceView): string {
  const parts = [
    rateLimit === null ? null : `${rateLimit.requestsPerMinute}/${rateLimit.burst}`,
    agentRateLimit === null
      ? null
      : `${agentRateLimit.requestsPerMinute}/${agentRateLimit.burst} each`,
  ];
  return parts.filter((part) => part !== null).join(", ") || "–";
}

async function showService(
  context: CliContext,
  id: string,
  options: ConnectionOptions,
): Promise<void> {
  const service = await context.client(options).call<ServiceView>("GET", servicePath(id));
  if (options.json === true) return context.json(service);
  const { out } = context;
  const nowMs = Date.now();
  out.line(
    `${out.style("strong", service.id)}  ${out.serviceState(service.status)} for ` +
      `${ago(service.statusSinceMs, nowMs)}: ${harmless(service.reason)}`,
  );
  for (const [label, value] of factsOf(service)) {
    if (value !== null) out.line(`  ${out.style("quiet", pad(label, 11))}${value}`);
  }
  out.line();
  out.table<ServiceView["endpointViews"][number]>(
    [
      { title: "ENDPOINT", value: ({ baseUrl }) => harmless(baseUrl) },
      { title: "STATE", value: ({ status }) => out.serviceState(status) },
      { title: "WEIGHT", value: ({ weight }) => formatNumber(weight), align: "right" },
      { title: "CHECKED", value: (view) => checked(view, nowMs), align: "right" },
      { title: "UNDER WAY", value: ({ inFlight }) => String(inFlight), align: "right" },
      { title: "WHY", value: ({ reason }) => harmless(reason), flexible: true },
    ],
    service.endpointViews,
    "  ",
  );
}

function checked(view: ServiceView["endpointViews"][number], nowMs: number): string {
  if (view.checkedAtMs === null) return "never";
  const took = view.checkMs === null ? "" : `, ${formatNumber(Math.round(view.checkMs))} ms`;
  return `${ago(view.checkedAtMs, nowMs)} ago${took}`;
}

function factsOf(service: ServiceView): readonly (readonly [string, string | null])[] {
  const { recent, credential } = service;
  const calls = recent.calls === 1 ? "1 call" : `${formatNumber(recent.calls)} calls`;
  return [
    ["name", service.name === service.id ? null : harmless(service.name)],
    ["paths", service.publicPaths.map(harmless).join(", ")],
    ["rewrite", service.rewrite],
    ["health", service.healthCheckUrl === null ? "not checked" : harmless(service.healthCheckUrl)],
    ["limit", limitWords(service.rateLimit)],
    ["per agent", limitWords(service.agentRateLimit)],
    ["timeout", service.requestTimeoutMs === null ? null : `${service.requestTimeoutMs / 1000} s`],
    ["retries", String(service.retries)],
    [
      "credential",
      credential === null ? "none" : harmless(`${credential.header}: ${credential.value}`),
    ],
    [
      "of late",
      `${calls}, ${recent.failed} failed, ${recent.limited} limited, ` +
        `${recent.inFlight} under way`,
    ],
    ["answers in", `p50 ${seconds(recent.p50Seconds)}, p95 ${seconds(recent.p95Seconds)}`],
    ["last failed", recent.lastFailedTraceId && `cellphone trace ${recent.lastFailedTraceId}`],
  ];
}
