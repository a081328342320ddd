// `cellphone inbox` and `cellphone claim`: look into an inbox, and take mail out of it by hand.

import type { Command } from "commander";

import type {
  ClaimedMessage,
  MailboxCounts,
  MessageWithDeliveries,
} from "../../communication/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import { connectionOptions, count, durationMs, examples } from "../options.ts";
import { formatPayload, payloadLine } from "../payload.ts";
import { ago, harmless } from "../terminal.ts";

interface ClaimOptions extends ConnectionOptions {
  readonly max?: number;
  readonly wait?: number;
  readonly lease?: number;
  readonly done?: boolean;
  readonly retry?: boolean;
  readonly deadLetter?: string;
}

/** Adds `inbox` and `claim`. */
export function registerMailbox(program: Command, context: CliContext): void {
  const inbox = connectionOptions(program.command("inbox <agent>"))
    .summary("what lies in an agent's inbox")
    .description("Counts an inbox's lanes and lists what is ready in it, without taking it.")
    .option("--limit <n>", "list at most this many", count, 20)
    .action(async (agent: string, options: ConnectionOptions & { limit: number }) =>
      showInbox(context, agent, options),
    );
  examples(inbox, [["inbox worker-1", "its lanes and the mail that waits"]]);
  const claim = connectionOptions(program.command("claim <agent>"))
    .summary("take mail out of an inbox by hand, for debugging")
    .description(
      "Claims messages as the agent would. Without --done, --retry or --dead-letter they are " +
        "held until the lease ends and are then handed out again.",
    )
    .option("--max <n>", "at most this many", count, 1)
    .option("--wait <duration>", "wait this long for mail", durationMs)
    .option("--lease <duration>", "hold them this long", durationMs)
    .option("--done", "settle them as done")
    .option("--retry", "put them back at once")
    .option("--dead-letter <note>", "make dead letters of them")
    .action(async (agent: string, options: ClaimOptions) => claimMail(context, agent, options));
  examples(claim, [
    ["claim worker-1 --retry", "look at the next message and put it back"],
    ["claim worker-1 --max 10 --done", "clear ten messages"],
  ]);
}

async function showInbox(
  context: CliContext,
  agent: string,
  options: ConnectionOptions & { readonly limit: number },
): Promise<void> {
  const client = context.client(options);
  const path = `/api/v1/inbox/${encodeURIComponent(agent)}`;
  const counts = await client.call<MailboxCounts>("GET", path);
  const query = { recipientId: agent, state: "ready", limit: options.limit };
  const { messages } = await client.call<{ messages: MessageWithDeliveries[] }>(
    "GET",
    "/api/v1/messages",
    { query },
  );
  if (options.json === true) return context.json({ ...counts, messages });
  const { out } = context;
  const { urgent, high, normal, low } = counts.ready;
  const nowMs = Date.now();
  out.line(
    `${out.style("strong", agent)}  ready: ${urgent} urgent, ${high} high, ${normal} normal, ` +
      `${low} low; ${counts.leased} held, ${counts.delayed} delayed` +
      (counts.oldestReadyAtMs === null ? "" : `; oldest ${ago(counts.oldestReadyAtMs, nowMs)}`),
  );
  out.table<MessageWithDeliveries>(
    [
      { title: "MESSAGE", value: ({ message }) => message.id },
      { title: "LANE", value: ({ message }) => message.priority },
      { title: "AGE", value: ({ message }) => ago(message.acceptedAtMs, nowMs), align: "right" },
      { title: "FROM", value: ({ message }) => message.senderId },
      { title: "TYPE", value: ({ message }) => harmless(message.type) },
      { title: "PAYLOAD", value: ({ message }) => payloadLine(message.payload), flexible: true },
    ],
    messages,
    "  ",
  );
}

async function claimMail(context: CliContext, agent: string, options: ClaimOptions): Promise<void> {
  const client = context.client(options);
  const settlement = settlementOf(options);
  const waitMs = Math.min(options.wait ?? 0, 60_000);
  const body = { max: options.max, waitMs, leaseMs: options.lease };
  const path = `/api/v1/inbox/${encodeURIComponent(agent)}/claim`;
  const { messages } = await client.call<{ messages: ClaimedMessage[] }>("POST", path, {
    body,
    timeoutMs: waitMs + 10_000,
  });
  for (const { token } of messages) {
    if (settlement === null) break;
    const settled = { token, ...settlement.body };
    await client.call("POST", `/api/v1/leases/${settlement.path}`, { body: settled });
  }
  if (options.json === true) return context.json(messages);
  const { out } = context;
  if (messages.length === 0) return out.line(`Nothing to hand out in ${agent}'s inbox.`);
  for (const claimed of messages) {
    const { message } = claimed;
    const what = `${message.id}  ${harmless(message.type)} from ${message.senderId}`;
    out.line(`${out.style("strong", what)}, attempt ${claimed.attempt}`);
    out.line(formatPayload(message.payload));
    if (settlement === null) {
      out.line(
        out.style("quiet", `  held for ${claimed.leaseMs / 1000} s, token ${claimed.token}`),
      );
    } else {
      out.line(out.style("quiet", `  ${settlement.words}`));
    }
  }
}

function settlementOf(options: ClaimOptions) {
  const chosen = [options.done === true, options.retry === true, options.deadLetter !== undefined];
  if (chosen.filter(Boolean).length > 1) {
    throw new CliError("cli.usage", "Choose one of --done, --retry and --dead-letter");
  }
  if (options.done === true) return { path: "done", body: {}, words: "done" };
  if (options.retry === true) return { path: "retry", body: { delayMs: 0 }, words: "put back" };
  if (options.deadLetter === undefined) return null;
  return { path: "dead-letter", body: { note: options.deadLetter }, words: "made a dead letter" };
}
