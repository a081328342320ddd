import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FEED_EVENTS_MAX,
  RESOLVED_ALERTS_MAX,
  StreamMemory,
  applyAgents,
  mergeAlerts,
  mergeEvents,
} from "./stream.ts";
import type { StreamUpdate } from "./stream.ts";
import { alertOf } from "./test-support/records.ts";
import type { AgentTile, FeedEvent } from "./wire.ts";

function tile(id: string): AgentTile {
  return {
    id,
    name: id,
    kind: "worker",
    state: "idle",
    sinceMs: 0,
    reason: "",
    left: false,
    task: null,
    taskSinceMs: null,
    paused: false,
    quarantined: false,
    status: "idle",
    costUsd: null,
  };
}

function event(id: number): FeedEvent {
  return { id, atMs: id, kind: "state", level: "info", agentId: null, text: "" };
}

function agents(ids: readonly string[], removed: readonly string[] = [], complete = false) {
  const update: StreamUpdate = { kind: "agents", agents: ids.map(tile), removed, complete };
  return update;
}

test("applyAgents() adds, replaces and removes; a complete update forgets the others", () => {
  const first = applyAgents(new Map(), { ...agents(["a", "b"]) });
  assert.deepEqual([...applyAgents(first, agents(["c"], ["a"])).keys()], ["b", "c"]);
  assert.deepEqual([...applyAgents(first, agents(["c"], [], true)).keys()], ["c"]);
  assert.equal(applyAgents(first, agents([])), first);
});

test("mergeEvents() keeps each event once, newest first, bounded", () => {
  const feed = mergeEvents([event(2), event(1)], [event(3), event(2)]);
  assert.deepEqual(
    feed.map((one) => one.id),
    [3, 2, 1],
  );
  const many = Array.from({ length: FEED_EVENTS_MAX + 5 }, (_, index) => event(index));
  const bounded = mergeEvents([], many);
  assert.equal(bounded.length, FEED_EVENTS_MAX);
  assert.equal(bounded[0]?.id, FEED_EVENTS_MAX + 4);
});

test("StreamMemory.replay() gives a late tab the picture the stream has drawn", () => {
  const memory = new StreamMemory();
  assert.deepEqual(memory.replay(), []);
  memory.apply({ kind: "connection", state: "live", sinceMs: 1 });
  memory.apply({ kind: "hello", epoch: "e", clockOffsetMs: 0 });
  memory.apply(agents(["a", "b"], [], true));
  memory.apply(agents(["c"], ["a"]));
  memory.apply({ kind: "feed", events: [event(1)] });
  memory.apply({ kind: "feed", events: [event(2)] });
  const replay = memory.replay();
  assert.deepEqual(
    replay.map((update) => update.kind),
    ["connection", "hello", "agents", "feed"],
  );
  const fleet = replay.find((update) => update.kind === "agents");
  assert.deepEqual(
    fleet?.agents.map((one) => one.id),
    ["b", "c"],
  );
  assert.equal(fleet?.complete, true);
});

test("StreamMemory.signedOut follows the connection", () => {
  const memory = new StreamMemory();
  assert.equal(memory.signedOut, false);
  memory.apply({ kind: "connection", state: "signed_out", sinceMs: 1 });
  assert.equal(memory.signedOut, true);
  memory.apply({ kind: "connection", state: "live", sinceMs: 2 });
  assert.equal(memory.signedOut, false);
});

test("mergeAlerts() takes newer versions only, and lets the oldest resolved ones go", () => {
  const newer = alertOf("a", { updatedAtMs: 5000, count: 3 });
  const merged = mergeAlerts(new Map([["a", newer]]), [alertOf("a"), alertOf("b")]);
  assert.deepEqual([...merged.values()], [newer, alertOf("b")]);
  const over = Array.from({ length: RESOLVED_ALERTS_MAX + 2 }, (_, index) =>
    alertOf(`over-${index}`, { state: "resolved", updatedAtMs: index }),
  );
  const bounded = mergeAlerts(merged, over);
  assert.equal(bounded.size, RESOLVED_ALERTS_MAX + 2);
  assert.ok(bounded.has("a") && !bounded.has("over-0") && !bounded.has("over-1"));
});

test("StreamMemory forgets alerts when the stream begins anew: what fires is said again", () => {
  const memory = new StreamMemory();
  memory.apply({ kind: "hello", epoch: "e", clockOffsetMs: 0 });
  memory.apply({ kind: "alerts", alerts: [alertOf("a")] });
  memory.apply({ kind: "alerts", alerts: [alertOf("a", { updatedAtMs: 2000 })] });
  const [, said] = memory.replay();
  assert.deepEqual(said, { kind: "alerts", alerts: [alertOf("a", { updatedAtMs: 2000 })] });
  memory.apply({ kind: "hello", epoch: "e", clockOffsetMs: 0 });
  assert.deepEqual(memory.replay(), [{ kind: "hello", epoch: "e", clockOffsetMs: 0 }]);
});
