import assert from "node:assert/strict";
import { test } from "node:test";

import type { FeedEvent } from "../dashboard/index.ts";
import { printFeedEvent } from "./feed-line.ts";
import { Terminal } from "./terminal.ts";

function lineOf(event: Partial<FeedEvent>): string {
  let text = "";
  const atMs = new Date(2026, 10, 23, 12, 4, 11).getTime();
  const base = { id: 1, atMs, kind: "state", level: "info", agentId: "worker-1" } as const;
  const terminal = new Terminal({ write: (chunk) => (text += chunk) }, {});
  printFeedEvent(terminal, { ...base, text: "", ...event }, atMs);
  return text;
}

test("printFeedEvent() puts time, agent and word in columns", () => {
  assert.equal(
    lineOf({ kind: "joined", text: "python 3.11, pid 4121" }),
    "  12:04:11  worker-1    joined     python 3.11, pid 4121\n",
  );
  assert.equal(
    lineOf({ text: 'stuck: no output for 14 min while it holds "index repo"' }),
    '  12:04:11  worker-1    stuck      no output for 14 min while it holds "index repo"\n',
  );
  assert.equal(
    lineOf({ kind: "paused", text: "paused by admin:local" }),
    "  12:04:11  worker-1    paused     by admin:local\n",
  );
  assert.equal(
    lineOf({ kind: "cause", agentId: null, text: "planner and reviewer wait on each other" }),
    "  12:04:11  fleet       needs you  planner and reviewer wait on each other\n",
  );
  assert.equal(lineOf({ kind: "left", text: "left" }), "  12:04:11  worker-1    left\n");
  assert.equal(
    lineOf({ kind: "left", agentId: "demo/planner", text: "left: it says it is offline" }),
    "  12:04:11  demo/planner      left       it says it is offline\n",
  );
});

test("printFeedEvent() lets no agent move the cursor", () => {
  assert.equal(
    lineOf({ kind: "joined", text: "\u001b[2Jrm -rf\n\u0007" }),
    "  12:04:11  worker-1    joined     rm -rf\n",
  );
});
