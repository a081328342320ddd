// The waterfall of work that an agent began by itself: no message, so no trace that holds it
// together. What the agent did in its time belongs to it, as long as it is all the agent holds.

import type { CallRecord, SpanRecord, Task, TraceSpan } from "./wire.ts";

const KINDS: readonly TraceSpan["kind"][] = ["model", "tool", "code", "wait", "scope"];

/** The task, and below it the steps and gateway calls of its agent since it began. */
export function taskSpans(
  task: Task,
  steps: readonly SpanRecord[],
  calls: readonly CallRecord[],
): readonly TraceSpan[] {
  const { id, title, agentId, createdAtMs, endedAtMs } = task;
  const ownSteps = steps.filter(({ startMs }) => startMs >= createdAtMs);
  const known = new Set(ownSteps.map(({ spanId }) => spanId));
  const parentOf = (parentId: string | null): string =>
    parentId !== null && known.has(parentId) ? parentId : id;
  const root: TraceSpan = {
    id,
    parentId: null,
    kind: "task",
    name: title,
    agentId,
    fromMs: createdAtMs,
    toMs: endedAtMs,
    ok: null,
    detail: null,
    ref: { kind: "task", id },
  };
  return [
    root,
    ...ownSteps.map((step): TraceSpan => ({
      id: step.spanId,
      parentId: parentOf(step.parentSpanId),
      kind: KINDS.find((kind) => kind === step.kind) ?? "scope",
      name: step.name,
      agentId,
      fromMs: step.startMs,
      toMs: step.startMs + step.durationMs,
      ok: step.ok,
      detail: step.error,
      ref: { kind: "span", id: step.spanId },
    })),
    ...calls
      .filter(({ atMs }) => atMs >= createdAtMs)
      .map((call): TraceSpan => ({
        id: call.id,
        parentId: parentOf(call.parentSpanId),
        kind: "call",
        name: `${call.method} ${call.path}`,
        agentId,
        fromMs: call.atMs,
        toMs: call.atMs + call.durationMs,
        ok: call.status < 400,
        detail: call.reason ?? `answered ${call.status}`,
        ref: { kind: "call", id: call.id },
      })),
  ];
}
