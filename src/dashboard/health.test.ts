import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { scoreHealth } from "./health.ts";
import type { Cause } from "./model.ts";

function cause(id: string, level: Cause["level"]): Cause {
  return {
    id,
    kind: "stuck",
    level,
    text: `${id} is stuck`,
    agentIds: [],
    sinceMs: 0,
    costUsd: null,
    actions: [],
    alertId: null,
    acknowledged: null,
  };
}

test("scoreHealth() takes 20, 10 and 5 points per critical, error and warning cause", () => {
  const causes = [cause("a", "warning"), cause("b", "critical"), cause("c", "error")];
  const health = scoreHealth(causes, null);
  assert.equal(health.score, 65);
  assert.deepEqual(
    health.lost.map((lost) => [lost.causeId, lost.points]),
    [
      ["b", 20],
      ["c", 10],
      ["a", 5],
    ],
  );
});

test("scoreHealth() takes half a point per percent of CPU or memory above 80", () => {
  const health = scoreHealth([], { cpuPercent: 90, memoryPercent: 80 });
  assert.equal(health.score, 95);
  assert.equal(health.lost[0]?.reason, "This machine's CPU is at 90%");
});

test("scoreHealth() stays within 0 and 100 and explains every missing point", () => {
  const levels = fc.array(fc.constantFrom("warning", "error", "critical" as const));
  fc.assert(
    fc.property(levels, fc.float({ min: 0, max: 100, noNaN: true }), (chosen, cpuPercent) => {
      const causes = chosen.map((level, index) => cause(String(index), level));
      const health = scoreHealth(causes, { cpuPercent, memoryPercent: 0 });
      const lost = health.lost.reduce((sum, entry) => sum + entry.points, 0);
      assert.equal(health.score, Math.max(0, Math.round(100 - lost)));
    }),
  );
});
