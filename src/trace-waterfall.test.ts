import assert from "node:assert/strict";
import { test } from "node:test";

import type { Delivery, Message, MessageWithDeliveries, Task } from "./communication/index.ts";
import type { CallRecord } from "./gateway/index.ts";
import type { SpanRecord } from "./profiler/index.ts";
import { waterfall } from "./trace-waterfall.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

function messageOf(
  fields: Partial<Message> & Pick<Message, "id" | "senderId" | "recipientId">,
  delivery: Partial<Delivery>,
): MessageWithDeliveries {
  const message: Message = {
    namespace: "default",
    type: "task_assignment",
    payload: null,
    priority: "normal",
    conversationId: "c1",
    replyToId: null,
    expectsReply: false,
    orderingKey: null,
    dedupeKey: null,
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
    task: null,
    acceptedAtMs: 0,
    ...fields,
  };
  const copy: Delivery = {
    id: `${message.id}-d`,
    messageId: message.id,
    recipientId: message.recipientId ?? "",
    priority: "normal",
    sequence: 1,
    state: "leased",
    attempts: 1,
    acceptedAtMs: message.acceptedAtMs,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
    ...delivery,
  };
  return { message, deliveries: [copy] };
}

function callOf(fields: Partial<CallRecord>): CallRecord {
  return {
    id: "c000000000000001",
    sequence: 1,
    namespace: "default",
    atMs: 40,
    durationMs: 10,
    upstreamMs: 9,
    agentId: "worker",
    serviceId: "search",
    route: "/v1/search/**",
    endpoint: null,
    method: "GET",
    path: "/v1/search/x",
    query: "",
    status: 200,
    code: null,
    reason: null,
    requestBytes: 0,
    responseBytes: 0,
    attempts: 1,
    clientAddress: "127.0.0.1",
    userAgent: "",
    traceId: TRACE,
    parentSpanId: null,
    ...fields,
  };
}

function spanOf(fields: Partial<SpanRecord>): SpanRecord {
  return {
    spanId: "a000000000000001",
    traceId: TRACE,
    parentSpanId: "00f067aa0ba902b7",
    namespace: "default",
    agentId: "worker",
    name: "plan",
    kind: "model",
    startMs: 30,
    durationMs: 30,
    ok: true,
    error: null,
    context: {},
    ...fields,
  };
}

function taskOf(fields: Partial<Task>): Task {
  return {
    id: "task_1",
    namespace: "default",
    agentId: "worker",
    title: "index",
    parentId: null,
    messageId: null,
    state: "completed",
    attempt: 1,
    progress: null,
    note: null,
    result: null,
    expectMs: null,
    traceparent: `00-${TRACE}-b000000000000001-01`,
    createdAtMs: 20,
    updatedAtMs: 60,
    endedAtMs: 60,
    ...fields,
  };
}

function outline(parts: Partial<Parameters<typeof waterfall>[0]>): string[] {
  const bars = waterfall({ messages: [], tasks: [], calls: [], spans: [], ...parts });
  const depthOf = (id: string | null): number =>
    id === null ? 0 : 1 + depthOf(bars.find((bar) => bar.id === id)?.parentId ?? null);
  return bars.map(
    (bar) =>
      `${"  ".repeat(depthOf(bar.parentId))}${bar.kind} ${bar.fromMs}-${bar.toMs ?? ""} ${bar.ok}`,
  );
}

test("waterfall() puts spans under the work whose message they name, calls under their span", () => {
  const work = messageOf(
    { id: "m1", senderId: "operator", recipientId: "worker" },
    { deliveredAtMs: 20, settledAtMs: 100, state: "done" },
  );
  const lines = outline({
    messages: [work],
    spans: [spanOf({})],
    calls: [callOf({ parentSpanId: "a000000000000001" }), callOf({ id: "c2", atMs: 80 })],
  });
  assert.deepEqual(lines, [
    "inbox 0-20 true",
    "task 20-100 true",
    "  model 30-60 true",
    "    call 40-50 true",
    "  call 80-90 true",
  ]);
});

test("waterfall() draws a wait on an answer under the work that asked, with the other's work in it", () => {
  const asked = messageOf(
    { id: "m1", senderId: "operator", recipientId: "planner" },
    { deliveredAtMs: 5 },
  );
  const request = messageOf(
    {
      id: "m2",
      senderId: "planner",
      recipientId: "worker",
      acceptedAtMs: 10,
      expectsReply: true,
      traceparent: `00-${TRACE}-00f067aa0ba902b8-01`,
    },
    { deliveredAtMs: 15, settledAtMs: 30, answeredAtMs: 30, state: "done" },
  );
  const dead = messageOf(
    {
      id: "m3",
      senderId: "worker",
      recipientId: "critic",
      acceptedAtMs: 20,
      traceparent: `00-${TRACE}-00f067aa0ba902b9-01`,
    },
    { settledAtMs: 25, state: "dead" },
  );
  assert.deepEqual(outline({ messages: [request, dead, asked] }), [
    "inbox 0-5 true",
    "task 5- null",
    "  request 10-30 true",
    "    inbox 10-15 true",
    "    task 15-30 true",
    "      inbox 20-25 false",
  ]);
});

test("waterfall() keeps what belongs to nobody known at the top, and calls that failed are not ok", () => {
  const lines = outline({
    calls: [callOf({ status: 503, agentId: null, parentSpanId: "ffffffffffffffff" })],
    spans: [spanOf({ parentSpanId: "eeeeeeeeeeeeeeee", kind: "anything", ok: false })],
  });
  assert.deepEqual(lines, ["scope 30-60 false", "call 40-50 false"]);
});

test("waterfall() shows work that an agent began itself, with what names its span below it", () => {
  const message = messageOf(
    { id: "m1", senderId: "boss", recipientId: "worker" },
    { state: "done", deliveredAtMs: 10, settledAtMs: 100 },
  );
  const parts = {
    messages: [message],
    tasks: [
      // Made of the message, which has its bar; the one below it names it as its parent.
      taskOf({ id: "task_0", messageId: "m1", traceparent: message.message.traceparent }),
      taskOf({ id: "task_1", parentId: "task_0" }),
      taskOf({
        id: "task_2",
        parentId: "task_1",
        traceparent: `00-${TRACE}-b000000000000002-01`,
        state: "failed",
        createdAtMs: 30,
        endedAtMs: 35,
      }),
    ],
    spans: [spanOf({ parentSpanId: "b000000000000001", startMs: 40, durationMs: 5 })],
    calls: [callOf({ parentSpanId: "b000000000000002", atMs: 31, durationMs: 2 })],
  };
  assert.deepEqual(outline(parts), [
    "inbox 0-10 true",
    "task 10-100 true",
    "  task 20-60 true",
    "    task 30-35 false",
    "      call 31-33 true",
    "    model 40-45 true",
  ]);
  const [, , work] = waterfall(parts);
  assert.deepEqual(work?.ref, { kind: "task", id: "task_1" });
  assert.equal(work?.id, "b000000000000001");
});

test("waterfall() tells work apart whose traceparent names a span that is shown already", () => {
  const message = messageOf(
    { id: "m1", senderId: "boss", recipientId: "worker" },
    { deliveredAtMs: 10 },
  );
  const { traceparent } = message.message;
  const tasks = [
    taskOf({ id: "task_1", traceparent, endedAtMs: null, state: "working" }),
    taskOf({ id: "task_2", traceparent, createdAtMs: 25, endedAtMs: 27 }),
  ];
  const bars = waterfall({ messages: [message], tasks, calls: [], spans: [] });
  assert.equal(new Set(bars.map(({ id }) => id)).size, bars.length);
  assert.deepEqual(outline({ messages: [message], tasks }), [
    "inbox 0-10 true",
    "task 10- null",
    "  task 20- null",
    "    task 25-27 true",
  ]);
});

test("waterfall() shows an answer below the work that sent it", () => {
  const request = messageOf(
    { id: "m1", senderId: "boss", recipientId: "worker", expectsReply: true },
    { state: "done", deliveredAtMs: 10, settledAtMs: 50, answeredAtMs: 50 },
  );
  const answer = messageOf(
    {
      id: "m2",
      senderId: "worker",
      recipientId: "boss",
      type: "direct",
      replyToId: "m1",
      traceparent: `00-${TRACE}-c000000000000001-01`,
      acceptedAtMs: 50,
    },
    { state: "done", deliveredAtMs: 52, settledAtMs: 55 },
  );
  assert.deepEqual(outline({ messages: [request, answer] }), [
    "request 0-50 true",
    "  inbox 0-10 true",
    "  task 10-50 true",
    "    inbox 50-52 true",
    "    task 52-55 true",
  ]);
});
