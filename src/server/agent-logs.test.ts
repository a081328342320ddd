import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { AgentLogs } from "./agent-logs.ts";
import type { LogLine } from "./agent-logs.ts";

function line(text: string): LogLine {
  return { atMs: 1, stream: "stdout", text };
}

test("AgentLogs.lines() gives the newest lines, oldest of them first", () => {
  const logs = new AgentLogs();
  logs.append("w1", [line("a"), line("b")]);
  logs.append("w1", [line("c")]);
  assert.deepEqual(logs.lines("w1", 2), [line("b"), line("c")]);
  assert.deepEqual(logs.lines("w2", 2), []);
});

test("AgentLogs.append() keeps the last 500 lines and 64 KiB, whatever comes", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ maxLength: 40 }), { maxLength: 8 })), (batches) => {
      const logs = new AgentLogs({ lines: 10, bytes: 100 });
      const all: string[] = [];
      for (const batch of batches) {
        logs.append("w1", batch.map(line));
        all.push(...batch);
      }
      const kept = logs.lines("w1", 1000).map(({ text }) => text);
      assert.ok(kept.length <= 10);
      assert.ok(Buffer.byteLength(kept.join("")) <= 100);
      const room = all.length > 10 || Buffer.byteLength(all.join("")) > 100;
      assert.deepEqual(kept, room ? all.slice(all.length - kept.length) : all);
    }),
  );
  const logs = new AgentLogs();
  logs.append(
    "w1",
    Array.from({ length: 600 }, (_, index) => line(`${index}`)),
  );
  assert.equal(logs.lines("w1", 1000).length, 500);
  logs.append("w1", [line("x".repeat(40_000)), line("y".repeat(40_000))]);
  assert.deepEqual(logs.lines("w1", 1000), [line("y".repeat(40_000))]);
});

test("AgentLogs.append() keeps the end of an over-long line, in whole characters", () => {
  const logs = new AgentLogs({ bytes: 10 });
  logs.append("w1", [line(`${"é".repeat(8)}z`)]);
  assert.deepEqual(logs.lines("w1", 1), [line("ééééz")]);
});

test("AgentLogs.append() forgets the agent that was quiet for longest", () => {
  const logs = new AgentLogs({ agents: 2 });
  for (const id of ["w1", "w2", "w1", "w3"]) logs.append(id, [line(id)]);
  assert.deepEqual(
    ["w1", "w2", "w3"].map((id) => logs.lines(id, 9).length),
    [2, 0, 1],
  );
});
