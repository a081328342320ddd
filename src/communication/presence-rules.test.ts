import assert from "node:assert/strict";
import { test } from "node:test";

import { judgePresence } from "./presence-rules.ts";
import type { PresenceFacts } from "./presence-rules.ts";

const TIMES = { heartbeatIntervalMs: 30_000, stuckAfterMs: 600_000 };
const QUIET: PresenceFacts = {
  status: "online",
  hold: null,
  expectsLife: true,
  silentMs: 0,
  exitCode: null,
  left: false,
  holds: [],
  withoutOutputMs: 0,
  expectMs: 0,
  unattendedMs: 0,
  mailWaiting: 0,
  needsInput: null,
  waitsOn: [],
  cycle: [],
};

const CASES: [string, Partial<PresenceFacts>, string, string, number][] = [
  ["holds nothing", {}, "idle", "holds nothing", 90_000],
  [
    "is in a library and silent",
    { expectsLife: false, silentMs: 1e9 },
    "idle",
    "holds nothing",
    Infinity,
  ],
  [
    "is silent for three intervals",
    { silentMs: 90_000 },
    "down",
    "no sign of life for 1 min",
    Infinity,
  ],
  ["is silent for nearly three", { silentMs: 89_000 }, "idle", "holds nothing", 1000],
  [
    "is down rather than in a circle",
    { left: true, cycle: ["a", "b"] },
    "down",
    "it left",
    Infinity,
  ],
  ["is in a circle of two", { cycle: ["a", "b"] }, "stuck", "waits on b, which waits on a", 90_000],
  [
    "works",
    { holds: ["x", "y"], withoutOutputMs: 5000 },
    "working",
    'holds "x" and 1 more, quiet for 5 s',
    90_000,
  ],
  [
    "works, output due",
    { holds: ["x"], withoutOutputMs: 599_000 },
    "working",
    'holds "x", quiet for 9 min',
    1000,
  ],
  [
    "is expected to take long",
    { holds: ["x"], withoutOutputMs: 700_000, expectMs: 800_000 },
    "working",
    'holds "x", quiet for 11 min',
    90_000,
  ],
  [
    "waits, however long",
    { holds: ["x"], withoutOutputMs: 1e9, waitsOn: [{ agentId: "b", forMs: 1000 }] },
    "waiting",
    "waits on b for 1 s",
    90_000,
  ],
  [
    "waits for a person",
    { holds: ["x"], withoutOutputMs: 1e9, needsInput: "x" },
    "waiting",
    'waits for input on "x"',
    90_000,
  ],
  [
    "takes no mail",
    { mailWaiting: 2, unattendedMs: 600_000 },
    "stuck",
    "takes no mail for 10 min while 2 messages wait",
    90_000,
  ],
  [
    "is paused with mail",
    { hold: "paused", mailWaiting: 2, unattendedMs: 1e9 },
    "idle",
    "paused, holds nothing, 2 messages wait",
    90_000,
  ],
];

for (const [name, change, state, reason, changesInMs] of CASES) {
  test(`judgePresence() of an agent that ${name} is ${state}`, () => {
    const verdict = judgePresence({ ...QUIET, ...change }, TIMES);
    assert.deepEqual(verdict, { state, reason, changesInMs, left: false });
  });
}

/** Whether somebody that says so has left. */
function hasLeft(facts: Partial<PresenceFacts>): boolean {
  return judgePresence({ ...QUIET, status: "offline", left: true, ...facts }, TIMES).left;
}

test("judgePresence() tells who left well from who is missed", () => {
  assert.deepEqual([hasLeft({}), hasLeft({ exitCode: 0 })], [true, true]);
  assert.equal(hasLeft({ exitCode: 1 }), false);
  assert.equal(hasLeft({ status: "online" }), false);
  assert.equal(hasLeft({ mailWaiting: 1 }), false);
  assert.equal(hasLeft({ holds: ["x"] }), false);
});
