import assert from "node:assert/strict";
import { test } from "node:test";

import { DedupeWindow } from "./dedupe-window.ts";
import type { DedupeMark } from "./dedupe-window.ts";

function mark(messageId: string, untilMs: number): DedupeMark {
  return { messageId, deliveryId: null, untilMs, pending: null };
}

test("DedupeWindow.find() remembers a key until its end, per sender", () => {
  const window = new DedupeWindow(100);
  window.add("alice", "k", mark("m1", 50));
  assert.equal(window.find("alice", "k", 49)?.messageId, "m1");
  assert.equal(window.find("alice", "k", 50), undefined);
  assert.equal(window.find("bob", "k", 0), undefined);
});

test("DedupeWindow.expire() forgets what is over and stops at the first that is not", () => {
  const window = new DedupeWindow(100);
  for (let index = 0; index < 10; index++) window.add("a", `k${index}`, mark("m", index * 10));
  window.expire(45);
  assert.equal(window.size, 5);
});

test("DedupeWindow.add() forgets the oldest beyond its limit, never one being stored", () => {
  const window = new DedupeWindow(100);
  window.add("a", "pending", { ...mark("m0", 1), pending: Promise.resolve() });
  for (let index = 0; index < 500; index++) window.add("a", `k${index}`, mark("m", 1000));
  assert.ok(window.size <= 101, `${window.size} keys`);
  assert.ok(window.find("a", "pending", 999));
  assert.ok(window.find("a", "k499", 0));
  assert.equal(window.find("a", "k0", 0), undefined);
});

test("DedupeWindow.remove() leaves a newer mark of the same key alone", () => {
  const window = new DedupeWindow(100);
  const failed = mark("m1", 1000);
  window.add("a", "k", failed);
  window.add("a", "k", mark("m2", 1000));
  window.remove("a", "k", failed);
  assert.equal(window.find("a", "k", 0)?.messageId, "m2");
});
