// The words and places of a trace's spans.

import { formatSeconds } from "./format.ts";
import type { TimeKind } from "./trace-rows.ts";
import type { TraceSpan } from "./wire.ts";

const SHARE_WORDS: Partial<Record<TimeKind, string>> = {
  inbox: "in the inbox",
  request: "waiting for answers",
  call: "gateway calls",
  wait: "waiting",
  own: "own code",
  open: "under way, not told yet",
};

/** What time of a kind was spent on. */
export function shareWords(kind: TimeKind): string {
  return SHARE_WORDS[kind] ?? kind;
}

/** "1.2 s", "8 s, still running". */
export function spanLength(span: Pick<TraceSpan, "fromMs" | "toMs">, nowMs: number): string {
  const length = formatSeconds(Math.max(0, (span.toMs ?? nowMs) - span.fromMs) / 1000);
  return span.toMs === null ? `${length}, still running` : length;
}

/** What a row says only by its shape and colour, or not at all. */
export function unseenWords(span: TraceSpan): string {
  const failed = span.ok === false ? "failed" : "";
  return [failed, span.detail ?? ""].filter((words) => words !== "").join(", ");
}
