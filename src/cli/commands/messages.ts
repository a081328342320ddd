// `cellphone messages`, `conversations` and `dead-letters`: the message log, read in three ways.

import type { Command } from "commander";

import type {
  ConversationSummary,
  Delivery,
  MessageWithDeliveries,
  RedriveResult,
} from "../../communication/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { choice, connectionOptions, count, durationMs, examples } from "../options.ts";
import { formatPayload, payloadLine } from "../payload.ts";
import { ago, harmless, pad, timeOfDay } from "../terminal.ts";
import type { Column } from "../terminal.ts";

interface MessageOptions extends ConnectionOptions {
  readonly agent?: string;
  readonly from?: string;
  readonly to?: string;
  readonly type?: string;
  readonly state?: string;
  readonly text?: string;
  readonly since?: number;
  readonly before?: string;
  readonly limit: number;
}

/** Messages asked for at once, the most that the server gives. */
const PAGE = 1000;
/** Messages of a conversation held in memory, so that they can be printed from its start. */
const CONVERSATION_MAX = 100_000;

/** Adds `messages`, `conversations` and `dead-letters`. */
export function registerMessages(program: Command, context: CliContext): void {
  const messages = connectionOptions(program.command("messages [message]"))
    .summary("search the message log, or show one message")
    .description("Lists messages, newest first, or shows one with its receipts.")
    .option("-a, --agent <agent>", "sent by or delivered to this agent")
    .option("--from <agent>", "sent by this agent")
    .option("--to <agent>", "delivered to this agent")
    .option("-t, --type <type>", "of this type")
    .addOption(
      choice("--state <state>", "where the receipt stands", ["ready", "leased", "done", "dead"]),
    )
    .option("--text <words>", "all of these words occur in it")
    .option("--since <duration>", "accepted within this time", durationMs)
    .option("--before <message>", "older than this message, for paging")
    .option("--limit <n>", "at most this many", count, 50)
    .action(async (id: string | undefined, options: MessageOptions) =>
      id === undefined ? listMessages(context, options) : showMessage(context, id, options),
    );
  examples(messages, [
    ["messages --agent worker-1 --since 1h", "what worker-1 sent and got"],
    ["messages --state dead --text timeout", "what failed with that word"],
  ]);
  const conversations = connectionOptions(program.command("conversations [conversation]"))
    .summary("requests with all that followed from them")
    .description("Lists conversations, latest first, or prints one from its start.")
    .option("-a, --agent <agent>", "those this agent took part in")
    .option(
      "--before <id>",
      "for paging: conversations after this one in the list, or messages older than this one",
    )
    .option("--limit <n>", "at most this many", count, 50)
    .action(async (id: string | undefined, options: MessageOptions) =>
      id === undefined
        ? listConversations(context, options)
        : showConversation(context, id, options),
    );
  examples(conversations, [["conversations --agent planner", "whom planner talked with"]]);
  registerDeadLetters(program, context);
}

function registerDeadLetters(program: Command, context: CliContext): void {
  const deadLetters = program
    .command("dead-letters")
    .summary("list or redrive mail that could not be settled")
    .description("Mail that was rejected, expired or tried too often, and its way back.");
  connectionOptions(deadLetters.command("list", { isDefault: true }))
    .description("Lists dead letters, newest first.")
    .option("-a, --agent <agent>", "of this recipient")
    .option("--before <message>", "of messages older than this, for paging")
    .option("--limit <n>", "at most this many", count, 50)
    .action(async (options: MessageOptions) => listDeadLetters(context, options));
  const redrive = connectionOptions(deadLetters.command("redrive [deliveries...]"))
    .description("Puts dead letters back into their inboxes; all of them when none is named.")
    .option("-a, --agent <agent>", "only this recipient's")
    .action(async (ids: string[], options: ConnectionOptions & { agent?: string }) =>
      redriveLetters(context, ids, options),
    );
  examples(redrive, [["dead-letters redrive --agent worker-1", "all of worker-1's, after a fix"]]);
}

async function listMessages(context: CliContext, options: MessageOptions): Promise<void> {
  const nowMs = Date.now();
  const query = {
    agentId: options.agent,
    senderId: options.from,
    recipientId: options.to,
    type: options.type,
    state: options.state,
    text: options.text,
    fromMs: options.since === undefined ? undefined : nowMs - options.since,
    beforeId: options.before,
    limit: options.limit,
  };
  const answer = await context
    .client(options)
    .call<{ messages: MessageWithDeliveries[] }>("GET", "/api/v1/messages", { query });
  if (options.json === true) return context.json(answer.messages);
  if (answer.messages.length === 0) return context.out.line("No message is like that.");
  context.out.table(messageColumns(nowMs), answer.messages);
}

function messageColumns(nowMs: number): Column<MessageWithDeliveries>[] {
  return [
    { title: "TIME", value: ({ message }) => timeOfDay(message.acceptedAtMs, nowMs) },
    { title: "MESSAGE", value: ({ message }) => message.id, tone: () => "quiet" },
    { title: "FROM", value: ({ message }) => message.senderId },
    {
      title: "TO",
      value: ({ message, deliveries }) => recipientOf(message.recipientId, deliveries),
    },
    { title: "TYPE", value: ({ message }) => harmless(message.type) },
    {
      title: "RECEIPT",
      value: ({ deliveries }) => receipt(deliveries),
      tone: ({ deliveries }) =>
        deliveries.some(({ state }) => state === "dead") ? "down" : "plain",
    },
    { title: "PAYLOAD", value: ({ message }) => payloadLine(message.payload), flexible: true },
  ];
}

function recipientOf(recipientId: string | null, deliveries: readonly Delivery[]): string {
  return recipientId ?? `all ${deliveries.length}`;
}

function receipt(deliveries: readonly Delivery[]): string {
  const [only, ...others] = deliveries;
  if (only === undefined) return "–";
  if (others.length > 0) {
    const done = deliveries.filter((delivery) => delivery.state === "done").length;
    const dead = deliveries.filter((delivery) => delivery.state === "dead").length;
    return `${done}/${deliveries.length} done${dead > 0 ? `, ${dead} dead` : ""}`;
  }
  if (only.state === "dead") return `dead: ${only.deadReason ?? "unknown"}`;
  if (only.answeredAtMs !== null) return "answered";
  return only.state === "leased" ? `held, attempt ${only.attempts}` : only.state;
}

async function showMessage(
  context: CliContext,
  id: string,
  options: ConnectionOptions,
): Promise<void> {
  const path = `/api/v1/messages/${encodeURIComponent(id)}`;
  const found = await context.client(options).call<MessageWithDeliveries>("GET", path);
  if (options.json === true) return context.json(found);
  printMessage(context, found);
  for (const delivery of found.deliveries) {
    const { out } = context;
    const note = delivery.note === null ? "" : `: ${harmless(delivery.note)}`;
    const label = out.style("quiet", pad(delivery.id, 31));
    out.line(`  ${label}${pad(delivery.recipientId, 16)} ${receipt([delivery])}${note}`);
    if (delivery.result === null) continue;
    for (const line of formatPayload(delivery.result).split("\n")) out.line(`    ${line}`);
  }
}

function printMessage({ out }: CliContext, { message, deliveries }: MessageWithDeliveries): void {
  const time = timeOfDay(message.acceptedAtMs, Date.now());
  const to = recipientOf(message.recipientId, deliveries);
  const lane = message.priority === "normal" ? "" : `, ${message.priority}`;
  out.line(
    `${out.style("quiet", time)}  ${out.style("strong", `${message.senderId} → ${to}`)}  ` +
      `${harmless(message.type)}${lane}  ${out.style("quiet", receipt(deliveries))}`,
  );
  for (const line of formatPayload(message.payload).split("\n")) out.line(`    ${line}`);
}

async function listConversations(context: CliContext, options: MessageOptions): Promise<void> {
  const { agent: agentId, before: beforeId, limit } = options;
  const query = { agentId, beforeId, limit };
  const answer = await context
    .client(options)
    .call<{ conversations: ConversationSummary[] }>("GET", "/api/v1/conversations", { query });
  if (options.json === true) return context.json(answer.conversations);
  const nowMs = Date.now();
  if (answer.conversations.length === 0) return context.out.line("No conversation yet.");
  context.out.table<ConversationSummary>(
    [
      { title: "LAST", value: (each) => `${ago(each.lastAtMs, nowMs)} ago`, align: "right" },
      { title: "CONVERSATION", value: (each) => each.conversationId, tone: () => "quiet" },
      { title: "SUBJECT", value: (each) => harmless(each.subject), flexible: true },
      { title: "WHO", value: (each) => each.participants.join(", ") },
      { title: "MESSAGES", value: (each) => String(each.messages), align: "right" },
      { title: "OPEN", value: (each) => String(each.open), align: "right" },
      {
        title: "DEAD",
        value: (each) => String(each.dead),
        align: "right",
        tone: (each) => (each.dead > 0 ? "down" : "plain"),
      },
    ],
    answer.conversations,
  );
}

async function showConversation(
  context: CliContext,
  conversationId: string,
  options: MessageOptions,
): Promise<void> {
  const client = context.client(options);
  const newestFirst: MessageWithDeliveries[] = [];
  let beforeId = options.before;
  for (;;) {
    const query = { conversationId, beforeId, limit: PAGE };
    const page = await client.call<{ messages: MessageWithDeliveries[] }>(
      "GET",
      "/api/v1/messages",
      { query },
    );
    newestFirst.push(...page.messages);
    beforeId = page.messages.at(-1)?.message.id;
    // A page may end early, when it is large: only an empty one is the end.
    if (beforeId === undefined || newestFirst.length >= CONVERSATION_MAX) break;
  }
  if (beforeId !== undefined) {
    const more = `cellphone conversations ${conversationId} --before ${beforeId}`;
    context.err.line(`These are the newest ${newestFirst.length} messages; older ones: ${more}`);
  }
  const messages = newestFirst.toReversed();
  if (options.json === true) return context.json(messages);
  if (messages.length === 0) context.out.line(`No message in conversation ${conversationId}.`);
  for (const found of messages) printMessage(context, found);
}

async function listDeadLetters(context: CliContext, options: MessageOptions): Promise<void> {
  const { agent: agentId, before: beforeId, limit } = options;
  const query = { agentId, beforeId, limit };
  const answer = await context
    .client(options)
    .call<{ messages: MessageWithDeliveries[] }>("GET", "/api/v1/dead-letters", { query });
  if (options.json === true) return context.json(answer.messages);
  const nowMs = Date.now();
  const letters = answer.messages.flatMap(({ message, deliveries }) =>
    deliveries
      .filter((delivery) => delivery.state === "dead")
      .map((delivery) => ({ message, delivery })),
  );
  if (letters.length === 0) return context.out.line("No dead letters.");
  context.out.table<(typeof letters)[number]>(
    [
      { title: "DELIVERY", value: ({ delivery }) => delivery.id },
      {
        title: "DIED",
        value: ({ delivery }) => `${ago(delivery.settledAtMs, nowMs)} ago`,
        align: "right",
      },
      { title: "TO", value: ({ delivery }) => delivery.recipientId },
      { title: "FROM", value: ({ message }) => message.senderId },
      {
        title: "REASON",
        value: ({ delivery }) => delivery.deadReason ?? "unknown",
        tone: () => "down",
      },
      { title: "NOTE", value: ({ delivery }) => harmless(delivery.note ?? "–") },
      { title: "PAYLOAD", value: ({ message }) => payloadLine(message.payload), flexible: true },
    ],
    letters,
  );
}

async function redriveLetters(
  context: CliContext,
  ids: readonly string[],
  options: ConnectionOptions & { readonly agent?: string },
): Promise<void> {
  const client = context.client(options);
  let result: RedriveResult = { redriven: ids.length, stayed: {} };
  for (const id of ids) {
    await client.call("POST", `/api/v1/dead-letters/${encodeURIComponent(id)}/redrive`, {
      body: {},
    });
  }
  if (ids.length === 0) {
    const body = options.agent === undefined ? {} : { agentId: options.agent };
    const path = "/api/v1/dead-letters/redrive";
    result = await client.call<RedriveResult>("POST", path, { body });
  }
  if (options.json === true) return context.json(result);
  const { redriven, stayed } = result;
  context.out.line(
    redriven === 1
      ? "1 dead letter is back in its inbox."
      : `${redriven} dead letters are back in their inboxes.`,
  );
  for (const [code, count] of Object.entries(stayed)) {
    context.out.line(`${count} ${count === 1 ? "stays" : "stay"}: ${code}`);
  }
}
