import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import type { NamespacePlan } from "./data-plane.ts";
import { PlanPusher } from "./plan-pusher.ts";

function planOf(revision: number): NamespacePlan {
  return {
    namespace: "default",
    revision,
    services: [],
    held: {},
    slowCallMs: 1,
    anonymous: true,
  };
}

test("PlanPusher.push() sends one plan at a time, and the next one for all who asked meanwhile", async () => {
  const applied: number[] = [];
  const gates: (() => void)[] = [];
  const pusher = new PlanPusher(new ManualClock(), planOf, async ({ revision }) => {
    await new Promise<void>((resolve) => gates.push(resolve));
    applied.push(revision);
  });
  const done: string[] = [];
  const first = pusher.push().then(() => done.push("first"));
  const second = pusher.push().then(() => done.push("second"));
  const third = pusher.push().then(() => done.push("third"));
  assert.equal(gates.length, 1);
  gates[0]?.();
  await first;
  assert.deepEqual(done, ["first"]);
  while (gates.length < 2) await Promise.resolve();
  gates[1]?.();
  await Promise.all([second, third]);
  assert.deepEqual(applied, [1, 2]);
  await pusher.settled();
});

test("PlanPusher.push() fails when its plan could not be applied; the next one is tried", async () => {
  let fails = true;
  const pusher = new PlanPusher(new ManualClock(), planOf, async () => {
    if (fails) throw new Error("worker gone");
  });
  const first = pusher.push();
  const second = pusher.push();
  await assert.rejects(first, /worker gone/);
  await assert.rejects(second, /worker gone/);
  await pusher.settled();
  await assert.rejects(pusher.inForce(), /worker gone/);
  fails = false;
  await pusher.inForce();
});

test("PlanPusher.inForce() waits for the newest plan, and pushes none when all is in force", async () => {
  const applied: number[] = [];
  const pusher = new PlanPusher(new ManualClock(), planOf, async ({ revision }) => {
    await new Promise((resolve) => setImmediate(resolve));
    applied.push(revision);
  });
  void pusher.push();
  void pusher.push();
  await pusher.inForce();
  assert.deepEqual(applied, [1, 2]);
  await pusher.inForce();
  assert.deepEqual(applied, [1, 2]);
});

test("PlanPusher.settled() waits for everything asked for so far", async () => {
  let applied = 0;
  const pusher = new PlanPusher(new ManualClock(), planOf, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    applied += 1;
  });
  void pusher.push();
  void pusher.push();
  await pusher.settled();
  assert.equal(applied, 2);
});

test("PlanPusher.stop() waits for the plans on their way, and refuses others", async () => {
  const applied: number[] = [];
  const pusher = new PlanPusher(new ManualClock(), planOf, async ({ revision }) => {
    await new Promise((resolve) => setImmediate(resolve));
    applied.push(revision);
  });
  void pusher.push();
  void pusher.push();
  await pusher.stop();
  assert.deepEqual(applied, [1, 2]);
  await assert.rejects(pusher.push(), { code: "gateway.closed" });
  assert.deepEqual(applied, [1, 2]);
});

test("PlanPusher numbers plans on from those of an earlier one", async () => {
  const clock = new ManualClock();
  const revisions: number[] = [];
  const keep = async ({ revision }: NamespacePlan) => void revisions.push(revision);
  const earlier = new PlanPusher(clock, planOf, keep);
  for (let count = 0; count < 3; count++) await earlier.push();
  clock.advance(1);
  await new PlanPusher(clock, planOf, keep).push();
  const [last = 0, next = 0] = revisions.slice(-2);
  assert.ok(next > last, revisions.join());
});
