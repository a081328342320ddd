import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock, noComponentLog } from "../core/index.ts";

import { RefreshLoop } from "./refresh-loop.ts";

test("RefreshLoop.isWell is true only while looks end, and end well, on time", () => {
  const clock = new ManualClock();
  const failed: string[] = [];
  const log = { ...noComponentLog, error: (event: string) => failed.push(event) };
  let breaks = false;
  const loop = new RefreshLoop(clock, log, 1000, () => {
    if (breaks) throw new Error("a rule of ours is broken");
  });
  loop.start();
  assert.equal(loop.isWell, false, "it has not looked yet");
  clock.advance(1000);
  assert.equal(loop.isWell, true);
  breaks = true;
  clock.advance(8000);
  assert.equal(loop.isWell, true);
  clock.advance(1000);
  assert.equal(loop.isWell, false, "none has ended well for nine seconds");
  assert.deepEqual(new Set(failed), new Set(["dashboard.refresh_failed"]));
  breaks = false;
  clock.advance(1000);
  assert.equal(loop.isWell, true, "it went on looking");
  loop.stop();
  assert.equal(loop.isWell, false);
});

test("RefreshLoop.start() looks soon, also when it looks rarely", () => {
  const clock = new ManualClock();
  let looks = 0;
  const loop = new RefreshLoop(clock, noComponentLog, 3_600_000, () => (looks += 1));
  loop.start();
  clock.advance(5000);
  assert.equal(looks, 1);
  clock.advance(3_599_999);
  assert.equal(looks, 1);
  clock.advance(1);
  assert.equal(looks, 2);
  loop.stop();
});
