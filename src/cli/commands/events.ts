// `cellphone events` and `cellphone audit`: what happened, and who did it.

import type { Command } from "commander";

import type { FeedEvent } from "../../dashboard/index.ts";
import type { AuditEntry } from "../../security/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { printFeedEvent } from "../feed-line.ts";
import { again, untilInterrupted } from "../follow.ts";
import { choice, connectionOptions, count, examples } from "../options.ts";
import { harmless, timeOfDay } from "../terminal.ts";

interface EventOptions extends ConnectionOptions {
  readonly agent?: string;
  readonly limit: number;
  readonly follow?: boolean;
}

interface AuditOptions extends ConnectionOptions {
  readonly action?: string;
  readonly actor?: string;
  readonly outcome?: string;
  readonly before?: string;
  readonly limit: number;
}

/** Adds `events` and `audit`. */
export function registerEvents(program: Command, context: CliContext): void {
  const events = connectionOptions(program.command("events"))
    .summary("what happened, and what happens now")
    .description("Prints the latest events; with --follow also those to come.")
    .option("-f, --follow", "go on until Ctrl-C")
    .option("-a, --agent <agent>", "about this agent")
    .option("--limit <n>", "begin with at most this many", count, 20)
    .action(async (options: EventOptions) => showEvents(context, options));
  examples(events, [
    ["events --follow", "watch the fleet"],
    ["events --follow --json | jq .text", "one JSON document per line"],
  ]);
  const audit = connectionOptions(program.command("audit"))
    .summary("who changed what, and what was refused")
    .description("Prints the audit log, newest first.")
    .option("--action <action>", "of this action, such as agent.pause")
    .option("--actor <actor>", "by this actor, such as agent:worker-1")
    .addOption(choice("--outcome <outcome>", "with this outcome", ["done", "refused", "failed"]))
    .option("--before <entry>", "older than this entry, for paging")
    .option("--limit <n>", "at most this many", count, 50)
    .action(async (options: AuditOptions) => showAudit(context, options));
  examples(audit, [["audit --outcome refused", "who was turned away, and why"]]);
}

async function showEvents(context: CliContext, options: EventOptions): Promise<void> {
  const client = context.client(options);
  const query = { agentId: options.agent, limit: options.limit };
  const { events } = await client.call<{ events: FeedEvent[] }>("GET", "/api/v1/events", { query });
  for (const event of events) show(context, event, options);
  if (options.follow !== true) {
    if (events.length === 0 && options.json !== true) context.out.line("Nothing happened yet.");
    return;
  }
  let lastId = events.at(-1)?.id ?? 0;
  await untilInterrupted((interrupted) =>
    again(interrupted, async (signal) => {
      const stream = client.events("/api/v1/stream", { query: { lastEventId: lastId }, signal });
      for await (const { event, data } of stream) {
        if (event !== "feed" || !isFeedEvent(data) || data.id <= lastId) continue;
        lastId = data.id;
        if (options.agent === undefined || data.agentId === options.agent) {
          show(context, data, options);
        }
      }
    }),
  );
}

function show(context: CliContext, event: FeedEvent, options: EventOptions): void {
  if (options.json === true) context.out.line(JSON.stringify(event));
  else printFeedEvent(context.out, event, Date.now());
}

function isFeedEvent(data: unknown): data is FeedEvent {
  return typeof data === "object" && data !== null && "id" in data && "text" in data;
}

async function showAudit(context: CliContext, options: AuditOptions): Promise<void> {
  const { action, actor, outcome, before, limit } = options;
  const query = { action, actor, outcome, beforeId: before, limit };
  const answer = await context
    .client(options)
    .call<{ entries: AuditEntry[] }>("GET", "/api/v1/audit", { query });
  if (options.json === true) return context.json(answer.entries);
  if (answer.entries.length === 0)
    return context.out.line("Nothing in the audit log is like that.");
  const nowMs = Date.now();
  context.out.table<AuditEntry>(
    [
      { title: "TIME", value: (entry) => timeOfDay(entry.atMs, nowMs) },
      { title: "WHO", value: (entry) => harmless(`${entry.actor} (${entry.via})`) },
      { title: "ACTION", value: (entry) => entry.action },
      { title: "ON", value: (entry) => harmless(entry.resource) },
      {
        title: "OUTCOME",
        value: (entry) => entry.outcome,
        tone: (entry) => (entry.outcome === "done" ? "plain" : "down"),
      },
      { title: "REASON", value: (entry) => harmless(entry.reason ?? ""), flexible: true },
    ],
    answer.entries,
  );
}
