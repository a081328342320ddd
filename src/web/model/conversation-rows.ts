// A conversation as rows: messages in order, silences drawn between them, and long runs of
// similar messages folded into one line.

import { payloadShape } from "./json-text.ts";
import type { CallRecord, MessageWithDeliveries } from "./wire.ts";

/** One line of a conversation. */
export type ConversationRow =
  | { readonly kind: "message"; readonly entry: MessageWithDeliveries }
  | { readonly kind: "silence"; readonly durationMs: number; readonly afterId: string }
  | { readonly kind: "call"; readonly call: CallRecord }
  | {
      readonly kind: "repeats";
      readonly id: string;
      readonly participants: readonly string[];
      readonly entries: readonly MessageWithDeliveries[];
    };

/** A pause longer than this is drawn as silence, in milliseconds. */
export const SILENCE_MS = 120_000;

/** Runs shorter than this are shown in full. */
export const REPEATS_MIN = 6;

/** Builds the rows, oldest first; runs named in `opened` (by their row id) stay unfolded. */
export function conversationRows(
  entries: readonly MessageWithDeliveries[],
  opened: ReadonlySet<string> = new Set(),
): readonly ConversationRow[] {
  const ordered = [...entries].sort(
    (a, b) =>
      a.message.acceptedAtMs - b.message.acceptedAtMs || (a.message.id < b.message.id ? -1 : 1),
  );
  const rows: ConversationRow[] = [];
  let start = 0;
  while (start < ordered.length) {
    const end = runEnd(ordered, start);
    const run = ordered.slice(start, end);
    if (run.length >= REPEATS_MIN) appendRun(rows, run, opened);
    else for (const entry of run) appendMessage(rows, entry);
    start = end;
  }
  return rows;
}

function appendRun(
  rows: ConversationRow[],
  run: readonly MessageWithDeliveries[],
  opened: ReadonlySet<string>,
): void {
  const [first, second] = run;
  const last = run[run.length - 1];
  if (first === undefined || second === undefined || last === undefined) return;
  const id = `repeats-${second.message.id}`;
  appendMessage(rows, first);
  const middle = run.slice(1, -1);
  if (opened.has(id)) {
    for (const entry of middle) appendMessage(rows, entry);
  } else {
    const participants = [...new Set(run.map((entry) => entry.message.senderId))];
    rows.push({ kind: "repeats", id, participants, entries: middle });
  }
  appendMessage(rows, last, opened.has(id) ? undefined : middle[middle.length - 1]);
}

function appendMessage(
  rows: ConversationRow[],
  entry: MessageWithDeliveries,
  hiddenBefore?: MessageWithDeliveries,
): void {
  const previous = rows[rows.length - 1];
  const before = hiddenBefore ?? (previous?.kind === "message" ? previous.entry : undefined);
  if (before !== undefined) {
    const durationMs = entry.message.acceptedAtMs - before.message.acceptedAtMs;
    if (durationMs >= SILENCE_MS) {
      rows.push({ kind: "silence", durationMs, afterId: before.message.id });
    }
  }
  rows.push({ kind: "message", entry });
}

/** The end of the run of similar messages that starts at an index. */
function runEnd(ordered: readonly MessageWithDeliveries[], start: number): number {
  const first = ordered[start];
  if (first === undefined) return start + 1;
  const pair = pairOf(first);
  const looks = new Set<string>();
  let end = start;
  while (end < ordered.length) {
    const entry = ordered[end];
    if (entry === undefined || pairOf(entry) !== pair) break;
    const look = lookOf(entry);
    // A ping-pong has at most one look per direction.
    if (!looks.has(look) && looks.size === 2) break;
    looks.add(look);
    end += 1;
  }
  return end;
}

function pairOf(entry: MessageWithDeliveries): string {
  const { senderId, recipientId } = entry.message;
  return [senderId, recipientId ?? "*"].sort().join("\n");
}

function lookOf(entry: MessageWithDeliveries): string {
  const { message } = entry;
  return `${message.senderId}\n${message.type}\n${payloadShape(message.payload)}`;
}

/** Puts the gateway calls that messages led to between the rows, by time. */
export function withCalls(
  rows: readonly ConversationRow[],
  calls: readonly CallRecord[],
): readonly ConversationRow[] {
  const waiting = [...calls].sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
  const mixed: ConversationRow[] = [];
  for (const row of rows) {
    const fromMs = startOf(row);
    const later = waiting.findIndex(({ atMs }) => fromMs === undefined || atMs >= fromMs);
    const before = waiting.splice(0, later < 0 ? waiting.length : later);
    mixed.push(...before.map((call) => ({ kind: "call", call }) as const), row);
  }
  return [...mixed, ...waiting.map((call) => ({ kind: "call", call }) as const)];
}

function startOf(row: ConversationRow): number | undefined {
  if (row.kind === "message") return row.entry.message.acceptedAtMs;
  return row.kind === "repeats" ? row.entries[0]?.message.acceptedAtMs : undefined;
}

/** Traces that a conversation belongs to, the newest first. */
export function tracesOf(
  entries: readonly MessageWithDeliveries[],
  atMost: number,
): readonly string[] {
  const found = new Set<string>();
  for (const { message } of entries.toReversed()) {
    // https://www.w3.org/TR/trace-context/#traceparent-header
    const traceId = /^[\da-f]{2}-([\da-f]{32})-/u.exec(message.traceparent ?? "")?.[1];
    if (traceId !== undefined) found.add(traceId);
    if (found.size >= atMost) break;
  }
  return [...found];
}
