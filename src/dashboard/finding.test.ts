import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { LEVEL_RANK, levelOf } from "./finding.ts";
import type { LevelStep } from "./finding.ts";

const STEPS: readonly LevelStep[] = [
  { level: "critical", above: 90, clearBelow: 85 },
  { level: "warning", above: 80, clearBelow: 75 },
];

test("levelOf() reaches a level above its threshold, and not at it", () => {
  assert.equal(levelOf(80, STEPS, undefined), undefined);
  assert.equal(levelOf(80.1, STEPS, undefined)?.level, "warning");
  assert.equal(levelOf(90, STEPS, undefined)?.level, "warning");
  assert.equal(levelOf(90.1, STEPS, undefined)?.level, "critical");
});

test("levelOf() leaves a level only below its clear threshold", () => {
  assert.equal(levelOf(85, STEPS, "critical")?.level, "critical");
  assert.equal(levelOf(84.9, STEPS, "critical")?.level, "warning");
  assert.equal(levelOf(75, STEPS, "warning")?.level, "warning");
  assert.equal(levelOf(74.9, STEPS, "warning"), undefined);
  assert.equal(levelOf(76, STEPS, "critical")?.level, "warning");
});

function rank(value: number, before: "warning" | "critical" | undefined): number {
  const step = levelOf(value, STEPS, before);
  return step === undefined ? -1 : LEVEL_RANK[step.level];
}

test("levelOf() is never lower for a higher value, whatever the level was before", () => {
  const levels = fc.constantFrom(undefined, "warning" as const, "critical" as const);
  const value = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(value, value, levels, (a, b, before) => {
      assert.ok(rank(Math.max(a, b), before) >= rank(Math.min(a, b), before));
    }),
  );
});
