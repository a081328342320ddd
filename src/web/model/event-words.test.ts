import assert from "node:assert/strict";
import { test } from "node:test";
import { eventWords } from "./event-words.ts";

test("eventWords() leaves a cause's own sentence as it is", () => {
  const text = "Over: planner and reviewer wait on each other";
  assert.equal(eventWords({ kind: "cause_resolved", agentId: "planner", text }), text);
});

test("eventWords() begins with whom the event is about, once", () => {
  const agentId = "worker-1";
  assert.equal(
    eventWords({ kind: "joined", agentId, text: "python 3.11, pid 4121" }),
    "worker-1 joined, python 3.11, pid 4121",
  );
  assert.equal(
    eventWords({ kind: "state", agentId, text: "stuck: no output for 14 min" }),
    "worker-1 is stuck: no output for 14 min",
  );
  assert.equal(
    eventWords({ kind: "paused", agentId, text: "paused by admin" }),
    "worker-1 paused by admin",
  );
  assert.equal(
    eventWords({ kind: "dead_letter", agentId, text: "direct from planner is a dead letter: bad" }),
    "worker-1: direct from planner is a dead letter: bad",
  );
  assert.equal(
    eventWords({ kind: "cause", agentId, text: "worker-1 stopped answering 40 s ago" }),
    "worker-1 stopped answering 40 s ago",
  );
  assert.equal(
    eventWords({ kind: "cause", agentId: null, text: "planner and reviewer wait on each other" }),
    "planner and reviewer wait on each other",
  );
});
