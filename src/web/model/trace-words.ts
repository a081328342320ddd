// The words and places of a trace's spans.

import { formatSeconds } from "./format.ts";
import type { TimeKind } from "./trace-rows.ts";
import type { TraceSpan, TraceSpanKind } from "./wire.ts";

const KIND_WORDS: Readonly<Record<TraceSpanKind | "own", string>> = {
  inbox: "in the inbox",
  task: "task",
  request: "waits for an answer",
  call: "gateway call",
  model: "model",
  tool: "tool",
  code: "code",
  wait: "waits",
  scope: "scope",
  own: "own code",
};

/** What a kind of span is called. */
export function kindWords(kind: TraceSpanKind | TimeKind): string {
  return KIND_WORDS[kind];
}

/** "1.2 s", "8 s, still running". */
export function spanLength(span: Pick<TraceSpan, "fromMs" | "toMs">, nowMs: number): string {
  const length = formatSeconds(Math.max(0, (span.toMs ?? nowMs) - span.fromMs) / 1000);
  return span.toMs === null ? `${length}, still running` : length;
}

/** What a screen reader says of a row. */
export function spanWords(span: TraceSpan, nowMs: number): string {
  const who = span.agentId === null ? "" : `, ${span.agentId}`;
  const failed = span.ok === false ? ", failed" : "";
  const detail = span.detail === null ? "" : `, ${span.detail}`;
  return `${kindWords(span.kind)}: ${span.name}${who}, ${spanLength(span, nowMs)}${failed}${detail}`;
}
