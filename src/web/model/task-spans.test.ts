import assert from "node:assert/strict";
import { test } from "node:test";
import { taskSpans } from "./task-spans.ts";
import { callOf } from "./test-support/records.ts";
import type { SpanRecord, Task } from "./wire.ts";

const TASK: Task = {
  id: "task_1",
  namespace: "default",
  agentId: "coder-1",
  title: "index repo",
  traceparent: null,
  parentId: null,
  messageId: null,
  state: "working",
  attempt: 1,
  progress: null,
  note: null,
  result: null,
  expectMs: null,
  createdAtMs: 1000,
  updatedAtMs: 1000,
  endedAtMs: null,
};

function step(spanId: string, kind: string, startMs: number): SpanRecord {
  return {
    spanId,
    traceId: "0".repeat(32),
    parentSpanId: null,
    namespace: "default",
    agentId: "coder-1",
    name: spanId,
    kind,
    startMs,
    durationMs: 100,
    ok: true,
    error: null,
    context: {},
  };
}

test("taskSpans() puts steps and calls under the task, and calls under their step", () => {
  const steps = [step("plan", "model", 1100), step("odd", "thinking", 1300)];
  const within = { ...callOf("within", 1, 1150), parentSpanId: "plan" };
  const failed = { ...callOf("failed", 2, 1400), status: 503, parentSpanId: "elsewhere" };
  assert.deepEqual(
    taskSpans(TASK, steps, [within, failed]).map(({ id, parentId, kind, ok }) => [
      id,
      parentId,
      kind,
      ok,
    ]),
    [
      ["task_1", null, "task", null],
      ["plan", "task_1", "model", true],
      ["odd", "task_1", "scope", true],
      ["within", "plan", "call", true],
      ["failed", "task_1", "call", false],
    ],
  );
});

test("taskSpans() leaves out what was before the task", () => {
  const spans = taskSpans(TASK, [step("before", "code", 900)], [callOf("earlier", 1, 950)]);
  assert.deepEqual(
    spans.map(({ id }) => id),
    ["task_1"],
  );
});
