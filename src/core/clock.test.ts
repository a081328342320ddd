import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ManualClock, systemClock } from "./clock.ts";

test("ManualClock.advance() moves wall and monotonic time by the same amount", () => {
  const clock = new ManualClock(5_000);
  clock.advance(250);
  assert.equal(clock.now(), 5_250);
  assert.equal(clock.monotonic(), 250);
});

test("ManualClock.advance() calls back at the due instant, not at the end of the step", () => {
  const clock = new ManualClock(0);
  const calledAt: number[] = [];
  clock.after(10, () => calledAt.push(clock.now()));
  clock.after(30, () => calledAt.push(clock.now()));
  clock.advance(9);
  assert.deepEqual(calledAt, []);
  clock.advance(91);
  assert.deepEqual(calledAt, [10, 30]);
  assert.equal(clock.now(), 100);
});

test("ManualClock.advance() makes calls of one instant in the order they were asked for", () => {
  const clock = new ManualClock(0);
  const order: string[] = [];
  for (const name of ["first", "second", "third"]) clock.after(5, () => order.push(name));
  clock.advance(5);
  assert.deepEqual(order, ["first", "second", "third"]);
});

test("ManualClock.advance() includes calls that callbacks ask for within the step", () => {
  const clock = new ManualClock(0);
  const calledAt: number[] = [];
  const again = (): void => {
    calledAt.push(clock.monotonic());
    clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  assert.deepEqual(calledAt, [10, 20, 30]);
});

test("ManualClock.after() calls once", () => {
  const clock = new ManualClock(0);
  let calls = 0;
  clock.after(1, () => calls++);
  clock.advance(10);
  clock.advance(10);
  assert.equal(calls, 1);
});

test("ManualClock.after() is cancelled by disposing its handle, even by an earlier callback", () => {
  const clock = new ManualClock(0);
  let calls = 0;
  const later = clock.after(20, () => calls++);
  clock.after(10, () => later[Symbol.dispose]());
  clock.advance(100);
  assert.equal(calls, 0);
});

test("ManualClock.advance() refuses to go back", () => {
  const clock = new ManualClock(0);
  assert.throws(() => clock.advance(-1), RangeError);
  assert.equal(clock.monotonic(), 0);
});

test("ManualClock never goes back, whatever delays are asked for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -50, max: 500 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 10 }),
      (delays, steps) => {
        const clock = new ManualClock(0);
        const seen: number[] = [];
        for (const delay of delays) clock.after(delay, () => seen.push(clock.monotonic()));
        for (const step of steps) clock.advance(step);
        const total = steps.reduce((sum, step) => sum + step, 0);
        assert.equal(clock.monotonic(), total);
        assert.deepEqual(
          seen,
          seen.toSorted((a, b) => a - b),
        );
        const due = steps.length === 0 ? 0 : delays.filter((delay) => delay <= total).length;
        assert.equal(seen.length, due);
      },
    ),
  );
});

test("systemClock.monotonic() does not go back", () => {
  const before = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= before);
});

test("systemClock.now() is milliseconds since the Unix epoch", () => {
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1_000);
});

test("systemClock.after() calls back, and not once disposed", async () => {
  const called: string[] = [];
  using cancelled = systemClock.after(0, () => called.push("cancelled"));
  cancelled[Symbol.dispose]();
  await new Promise<void>((resolve) => {
    // Its timers do not keep the process alive; this one does until it has been called.
    const alive = setInterval(() => undefined, 1_000);
    systemClock.after(1, () => {
      called.push("kept");
      clearInterval(alive);
      resolve();
    });
  });
  assert.deepEqual(called, ["kept"]);
});

test("systemClock.after() keeps waiting when the delay exceeds what a timer can hold", () => {
  let called = false;
  using handle = systemClock.after(2 ** 40, () => (called = true));
  assert.equal(called, false);
  assert.equal(typeof handle[Symbol.dispose], "function");
});
