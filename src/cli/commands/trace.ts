// `cellphone trace`: what one message, call or alert is part of, from beginning to end.

import type { Command } from "commander";

import type { MessageWithDeliveries } from "../../communication/index.ts";
import type { Alert } from "../../dashboard/index.ts";
import type { CallRecord } from "../../gateway/index.ts";
import type { TraceView } from "../../server/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import type { ControlClient } from "../control-client.ts";
import { CliError } from "../errors.ts";
import { connectionOptions, examples } from "../options.ts";
import { matchId } from "../short-id.ts";
import { printWaterfall } from "../waterfall.ts";

/** An id is looked for among so many of the newest. */
const PAGE = 1000;

/** Adds `trace`. */
export function registerTrace(program: Command, context: CliContext): void {
  const command = connectionOptions(program.command("trace <id>"))
    .summary("one trace through messages, work, calls and alerts")
    .description(
      "Draws a trace as a waterfall. Give its id, part of it, or a message, call or alert of it.",
    )
    .action(async (id: string, options: ConnectionOptions) => {
      const client = context.client(options);
      const traceId = await traceIdOf(client, id);
      const trace = await client.call<TraceView>("GET", `/api/v1/traces/${traceId}`);
      if (options.json === true) context.json(trace);
      else printWaterfall(context.out, trace);
    });
  examples(command, [
    ["trace 4bf92f3577b34da6a3ce929d0e0e4736", "all that carries this trace id"],
    ["trace msg_01j9z6v2k3m4n5p6q7r8s9t0aa", "what became of a message"],
  ]);
}

async function traceIdOf(client: ControlClient, text: string): Promise<string> {
  if (/^[0-9a-f]{32}$/i.test(text)) return text.toLowerCase();
  if (text.startsWith("msg_")) return ofMessage(client, text);
  const query = { limit: PAGE };
  const { calls } = await client.call<{ calls: CallRecord[] }>("GET", "/api/v1/calls", { query });
  const { alerts } = await client.call<{ alerts: Alert[] }>("GET", "/api/v1/alerts", { query });
  const traces = new Map<string, string>();
  for (const { id, traceId } of [...calls, ...alerts]) {
    if (traceId !== null) traces.set(id, traceId).set(traceId, traceId);
  }
  const ids = [...traces.keys()].filter((id) => id.startsWith(text) || id.endsWith(text));
  const [traceId, ...others] = new Set(ids.map((id) => traces.get(id)));
  if (traceId !== undefined && others.length === 0) return traceId;
  return matchId(text, ids, "trace, call or alert");
}

/** An answer is part of the trace of what it answers. */
async function ofMessage(client: ControlClient, id: string): Promise<string> {
  let { message } = await messageOf(client, id);
  if (message.traceparent === null && message.replyToId !== null) {
    ({ message } = await messageOf(client, message.replyToId));
  }
  const traceId = message.traceparent?.split("-")[1];
  if (traceId !== undefined) return traceId;
  throw new CliError("cli.no_trace", `Message ${id} carries no trace`);
}

async function messageOf(client: ControlClient, id: string): Promise<MessageWithDeliveries> {
  return client.call("GET", `/api/v1/messages/${encodeURIComponent(id)}`);
}
