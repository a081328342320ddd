// `cellphone profile` and `cellphone profiles`: what a running program spends its time or memory on.

import type { Command } from "commander";

import type { FlameNode, ProfileRecord } from "../../profiler/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { CliError } from "../errors.ts";
import { choice, connectionOptions, count, durationMs, examples } from "../options.ts";
import { writeFileWhole } from "../output-file.ts";
import { shortId } from "../short-id.ts";
import { ago, formatBytes, formatNumber, harmless } from "../terminal.ts";
import { topFunctions } from "../top-functions.ts";
import type { TopFunction } from "../top-functions.ts";

/** Functions that are printed. */
const TOP = 10;

/** Longest that the server samples. */
const SECONDS_MAX = 120;

/** One wait at the server, while a person looks on and while none does. */
const TICK_MS = 1000;
const WAIT_MS = 30_000;

interface ProfileOptions extends ConnectionOptions {
  readonly server?: boolean;
  readonly seconds: number;
  readonly heap?: boolean;
  readonly out?: string;
}

interface ListOptions extends ConnectionOptions {
  readonly agent?: string;
  readonly state?: string;
  readonly since?: number;
  readonly limit: number;
}

/** Adds `profile` and `profiles`. */
export function registerProfile(program: Command, context: CliContext): void {
  const profile = connectionOptions(program.command("profile [agent]"))
    .summary("what a running agent spends its time or memory on")
    .description(
      "Takes a profile of a running agent, or of the server, over its own connection. Writes it " +
        "for pprof (.pb.gz) and for V8's tools (.cpuprofile, .heapprofile), and prints the top.",
    )
    .option("-s, --seconds <n>", `how long to sample, 1 to ${SECONDS_MAX}`, count, 10)
    .option("--heap", "sample the memory it keeps instead of CPU time")
    .option("--server", "of the server itself")
    .option("-o, --out <name>", "write to <name>.pb.gz and <name>.cpuprofile")
    .action(async (agent: string | undefined, options: ProfileOptions) =>
      takeProfile(context, agent, options),
    );
  examples(profile, [
    ["profile worker-1 --seconds 10", "its CPU time"],
    ["profile worker-1 --heap -o leak", "who holds the memory"],
    ["profile --server", "the server's own"],
  ]);
  connectionOptions(program.command("profiles"))
    .summary("profiles that were taken")
    .description("Lists profiles, newest first.")
    .option("-a, --agent <agent>", "of this agent")
    .addOption(
      choice("--state <state>", "as far as this", ["requested", "running", "done", "failed"]),
    )
    .option("--since <duration>", "asked for within this time", durationMs)
    .option("--limit <n>", "at most this many", count, 50)
    .action(async (options: ListOptions) => listProfiles(context, options));
}

async function takeProfile(
  context: CliContext,
  agent: string | undefined,
  options: ProfileOptions,
): Promise<void> {
  if ((agent === undefined) === (options.server !== true)) {
    throw new CliError("cli.usage", "Name an agent, or give --server");
  }
  if (options.seconds < 1 || options.seconds > SECONDS_MAX) {
    const message = `A profile takes 1 to ${SECONDS_MAX} seconds, not ${options.seconds}`;
    throw new CliError("cli.usage", message);
  }
  const client = context.client(options);
  const kind = options.heap === true ? "heap" : "cpu";
  const path =
    agent === undefined
      ? "/api/v1/profiles"
      : `/api/v1/agents/${encodeURIComponent(agent)}/profiles`;
  const body = { kind, seconds: options.seconds };
  const asked = await client.call<ProfileRecord>("POST", path, { body });
  const done = await untilDone(context, client, asked);
  if (done.state !== "done") {
    const who = agent ?? "the server";
    const message = `No profile of ${who}: ${done.reason ?? "it does not say why"}`;
    throw new CliError("cli.profile_failed", message);
  }
  const files = await download(client, done, options.out ?? nameOf(done));
  const tree = await client.call<Tree>("GET", `/api/v1/profiles/${done.id}/tree`);
  const top = topFunctions(tree.root, TOP);
  if (options.json === true) return context.json({ ...done, files, top });
  printTop(context, done, tree, top);
  for (const { file, bytes } of files) context.out.line(`  ${file}  ${formatBytes(bytes)}`);
}

interface Tree {
  readonly root: FlameNode;
  readonly unit: string;
  readonly total: number;
}

/** Waits at the server, which answers at once when it is done or has failed. */
async function untilDone(
  context: CliContext,
  client: ControlClient,
  asked: ProfileRecord,
): Promise<ProfileRecord> {
  const { err } = context;
  const waitMs = err.interactive ? TICK_MS : WAIT_MS;
  let now = asked;
  while (now.state === "requested" || now.state === "running") {
    if (err.interactive) err.output.write(`\r\u001b[K${progressOf(now)}`);
    const call = { query: { waitMs }, timeoutMs: waitMs + 10_000 };
    now = await client.call<ProfileRecord>("GET", `/api/v1/profiles/${asked.id}`, call);
  }
  if (err.interactive) err.output.write("\r\u001b[K");
  return now;
}

function progressOf({ agentId, startedAtMs, seconds, state }: ProfileRecord): string {
  const who = agentId ?? "the server";
  if (state === "requested" || startedAtMs === null) return `Asking ${who} …`;
  const left = Math.ceil(seconds - (Date.now() - startedAtMs) / 1000);
  return left > 0 ? `Sampling ${who}: ${left} s left` : `Fetching what ${who} sampled …`;
}

/** `worker-1-cpu-20260102-030405`, safe in any file system. */
function nameOf({ agentId, kind, requestedAtMs }: ProfileRecord): string {
  const [day = "", time = ""] = new Date(requestedAtMs).toISOString().split("T");
  const stamp = `${day.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}`;
  return `${(agentId ?? "server").replaceAll(/[^\w.-]+/g, "_")}-${kind}-${stamp}`;
}

async function download(client: ControlClient, profile: ProfileRecord, name: string) {
  const files: { readonly file: string; readonly bytes: number }[] = [];
  const own = profile.kind === "heap" ? "heapprofile" : "cpuprofile";
  const wanted = [
    { format: "pprof", file: `${name}.pb.gz` },
    { format: "cpuprofile", file: `${name}.${own}` },
  ];
  for (const { format, file } of wanted) {
    const path = `/api/v1/profiles/${profile.id}/data`;
    const response = await client.open("GET", path, { query: { format }, timeoutMs: 60_000 });
    files.push({ file, bytes: await writeFileWhole(file, response) });
  }
  return files;
}

function printTop(
  { out }: CliContext,
  profile: ProfileRecord,
  tree: Tree,
  top: readonly TopFunction[],
): void {
  const who = out.style("strong", profile.agentId ?? "server");
  const runtime = profile.runtime === null ? "" : `, ${harmless(profile.runtime)}`;
  out.line(`${who}  ${formatNumber(profile.samples)} samples in ${profile.seconds} s${runtime}`);
  if (top.length === 0) {
    const did = profile.kind === "heap" ? "was kept" : "ran";
    return out.line(`  Nothing ${did} while it was sampled.`);
  }
  out.line();
  const percent = (part: number): string =>
    `${((part / Math.max(1, tree.total)) * 100).toFixed(1)} %`;
  out.table<TopFunction>(
    [
      { title: "SELF", value: ({ self }) => percent(self), align: "right" },
      { title: "WITH CALLS", value: ({ total }) => percent(total), align: "right" },
      { title: "FUNCTION", value: ({ name }) => harmless(name), tone: () => "strong" },
      { title: "WHERE", value: (entry) => placeOf(entry), flexible: true },
    ],
    top,
    "  ",
  );
  out.line();
}

function placeOf({ file, line }: TopFunction): string {
  if (file === null || file === "") return "";
  return harmless(line === null ? file : `${file}:${line}`);
}

async function listProfiles(context: CliContext, options: ListOptions): Promise<void> {
  const { agent, state, since, limit } = options;
  const fromMs = since === undefined ? undefined : Date.now() - since;
  const query = { agentId: agent, state, fromMs, limit };
  const { profiles } = await context
    .client(options)
    .call<{ profiles: ProfileRecord[] }>("GET", "/api/v1/profiles", { query });
  if (options.json === true) return context.json(profiles);
  const { out } = context;
  if (profiles.length === 0) {
    const any = [agent, state, since].some((value) => value !== undefined);
    const first = "No profile yet. Take one: cellphone profile worker-1";
    return out.line(any ? "No profile is like that." : first);
  }
  const nowMs = Date.now();
  out.table<ProfileRecord>(
    [
      {
        title: "STATE",
        value: (profile) => profile.state,
        tone: (profile) => (profile.state === "failed" ? "down" : "plain"),
      },
      { title: "PROFILE", value: ({ id }) => shortId(id), tone: () => "quiet" },
      { title: "OF", value: ({ agentId }) => agentId ?? "server", tone: () => "strong" },
      { title: "KIND", value: ({ kind }) => kind },
      { title: "SECONDS", value: ({ seconds }) => String(seconds), align: "right" },
      { title: "SAMPLES", value: ({ samples }) => formatNumber(samples), align: "right" },
      { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
      { title: "AGE", value: (profile) => ago(profile.requestedAtMs, nowMs), align: "right" },
      { title: "WHY", value: ({ reason }) => harmless(reason ?? ""), flexible: true },
    ],
    profiles,
  );
}
