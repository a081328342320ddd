import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { conversationRows, tracesOf, withCalls } from "./conversation-rows.ts";
import type { ConversationRow } from "./conversation-rows.ts";
import { callOf } from "./test-support/records.ts";
import type { JsonValue, MessageWithDeliveries } from "./wire.ts";

function said(
  index: number,
  senderId: string,
  recipientId: string,
  atMs: number,
  payload: JsonValue = { text: String(index) },
): MessageWithDeliveries {
  return {
    message: {
      id: `m${String(index).padStart(4, "0")}`,
      namespace: "default",
      senderId,
      recipientId,
      type: "direct",
      payload,
      priority: "normal",
      conversationId: "c",
      replyToId: null,
      expectsReply: false,
      orderingKey: null,
      dedupeKey: null,
      traceparent: null,
      task: null,
      acceptedAtMs: atMs,
    },
    deliveries: [],
  };
}

function pingPong(count: number, fromMs = 0): MessageWithDeliveries[] {
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? said(index, "planner", "critic", fromMs + index * 1000)
      : said(index, "critic", "planner", fromMs + index * 1000),
  );
}

function words(rows: readonly ConversationRow[]): readonly string[] {
  return rows.map((row) => {
    if (row.kind === "message") return row.entry.message.id;
    if (row.kind === "silence") return `quiet ${row.durationMs}`;
    if (row.kind === "call") return `call ${row.call.id}`;
    return `${row.participants.join("+")} x${row.entries.length}`;
  });
}

test("conversationRows() folds a long ping-pong between its first and last message", () => {
  assert.deepEqual(words(conversationRows(pingPong(44).toReversed())), [
    "m0000",
    "planner+critic x42",
    "m0043",
  ]);
});

test("conversationRows() shows short exchanges in full", () => {
  assert.equal(conversationRows(pingPong(5)).length, 5);
});

test("conversationRows() does not fold messages that say different things", () => {
  const different = Array.from({ length: 12 }, (_, index) =>
    said(index, "planner", "critic", index * 1000, { [`field${index}`]: 1 }),
  );
  assert.equal(conversationRows(different).length, 12);
});

test("conversationRows() unfolds what the reader opened", () => {
  const entries = pingPong(10);
  const folded = conversationRows(entries)[1];
  assert.ok(folded?.kind === "repeats");
  assert.equal(conversationRows(entries, new Set([folded.id])).length, 10);
});

test("conversationRows() draws silences, also behind a fold", () => {
  const late = said(9000, "critic", "planner", 600_000, { verdict: "good" });
  assert.deepEqual(words(conversationRows([said(0, "a", "b", 0), late])), [
    "m0000",
    "quiet 600000",
    "m9000",
  ]);
  const rows = words(conversationRows([...pingPong(8), late]));
  assert.deepEqual(rows.slice(-2), ["quiet 593000", "m9000"]);
});

test("conversationRows() loses no message", () => {
  const who = fc.constantFrom("a", "b", "c");
  fc.assert(
    fc.property(fc.array(fc.tuple(who, who, fc.nat(10_000_000)), { maxLength: 60 }), (pairs) => {
      const entries = pairs.map(([from, to, atMs], index) => said(index, from, to, atMs));
      const shown = conversationRows(entries).flatMap((row) => {
        if (row.kind === "message") return [row.entry];
        return row.kind === "repeats" ? row.entries : [];
      });
      assert.equal(shown.length, entries.length);
      assert.equal(new Set(shown).size, entries.length);
    }),
  );
});

test("withCalls() puts calls between the messages, by time", () => {
  const rows = conversationRows([said(1, "a", "b", 100), said(2, "b", "a", 300)]);
  const mixed = withCalls(rows, [callOf("late", 3, 400), callOf("mid", 2, 200)]);
  assert.deepEqual(
    mixed.map((row) => (row.kind === "call" ? row.call.id : row.kind)),
    ["message", "mid", "message", "late"],
  );
});

function traced(index: number, traceparent: string | null): MessageWithDeliveries {
  const entry = said(index, "a", "b", index);
  return { ...entry, message: { ...entry.message, traceparent } };
}

test("tracesOf() names each trace once, the newest first, and reads only what is a traceparent", () => {
  const [one, two] = ["1".repeat(32), "2".repeat(32)];
  const span = "a".repeat(16);
  const entries = [
    traced(1, `00-${one}-${span}-01`),
    traced(2, "nonsense"),
    traced(3, `00-${two}-${span}-01`),
    traced(4, `00-${two}-${span}-00`),
    traced(5, null),
  ];
  assert.deepEqual(tracesOf(entries, 5), [two, one]);
  assert.deepEqual(tracesOf(entries, 1), [two]);
});
