import assert from "node:assert/strict";
import { test } from "node:test";

import type { Delivery, Message, MessageWithDeliveries } from "./communication/index.ts";
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

function outline(parts: Partial<Parameters<typeof waterfall>[0]>): string[] {
  const bars = waterfall({ messages: [], calls: [], spans: [], ...parts });
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
