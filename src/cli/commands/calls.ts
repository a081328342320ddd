// `cellphone calls`: what went through the gateway, and what it refused.

import { InvalidArgumentError } from "commander";
import type { Command } from "commander";

import type { CallRecord } from "../../gateway/index.ts";
import type { TraceView } from "../../server/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { again, untilInterrupted } from "../follow.ts";
import { connectionOptions, count, durationMs, examples } from "../options.ts";
import { matchId, shortId } from "../short-id.ts";
import { cut, formatBytes, harmless, pad, timeOfDay } from "../terminal.ts";
import type { Tone } from "../terminal.ts";
import { formatTook } from "../took.ts";
import { printWaterfall } from "../waterfall.ts";

/** Most of one page; an id is looked for among so many of the newest. */
const PAGE = 1000;

/** Columns of method and path in a table; `calls show` tells all of it. */
const PATH_WIDTH = 40;

interface CallOptions extends ConnectionOptions {
  readonly agent?: string;
  readonly service?: string;
  readonly method?: string;
  readonly status?: string;
  readonly failed?: boolean;
  readonly slow?: number;
  readonly text?: string;
  readonly trace?: string;
  readonly since?: number;
  readonly limit: number;
  readonly follow?: boolean;
}

/** Adds `calls` with its subcommands. */
export function registerCalls(program: Command, context: CliContext): void {
  const calls = program
    .command("calls")
    .summary("what went through the gateway, and what it refused")
    .description("Searches the history of calls.");
  const listed = connectionOptions(calls.command("list [call]", { isDefault: true }))
    .description(
      "Lists calls, newest first, or shows the one named; --follow prints those to come.",
    )
    .option("-a, --agent <agent>", "made by this agent")
    .option("-s, --service <service>", "to this service")
    .option("-m, --method <method>", "with this method")
    .option("--status <status>", "answered so: 404, or 5xx for all of a kind", status)
    .option("--failed", "only those that failed or were refused")
    .option("--slow <duration>", "only those that took at least so long", durationMs)
    .option("--text <words>", "only those whose path holds this")
    .option("--trace <trace>", "of this trace")
    .option("--since <duration>", "within this time", durationMs)
    .option("--limit <n>", "at most this many", count, 50)
    .option("-f, --follow", "go on until Ctrl-C")
    .action(async (id: string | undefined, options: CallOptions) =>
      id === undefined ? listCalls(context, options) : showCall(context, id, options),
    );
  examples(listed, [
    ["calls --follow", "watch the gateway"],
    ["calls --service search --status 5xx --since 1h", "what search could not answer"],
  ]);
  connectionOptions(calls.command("show <call>"))
    .description("Shows one call and the trace it belongs to; part of its id is enough.")
    .action(async (id: string, options: ConnectionOptions) => showCall(context, id, options));
}

function status(text: string): string {
  if (!/^[1-5](?:\d\d|xx)$/.test(text)) {
    throw new InvalidArgumentError("Write a status such as 404, or 5xx for all of a kind.");
  }
  return text;
}

function queryOf(options: CallOptions) {
  return {
    agentId: options.agent,
    serviceId: options.service,
    method: options.method,
    status: options.status,
    failed: options.failed,
    minDurationMs: options.slow,
    text: options.text,
    traceId: options.trace,
    fromMs: options.since === undefined ? undefined : Date.now() - options.since,
  };
}

async function listCalls(context: CliContext, options: CallOptions): Promise<void> {
  const client = context.client(options);
  const query = queryOf(options);
  const calls = await callsOf(client, { ...query, limit: options.limit });
  if (options.follow === true) return followCalls(context, client, calls, options);
  if (options.json === true) return context.json(calls);
  const { out } = context;
  if (calls.length === 0) {
    const any = Object.values(query).some((value) => value !== undefined);
    return out.line(
      any ? "No call is like that." : "No call yet. List services: cellphone services",
    );
  }
  const nowMs = Date.now();
  out.table<CallRecord>(
    [
      { title: "TIME", value: ({ atMs }) => timeOfDay(atMs, nowMs), tone: () => "quiet" },
      { title: "CALL", value: ({ id }) => shortId(id), tone: () => "quiet" },
      { title: "STATUS", value: (call) => String(call.status), tone: toneOf },
      { title: "TOOK", value: ({ durationMs: took }) => formatTook(took), align: "right" },
      { title: "AGENT", value: ({ agentId }) => agentId ?? "–" },
      { title: "SERVICE", value: ({ serviceId }) => serviceId ?? "–" },
      {
        title: "CALL TO",
        value: (call) => cut(harmless(`${call.method} ${call.path}`), PATH_WIDTH),
      },
      { title: "WHY", value: ({ reason }) => harmless(reason ?? ""), flexible: true },
    ],
    calls,
  );
}

type CallPageQuery = ReturnType<typeof queryOf> & {
  readonly afterSequence?: number;
  readonly limit: number;
};

async function callsOf(
  client: ControlClient,
  query: CallPageQuery,
): Promise<readonly CallRecord[]> {
  const answer = await client.call<{ calls: CallRecord[] }>("GET", "/api/v1/calls", { query });
  return answer.calls;
}

async function followCalls(
  context: CliContext,
  client: ControlClient,
  latest: readonly CallRecord[],
  options: CallOptions,
): Promise<void> {
  for (const call of latest.toReversed()) printCall(context, call, options);
  const query = queryOf(options);
  let afterSequence = latest[0]?.sequence ?? 0;
  await untilInterrupted((interrupted) =>
    again(interrupted, async () => {
      const calls = await callsOf(client, { ...query, afterSequence, limit: PAGE });
      const [newest] = calls;
      if (newest === undefined) return;
      const more = calls.length === PAGE && afterSequence > 0;
      if (more && options.json !== true) {
        context.out.line(context.out.style("quiet", `  … more than ${PAGE} calls; the newest:`));
      }
      for (const call of calls.toReversed()) printCall(context, call, options);
      afterSequence = newest.sequence;
    }),
  );
}

function printCall(context: CliContext, call: CallRecord, options: CallOptions): void {
  const { out } = context;
  if (options.json === true) return out.line(JSON.stringify(call));
  const time = out.style("quiet", timeOfDay(call.atMs, Date.now()));
  const who = out.style("strong", pad(call.agentId ?? "–", 12));
  const answer = out.style(toneOf(call), String(call.status));
  const took = formatTook(call.durationMs).padStart(7);
  const what = harmless(`${call.method} ${call.path}`);
  const why = call.reason === null ? "" : `: ${harmless(call.reason)}`;
  out.line(`  ${time}  ${who}  ${answer}  ${took}  ${what}${why}`);
}

function toneOf({ status: answered }: CallRecord): Tone {
  if (answered >= 500 || answered === 499) return "down";
  return answered >= 400 ? "stuck" : "plain";
}

async function showCall(
  context: CliContext,
  text: string,
  options: ConnectionOptions,
): Promise<void> {
  const client = context.client(options);
  const call = await callOf(client, text);
  const { traces, why } = await traceOf(client, call.traceId);
  if (options.json === true) return context.json({ ...call, trace: traces });
  const { out } = context;
  const nowMs = Date.now();
  const what = harmless(`${call.method} ${call.path}`);
  out.line(`${out.style("strong", what)}  ${out.style(toneOf(call), String(call.status))}`);
  for (const [label, value] of factsOf(call, nowMs)) {
    if (value !== null) out.line(`  ${out.style("quiet", pad(label, 11))}${value}`);
  }
  out.line();
  if (traces === null) out.line(out.style("quiet", `  ${why}`));
  else printWaterfall(out, traces);
}

async function callOf(client: ControlClient, text: string): Promise<CallRecord> {
  if (/^[0-9a-f]{16}$/.test(text)) return client.call<CallRecord>("GET", `/api/v1/calls/${text}`);
  const query = { limit: PAGE };
  const { calls } = await client.call<{ calls: CallRecord[] }>("GET", "/api/v1/calls", { query });
  const id = matchId(
    text,
    calls.map((call) => call.id),
    "call",
  );
  return client.call<CallRecord>("GET", `/api/v1/calls/${id}`);
}

/** The trace of a call; an agent's key may read its calls but no traces. */
async function traceOf(client: ControlClient, traceId: string) {
  try {
    const traces = await client.call<TraceView>("GET", `/api/v1/traces/${traceId}`);
    return { traces, why: "" };
  } catch (error) {
    return { traces: null, why: error instanceof Error ? error.message : String(error) };
  }
}

function factsOf(call: CallRecord, nowMs: number): readonly (readonly [string, string | null])[] {
  const upstream = call.upstreamMs === null ? null : formatTook(call.upstreamMs);
  const tried = call.attempts === 1 ? "1 attempt" : `${call.attempts} attempts`;
  return [
    ["call", call.id],
    ["at", timeOfDay(call.atMs, nowMs)],
    [
      "took",
      `${formatTook(call.durationMs)}${upstream === null ? "" : `, answer began after ${upstream}`}`,
    ],
    ["why", call.reason === null ? null : harmless(`${call.reason} (${call.code ?? "upstream"})`)],
    ["agent", call.agentId],
    ["service", call.serviceId],
    ["route", call.route === null ? null : harmless(call.route)],
    ["query", call.query === "" ? null : harmless(call.query)],
    ["endpoint", call.endpoint === null ? null : `${harmless(call.endpoint)}, ${tried}`],
    ["sent", formatBytes(call.requestBytes)],
    ["got", formatBytes(call.responseBytes)],
    ["from", harmless(`${call.clientAddress} ${call.userAgent}`.trim())],
    ["trace", call.traceId],
  ];
}
