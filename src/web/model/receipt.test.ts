import assert from "node:assert/strict";
import { test } from "node:test";
import { receiptOf } from "./receipt.ts";
import type { Delivery, MessageWithDeliveries } from "./wire.ts";

const NOW = 1_000_000;

function copy(changes: Partial<Delivery>): Delivery {
  return {
    id: "d1",
    messageId: "m1",
    recipientId: "worker-1",
    priority: "normal",
    sequence: 1,
    state: "ready",
    attempts: 0,
    acceptedAtMs: NOW - 60_000,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
    ...changes,
  };
}

function entry(copies: readonly Delivery[], expectsReply = false): MessageWithDeliveries {
  return {
    message: {
      id: "m1",
      namespace: "default",
      senderId: "planner",
      recipientId: copies.length === 1 ? "worker-1" : null,
      type: "direct",
      payload: null,
      priority: "normal",
      conversationId: "c",
      replyToId: null,
      expectsReply,
      orderingKey: null,
      dedupeKey: null,
      traceparent: null,
      task: null,
      acceptedAtMs: NOW - 60_000,
    },
    deliveries: copies,
  };
}

function dots(copies: readonly Delivery[], expectsReply = false): string {
  const receipt = receiptOf(entry(copies, expectsReply), NOW);
  const marks = [receipt.sent, receipt.delivered, receipt.done].map((on) => (on ? "#" : "o"));
  return `${marks.join("")} ${receipt.words}`;
}

test("receiptOf() says beside the first hollow dot why it is hollow", () => {
  assert.equal(dots([copy({})]), "#oo not claimed by worker-1 for 1 min");
  assert.equal(
    dots([copy({ state: "leased", attempts: 2, deliveredAtMs: NOW - 5000 })]),
    "##o with worker-1 for 5 s, attempt 2",
  );
  assert.equal(
    dots([copy({ attempts: 1, visibleAtMs: NOW + 4000, deliveredAtMs: 1, note: "529" })]),
    "##o retries in 4 s: 529",
  );
});

test("receiptOf() says how a message ended", () => {
  const settled = { deliveredAtMs: NOW - 58_000, settledAtMs: NOW - 50_000 };
  assert.equal(dots([copy({ state: "done", ...settled })]), "### done in 10 s");
  assert.equal(dots([copy({ state: "done", ...settled })], true), "### done in 10 s, not answered");
  assert.equal(
    dots([copy({ state: "dead", deadReason: "rejected", note: "bad hash", ...settled })]),
    "##o rejected by worker-1: bad hash",
  );
});

test("receiptOf() knows that the operator reads the pages, not an inbox", () => {
  const { message } = entry([]);
  const toOperator = { message: { ...message, recipientId: "operator" }, deliveries: [] };
  assert.equal(receiptOf(toOperator, NOW).words, "shown here");
  assert.equal(receiptOf(toOperator, NOW).done, true);
  const shown = copy({
    state: "done",
    recipientId: "operator",
    deliveredAtMs: NOW,
    settledAtMs: NOW,
  });
  assert.equal(dots([shown], true), "### shown here, not answered");
});

test("receiptOf() sums a broadcast up", () => {
  const done = copy({ state: "done", deliveredAtMs: 1, settledAtMs: 2 });
  assert.equal(dots([done, copy({})]), "#oo 1 of 2 done");
  assert.equal(dots([done, done]), "### 2 of 2 done");
  assert.equal(dots([]), "#oo no recipient");
});
