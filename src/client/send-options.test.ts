import assert from "node:assert/strict";
import { test } from "node:test";

import { messageBody } from "./send-options.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

test("messageBody() makes each send its own dedupe key", () => {
  const first = messageBody("a", "direct", 1, {}, undefined);
  const second = messageBody("a", "direct", 1, {}, undefined);
  assert.notEqual(first["dedupeKey"], second["dedupeKey"]);
  assert.equal(messageBody("a", "direct", 1, { dedupeKey: "k" }, undefined)["dedupeKey"], "k");
});

test("messageBody() keeps what a handler sends in its conversation, trace and task", () => {
  const context = {
    traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
    conversationId: "c1",
    taskId: "t1",
  };
  const body = messageBody("a", "task_assignment", {}, { task: "part" }, context);
  assert.equal(body["conversationId"], "c1");
  assert.match(String(body["traceparent"]), new RegExp(TRACE));
  assert.deepEqual(body["task"], { title: "part", parentId: "t1" });
  const own = { conversationId: "c2", task: { title: "part", parent: "t2", expect: "10m" } };
  const overridden = messageBody("a", "task_assignment", {}, own, context);
  assert.equal(overridden["conversationId"], "c2");
  assert.deepEqual(overridden["task"], { title: "part", parentId: "t2", expectMs: 600_000 });
});

test("messageBody() sends an absent payload as null, and no absent options", () => {
  const body = messageBody("a", "direct", undefined, {}, undefined);
  assert.equal(body["payload"], null);
  assert.deepEqual(Object.keys(body).toSorted(), [
    "dedupeKey",
    "payload",
    "recipientId",
    "traceparent",
    "type",
  ]);
});
