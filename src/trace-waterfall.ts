// Turns what carries one trace id (messages, tasks, calls, spans) into the bars of a waterfall, each
// under the bar it belongs to: by its parent's id where that is known, else under whatever the
// same agent was doing when it began.

import type {
  Delivery,
  DeliveryState,
  MessageWithDeliveries,
  Task,
  TaskState,
} from "./communication/index.ts";
import { spanIdOf } from "./communication/index.ts";
import type { CallRecord } from "./gateway/index.ts";
import type { SpanRecord } from "./profiler/index.ts";
import type { TraceSpan } from "./server/index.ts";

/** What was found for a trace. */
export interface TraceParts {
  readonly messages: readonly MessageWithDeliveries[];
  readonly tasks: readonly Task[];
  readonly calls: readonly CallRecord[];
  readonly spans: readonly SpanRecord[];
}

/** The bars of a trace, by their start. */
export function waterfall(parts: TraceParts): TraceSpan[] {
  const found = new Map(parts.messages.map((one) => [one.message.id, one]));
  const messages = parts.messages.flatMap((one) =>
    messageBars(one, found.get(one.message.replyToId ?? "")),
  );
  const drafts: Draft[] = [
    ...messages,
    ...taskBars(parts.tasks, new Set(messages.map(({ bar }) => bar.id))),
    ...parts.calls.map((call) => callBar(call)),
    ...parts.spans.map((span) => spanBar(span)),
  ];
  drafts.sort(
    ({ bar: a }, { bar: b }) =>
      a.fromMs - b.fromMs || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind),
  );
  return place(drafts);
}

/** A bar, and whose doing it is: the sender's for mail, its own agent's for the rest. */
interface Draft {
  readonly bar: TraceSpan;
  readonly causedBy: string | null;
}

/** Of bars that begin together, the one that may hold the others comes first. */
const ORDER = ["request", "inbox", "task", "scope", "model", "tool", "code", "wait", "call"];

/** Kinds of bars under which others of the same agent belong. */
const HOLDERS: ReadonlySet<TraceSpan["kind"]> = new Set([
  "task",
  "scope",
  "model",
  "tool",
  "code",
  "wait",
]);

/** @param original the message that this one answers. */
function messageBars(
  found: MessageWithDeliveries,
  original: MessageWithDeliveries | undefined,
): Draft[] {
  const { message, deliveries } = found;
  const ref = { kind: "message", id: message.id } as const;
  const requestId = `${message.id}:request`;
  // An answer arrives when the work that sent it may be over already.
  const answered = original?.deliveries.find(({ recipientId }) => recipientId === message.senderId);
  const cause = original && answered ? workBarId(original, answered) : null;
  const parentId = message.expectsReply ? requestId : cause;
  const bars: TraceSpan[] = [];
  if (message.expectsReply) {
    const answers = deliveries.map(({ answeredAtMs }) => answeredAtMs).filter(isKnown);
    const dead = deliveries.filter(({ state }) => state === "dead");
    const recipient = message.recipientId ?? "all";
    const answeredMs = answers.length === 0 ? null : Math.min(...answers);
    const gaveUpMs = dead.length === deliveries.length ? (dead[0]?.settledAtMs ?? null) : null;
    bars.push({
      id: requestId,
      parentId: cause,
      kind: "request",
      name: `waits on ${recipient}`,
      agentId: message.senderId,
      fromMs: message.acceptedAtMs,
      toMs: answeredMs ?? gaveUpMs,
      ok: answeredMs !== null ? true : gaveUpMs !== null ? false : null,
      detail: message.type,
      ref,
    });
  }
  for (const delivery of deliveries) {
    const waitedMs = delivery.deliveredAtMs ?? delivery.settledAtMs;
    bars.push({
      id: `${delivery.id}:inbox`,
      parentId,
      kind: "inbox",
      name: `in ${delivery.recipientId}'s inbox`,
      agentId: delivery.recipientId,
      fromMs: delivery.acceptedAtMs,
      toMs: waitedMs,
      ok: delivery.deliveredAtMs !== null ? true : delivery.state === "dead" ? false : null,
      detail: `${message.type} from ${message.senderId}`,
      ref,
    });
    if (delivery.deliveredAtMs === null) continue;
    bars.push({
      id: workBarId(found, delivery),
      parentId,
      kind: "task",
      name: message.task?.title ?? message.type,
      agentId: delivery.recipientId,
      fromMs: delivery.deliveredAtMs,
      toMs: delivery.settledAtMs,
      ok: OUTCOMES[delivery.state],
      detail: delivery.note ?? (delivery.attempts > 1 ? `attempt ${delivery.attempts}` : null),
      ref,
    });
  }
  return bars.map((bar) => ({ bar, causedBy: message.senderId }));
}

/** What a recipient does because of a message names the message's own span as its parent. */
function workBarId({ message, deliveries }: MessageWithDeliveries, { id }: Delivery): string {
  return deliveries.length === 1 ? (spanIdOf(message.traceparent) ?? id) : id;
}

const OUTCOMES: Readonly<Record<DeliveryState, boolean | null>> = {
  ready: null,
  leased: null,
  done: true,
  dead: false,
};

/** Work that agents began themselves; what was made of messages has its bar with the message. */
function taskBars(tasks: readonly Task[], taken: Set<string>): Draft[] {
  const spans = new Map(tasks.map(({ id, traceparent }) => [id, spanIdOf(traceparent)]));
  const drafts: Draft[] = [];
  for (const task of tasks) {
    if (task.messageId !== null) continue;
    const spanId = spans.get(task.id) ?? null;
    // Who names the span around the work, not one of its own, still has a bar of its own.
    const id = spanId === null || taken.has(spanId) ? task.id : spanId;
    taken.add(id);
    const bar: TraceSpan = {
      id,
      parentId: task.parentId === null ? null : (spans.get(task.parentId) ?? null),
      kind: "task",
      name: task.title,
      agentId: task.agentId,
      fromMs: task.createdAtMs,
      toMs: task.endedAtMs,
      ok: TASK_OUTCOMES[task.state],
      detail: task.note,
      ref: { kind: "task", id: task.id },
    };
    drafts.push({ bar, causedBy: task.agentId });
  }
  return drafts;
}

const TASK_OUTCOMES: Readonly<Record<TaskState, boolean | null>> = {
  submitted: null,
  working: null,
  "input-required": null,
  completed: true,
  failed: false,
  canceled: false,
};

function callBar(call: CallRecord): Draft {
  const tries = call.attempts > 1 ? ` after ${call.attempts} attempts` : "";
  const bar: TraceSpan = {
    id: call.id,
    parentId: call.parentSpanId,
    kind: "call",
    name: `${call.method} ${call.path}`,
    agentId: call.agentId,
    fromMs: call.atMs,
    toMs: call.atMs + call.durationMs,
    ok: call.status < 400,
    detail: call.reason ?? `${call.serviceId ?? "nobody"} answered ${call.status}${tries}`,
    ref: { kind: "call", id: call.id },
  };
  return { bar, causedBy: call.agentId };
}

function spanBar(span: SpanRecord): Draft {
  const bar: TraceSpan = {
    id: span.spanId,
    parentId: span.parentSpanId,
    kind: SPAN_KINDS.find((kind) => kind === span.kind) ?? "scope",
    name: span.name,
    agentId: span.agentId,
    fromMs: span.startMs,
    toMs: span.startMs + span.durationMs,
    ok: span.ok,
    detail: span.error,
    ref: { kind: "span", id: span.spanId },
  };
  return { bar, causedBy: span.agentId };
}

const SPAN_KINDS = ["model", "tool", "code", "wait"] as const;

/** Finds a parent for every bar whose own is not among them. */
function place(drafts: readonly Draft[]): TraceSpan[] {
  const ids = new Set(drafts.map(({ bar }) => bar.id));
  return drafts.map(({ bar, causedBy }, index) => {
    if (bar.parentId !== null && bar.parentId !== bar.id && ids.has(bar.parentId)) return bar;
    const parent = drafts.findLast(
      (other, position) => position < index && encloses(other.bar, bar, causedBy),
    );
    return { ...bar, parentId: parent?.bar.id ?? null };
  });
}

/** Whether one bar is something that `causedBy` was doing when the other began. */
function encloses(outer: TraceSpan, inner: TraceSpan, causedBy: string | null): boolean {
  if (!HOLDERS.has(outer.kind) || outer.agentId !== causedBy) return false;
  return outer.ref.id !== inner.ref.id && (outer.toMs === null || outer.toMs >= inner.fromMs);
}

function isKnown(atMs: number | null): atMs is number {
  return atMs !== null;
}
