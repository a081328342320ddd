// `cellphone send` and `cellphone broadcast`: put mail into inboxes by hand or from a script.

import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";

import type { Command } from "commander";

import type { Message } from "../../communication/index.ts";
import { OPERATOR } from "../../core/index.ts";
import type { JsonValue } from "../../core/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import { choice, connectionOptions, durationMs, examples } from "../options.ts";
import { formatPayload } from "../payload.ts";
import { harmless } from "../terminal.ts";

const PRIORITIES = ["low", "normal", "high", "urgent"];

interface SendOptions extends ConnectionOptions {
  readonly type?: string;
  readonly priority?: string;
  readonly from?: string;
  readonly dedupeKey?: string;
  readonly orderingKey?: string;
  readonly replyTo?: string;
  readonly conversation?: string;
  readonly task?: string;
  readonly expect?: number;
  readonly wait?: number;
  readonly text?: boolean;
}

interface Accepted {
  readonly messageId: string;
  readonly deliveryId: string;
  readonly duplicate: boolean;
  readonly recipientOnline: boolean;
}

/** Adds `send` and `broadcast`. */
export function registerSend(program: Command, context: CliContext): void {
  const send = connectionOptions(program.command("send <recipient> [payload]"))
    .summary("send a message or a task to one agent")
    .description(
      "Sends one message. The payload is JSON, or text when it is none; @file reads it from a " +
        "file, - from standard input.",
    )
    .option("-t, --type <type>", "message type (default: direct, or task_assignment with --task)")
    .addOption(choice("-p, --priority <lane>", "lane of the inbox", PRIORITIES))
    .option("--task <title>", "make it a task of this title")
    .option("--expect <duration>", "longest silence that is fine while it works", durationMs)
    .option("--wait <duration>", "wait for the answer at most this long and print it", durationMs)
    .option("--from <agent>", "the sender (default: operator, or the key's own agent)")
    .option("--dedupe-key <key>", "a second send with this key is the same message")
    .option("--ordering-key <key>", "strictly one after another within this key")
    .option("--reply-to <message>", "answers this message")
    .option("--conversation <id>", "belongs to this conversation")
    .option("--text", "take the payload as text even if it looks like JSON")
    .action(async (recipient: string, payload: string | undefined, options: SendOptions) =>
      sendMessage(context, recipient, payload, options),
    );
  examples(send, [
    ['send worker-1 "hello"', "a direct message"],
    ['send worker-1 --task "index repo" \'{"path":"src"}\' --wait 10m', "work, and its answer"],
    ["send planner @plan.json --priority urgent", "payload from a file"],
  ]);
  const broadcast = connectionOptions(program.command("broadcast [payload]"))
    .summary("send a message to many agents at once")
    .description("Sends one message to every agent, or to those of a capability or kind.")
    .option("-t, --type <type>", "message type (default: broadcast)")
    .addOption(choice("-p, --priority <lane>", "lane of the inbox", PRIORITIES))
    .option("-c, --capability <name>", "only to those that can do this")
    .option("--kind <kind>", "only to those of this kind")
    .option("--from <agent>", "the sender (default: operator, or the key's own agent)")
    .option("--text", "take the payload as text even if it looks like JSON")
    .action(async (payload: string | undefined, options: BroadcastOptions) =>
      broadcastMessage(context, payload, options),
    );
  examples(broadcast, [['broadcast "deploy in 5 min" --kind worker', "tell all workers"]]);
}

interface BroadcastOptions extends SendOptions {
  readonly capability?: string;
  readonly kind?: string;
}

async function sendMessage(
  context: CliContext,
  recipientId: string,
  payload: string | undefined,
  options: SendOptions,
): Promise<void> {
  const client = context.client(options);
  const task =
    options.task === undefined
      ? undefined
      : {
          title: options.task,
          ...(options.expect === undefined ? {} : { expectMs: options.expect }),
        };
  if (task === undefined && options.expect !== undefined) {
    throw new CliError("cli.usage", "--expect belongs to a task: add --task <title>");
  }
  const body = {
    recipientId,
    senderId: options.from,
    type: options.type ?? (task === undefined ? "direct" : "task_assignment"),
    payload: await readPayload(context, payload, options.text === true),
    priority: options.priority,
    dedupeKey: options.dedupeKey,
    orderingKey: options.orderingKey,
    replyToId: options.replyTo,
    conversationId: options.conversation,
    expectsReply: options.wait === undefined ? undefined : true,
    task,
  };
  const accepted = await client.call<Accepted>("POST", "/api/v1/messages", { body });
  if (options.wait === undefined) {
    if (options.json === true) return context.json(accepted);
    return context.out.line(describeAccepted(accepted, recipientId));
  }
  if (options.json !== true) context.err.line(describeAccepted(accepted, recipientId));
  const answer = await awaitReply(client, accepted.messageId, options.wait);
  if (answer === undefined) {
    context.exitCode = 1;
    const limit = `${options.wait / 1000} s`;
    return context.err.line(`No answer within ${limit}; the message stays in the inbox.`);
  }
  if (options.json === true) context.json(answer);
  else context.out.line(formatPayload(answer.payload));
}

function describeAccepted(accepted: Accepted, recipientId: string): string {
  if (accepted.duplicate) return `${accepted.messageId}  accepted before; nothing sent twice`;
  if (recipientId === OPERATOR) {
    return `${accepted.messageId}  accepted; people read it on the pages`;
  }
  const when = accepted.recipientOnline ? "is online" : "is offline; it waits in the inbox";
  return `${accepted.messageId}  accepted; ${recipientId} ${when}`;
}

async function awaitReply(
  client: ReturnType<CliContext["client"]>,
  messageId: string,
  waitMs: number,
): Promise<Message | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const leftMs = Math.round(deadline - performance.now());
    if (leftMs <= 0) return undefined;
    const stepMs = Math.min(leftMs, 25_000);
    const path = `/api/v1/messages/${encodeURIComponent(messageId)}/reply`;
    const query = { waitMs: stepMs };
    const reply = await client.call<Message | undefined>("GET", path, {
      query,
      timeoutMs: stepMs + 10_000,
    });
    if (reply !== undefined) return reply;
  }
}

async function broadcastMessage(
  context: CliContext,
  payload: string | undefined,
  options: BroadcastOptions,
): Promise<void> {
  const body = {
    senderId: options.from,
    type: options.type,
    payload: await readPayload(context, payload, options.text === true),
    priority: options.priority,
    capability: options.capability,
    kind: options.kind,
  };
  const answer = await context
    .client(options)
    .call<{ messageId: string; recipients: string[] }>("POST", "/api/v1/broadcasts", { body });
  if (options.json === true) return context.json(answer);
  const { recipients, messageId } = answer;
  const names = recipients.slice(0, 8).map(harmless).join(", ");
  const more = recipients.length > 8 ? ` and ${recipients.length - 8} more` : "";
  const to = recipients.length === 0 ? "nobody: no agent matches" : names + more;
  context.out.line(`${messageId}  accepted for ${to}`);
}

async function readPayload(
  { surroundings }: CliContext,
  given: string | undefined,
  asText: boolean,
): Promise<JsonValue> {
  if (given === undefined) return {};
  let text = given;
  if (given === "-") text = await readAll(surroundings.stdin);
  else if (given.startsWith("@")) text = readFile(given.slice(1));
  if (asText) return text;
  try {
    const parsed: JsonValue = JSON.parse(text);
    return parsed;
  } catch {
    // Something that begins like JSON but is none is a mistake, not a text.
    if (/^\s*[[{]/.test(text)) {
      const message = "The payload looks like JSON but is none";
      const hint = new CliError("cli.usage", `${message}; --text sends it as text`);
      throw hint;
    }
    return text;
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("cli.file_unusable", `Cannot read ${path}: ${reason}`, { cause });
  }
}
