// `cellphone agents`: the registry, and what a person can do to one agent.

import type { Command } from "commander";

import type {
  AgentHold,
  AgentInstance,
  AgentView,
  HeldWork,
  ProcessUsage,
  WaitEdge,
} from "../../communication/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { choice, connectionOptions, count, examples } from "../options.ts";
import { ago, formatBytes, harmless, pad } from "../terminal.ts";
import type { Column } from "../terminal.ts";

interface ListOptions extends ConnectionOptions {
  readonly capability?: string;
  readonly state?: string;
  readonly status?: string;
  readonly text?: string;
  readonly limit?: number;
}

/** Adds `agents` with its subcommands. */
export function registerAgents(program: Command, context: CliContext): void {
  const agents = program
    .command("agents")
    .summary("list, show or remove agents")
    .description("Lists agents and acts on them.");
  const list = connectionOptions(agents.command("list [agent]", { isDefault: true }))
    .description("Lists agents, those online and least loaded first, or shows the one named.")
    .option("-c, --capability <name>", "only those that can do this")
    .addOption(
      choice("--state <state>", "only those we see so", [
        "working",
        "waiting",
        "idle",
        "stuck",
        "down",
      ]),
    )
    .option("--status <status>", "only those that say so of themselves")
    .option("--text <words>", "only those whose id, name, kind or capability holds this")
    .option("--limit <n>", "at most this many", count)
    .action(async (id: string | undefined, options: ListOptions) =>
      id === undefined ? listAgents(context, options) : showAgent(context, id, options),
    );
  examples(list, [
    ["agents", "everyone"],
    ["agents list --capability summarize --state idle", "who could take work now"],
  ]);
  const show = connectionOptions(agents.command("show <agent>"))
    .description("Shows all that is known about one agent.")
    .action(async (id: string, options: ConnectionOptions) => showAgent(context, id, options));
  examples(show, [["agents show worker-1", "its state, why, what it holds, whom it waits on"]]);
  registerRemove(agents, context);
}

function registerRemove(agents: Command, context: CliContext): void {
  connectionOptions(agents.command("remove <agents...>"))
    .description("Removes agents from the registry; undelivered mail becomes dead letters.")
    .action(async (ids: string[], options: ConnectionOptions) => {
      const client = context.client(options);
      for (const id of ids) {
        await client.call("DELETE", `/api/v1/agents/${encodeURIComponent(id)}`);
        if (options.json === true) context.json({ removed: id });
        else context.out.line(`${id} is removed.`);
      }
    });
}

async function listAgents(context: CliContext, options: ListOptions): Promise<void> {
  const { capability, state, status, text, limit } = options;
  const query = { capability, state, status, text, limit };
  const answer = await context
    .client(options)
    .call<{ agents: AgentView[] }>("GET", "/api/v1/agents", { query });
  if (options.json === true) return context.json(answer.agents);
  const { out } = context;
  const nowMs = Date.now();
  if (answer.agents.length === 0) {
    out.line(
      Object.values(query).some((value) => value !== undefined)
        ? "No agent is like that."
        : "No agent yet. Connect one: cellphone run --name worker-1 -- python3 agent.py",
    );
  }
  const columns: Column<AgentView>[] = [
    { title: "STATE", value: (agent) => out.state(stateOf(agent), holdOf(agent)) },
    { title: "SINCE", value: (agent) => ago(agent.presence.sinceMs, nowMs), align: "right" },
    { title: "AGENT", value: (agent) => agent.id, tone: () => "strong" },
    { title: "KIND", value: (agent) => agent.kind },
    { title: "INBOX", value: (agent) => String(ready(agent)), align: "right" },
    { title: "HOLDS", value: (agent) => String(agent.mailbox.leased), align: "right" },
    { title: "WHY", value: (agent) => harmless(agent.presence.reason), flexible: true },
  ];
  out.table(columns, answer.agents);
}

/** Who ended well is not missed. */
function stateOf({ presence }: AgentView): string {
  return presence.left ? "left" : presence.state;
}

function holdOf({ paused, quarantined }: AgentView): "paused" | "quarantined" | null {
  if (quarantined !== null) return "quarantined";
  return paused === null ? null : "paused";
}

function ready({ mailbox }: AgentView): number {
  return Object.values(mailbox.ready).reduce((sum, lane) => sum + lane, 0);
}

async function showAgent(
  context: CliContext,
  id: string,
  options: ConnectionOptions,
): Promise<void> {
  const path = `/api/v1/agents/${encodeURIComponent(id)}`;
  const agent = await context.client(options).call<AgentView>("GET", path);
  if (options.json === true) return context.json(agent);
  const { out } = context;
  const { presence } = agent;
  const nowMs = Date.now();
  const state = out.state(stateOf(agent), holdOf(agent));
  out.line(
    `${out.style("strong", agent.id)}  ${state} for ${ago(presence.sinceMs, nowMs)}: ` +
      harmless(presence.reason),
  );
  for (const [label, value] of factsOf(agent, nowMs)) {
    if (value !== null) out.line(`  ${out.style("quiet", pad(label, 12))}${value}`);
  }
}

type Fact = readonly [label: string, value: string | null];

function factsOf(agent: AgentView, nowMs: number): readonly Fact[] {
  const { presence, instance, mailbox, paused, quarantined } = agent;
  return [
    ["name", agent.name === agent.id ? null : harmless(agent.name)],
    ["kind", agent.version === null ? agent.kind : `${agent.kind} ${harmless(agent.version)}`],
    ["says", agent.status],
    ["can", agent.capabilities.join(", ") || null],
    ["quarantined", quarantined === null ? null : holdWords(quarantined, nowMs)],
    ["paused", paused === null ? null : holdWords(paused, nowMs)],
    ["holds", presence.holds.map((held) => heldLine(held, nowMs)).join(", ") || null],
    ["waits on", presence.waitsOn.map((edge) => waitLine(edge, nowMs)).join(", ") || null],
    ["circle", presence.cycle.join(" → ") || null],
    ["inbox", `${ready(agent)} ready, ${mailbox.leased} held, ${mailbox.delayed} delayed`],
    ["heartbeat", sign(presence.lastHeartbeatAtMs, nowMs)],
    ["output", sign(presence.lastOutputAtMs, nowMs)],
    ["process", presence.process === null ? null : processLine(presence.process)],
    ["instance", instance === null ? null : instanceLine(instance)],
    ["exit code", presence.exitCode === null ? null : String(presence.exitCode)],
    ["registered", sign(agent.registeredAtMs, nowMs)],
  ];
}

function holdWords({ by, reason, sinceMs }: AgentHold, nowMs: number): string {
  const why = reason === "" ? "" : `: ${reason}`;
  return harmless(`by ${by} for ${ago(sinceMs, nowMs)}${why}`);
}

function heldLine(held: HeldWork, nowMs: number): string {
  return `"${harmless(held.title)}" for ${ago(held.sinceMs, nowMs)}`;
}

function waitLine(edge: WaitEdge, nowMs: number): string {
  return `${edge.agentId} for ${ago(edge.sinceMs, nowMs)}`;
}

function sign(atMs: number | null, nowMs: number): string {
  return atMs === null ? "none yet" : `${ago(atMs, nowMs)} ago`;
}

function processLine({ cpuPercent, memoryBytes, processes }: ProcessUsage): string {
  const count = processes === 1 ? "1 process" : `${processes} processes`;
  return `${cpuPercent.toFixed(0)} % CPU, ${formatBytes(memoryBytes)}, ${count}`;
}

function instanceLine({ runtime, host, pid }: AgentInstance): string {
  const parts = [runtime, host, pid === undefined ? undefined : `pid ${pid}`];
  return harmless(parts.filter((part) => part !== undefined).join(", "));
}
