import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ribbonStart, stateShares, stretches } from "./ribbon.ts";
import type { AgentState, StateChange } from "./wire.ts";

function change(state: AgentState, atMs: number): StateChange {
  return { agentId: "a", state, atMs, reason: `since ${atMs}` };
}

test("stretches() starts with the state that held before the range", () => {
  const parts = stretches([change("idle", 10), change("working", 150)], 100, 200);
  assert.deepEqual(
    parts.map((part) => [part.state, part.fromMs, part.toMs]),
    [
      ["idle", 100, 150],
      ["working", 150, 200],
    ],
  );
});

test("stretches() leaves time before the first known change empty and joins equal neighbours", () => {
  const parts = stretches([change("stuck", 160), change("stuck", 120)], 100, 200);
  assert.deepEqual(
    parts.map((part) => [part.state, part.fromMs, part.toMs]),
    [["stuck", 120, 200]],
  );
});

test("stretches() never overlap and stay inside the range", () => {
  const states = fc.constantFrom<AgentState>("working", "waiting", "idle", "stuck", "down");
  fc.assert(
    fc.property(fc.array(fc.tuple(states, fc.integer({ min: 0, max: 300 }))), (pairs) => {
      const parts = stretches(
        pairs.map(([state, atMs]) => change(state, atMs)),
        100,
        200,
      );
      let end = 100;
      for (const part of parts) {
        assert.ok(part.fromMs >= end && part.toMs > part.fromMs && part.toMs <= 200);
        end = part.toMs;
      }
    }),
  );
});

test("stateShares() adds up to the known time, largest first", () => {
  const parts = stretches([change("idle", 0), change("working", 20), change("idle", 90)], 0, 100);
  assert.deepEqual(stateShares(parts), [
    { state: "working", durationMs: 70, ratio: 0.7 },
    { state: "idle", durationMs: 30, ratio: 0.3 },
  ]);
  assert.deepEqual(stateShares([]), []);
});

test("ribbonStart() is the first state of a young agent, else the start of the day", () => {
  const young = [change("idle", 40_000), change("working", 55_000)];
  assert.equal(ribbonStart(young, 0, 100_000), 40_000);
  assert.equal(ribbonStart(young, 50_000, 100_000), 50_000);
  assert.equal(ribbonStart([], 50_000, 100_000), 50_000);
  assert.equal(ribbonStart([change("idle", 99_000)], 0, 100_000), 90_000);
});
