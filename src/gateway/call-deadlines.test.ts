import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock } from "../core/index.ts";
import { CallDeadlines } from "./call-deadlines.ts";
import type { WatchedCall } from "./call-deadlines.ts";
import { gatewayLimits } from "./limits.ts";

/** A call under way that notes how it ended. */
function watched(calls: Set<WatchedCall>, changes: Partial<WatchedCall>) {
  const ended: string[] = [];
  const end = (how: string) => () => {
    ended.push(how);
    calls.delete(call);
  };
  const call: WatchedCall = {
    patienceMs: 1000,
    expiresAtMs: null,
    isActive: true,
    quietSinceMs: 0,
    timedOut: end("timed out"),
    expired: end("expired"),
    ...changes,
  };
  calls.add(call);
  return { call, ended };
}

test("CallDeadlines ends calls that were still for longer than their patience", () => {
  const clock = new ManualClock();
  const calls = new Set<WatchedCall>();
  const still = watched(calls, { patienceMs: 500 });
  const moving = watched(calls, { patienceMs: 500 });
  const deadlines = new CallDeadlines(clock, calls);
  deadlines.watch();
  for (let elapsedMs = 0; elapsedMs < 2000; elapsedMs += 100) {
    moving.call.isActive = true;
    clock.advance(100);
  }
  deadlines.close();
  assert.deepEqual([still.ended, moving.ended], [["timed out"], []]);
});

test("CallDeadlines ends calls whose key expires, however much moves, and no sooner", () => {
  const clock = new ManualClock();
  const calls = new Set<WatchedCall>();
  const expiresAtMs = clock.now() + 1000;
  const expiring = watched(calls, { patienceMs: 60_000, expiresAtMs });
  const lasting = watched(calls, { patienceMs: 60_000 });
  const deadlines = new CallDeadlines(clock, calls);
  deadlines.watch();
  clock.advance(999);
  assert.deepEqual(expiring.ended, []);
  expiring.call.isActive = true;
  clock.advance(1 + gatewayLimits.deadlineSweepMs.value);
  deadlines.close();
  assert.deepEqual([expiring.ended, lasting.ended], [["expired"], []]);
});
