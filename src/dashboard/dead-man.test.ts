import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { ManualClock, nextTurn, noComponentLog } from "../core/index.ts";

import { DeadMan } from "./dead-man.ts";
import { startReceiver } from "./test-support/receiver.ts";
import type { Receiver } from "./test-support/receiver.ts";

function startDeadMan(t: TestContext, { url }: Receiver, problem: () => Promise<string | null>) {
  const clock = new ManualClock();
  const said: unknown[] = [];
  const warn = (event: string, details?: unknown): void => void said.push([event, details]);
  const log = { ...noComponentLog, warn };
  const deadMan = new DeadMan({ url, intervalMs: 60_000, problem, clock, log });
  deadMan.start();
  t.after(() => deadMan.stop());
  return { clock, said, deadMan };
}

/** Moves on until so many pings have come; one under way leaves a turn out. */
async function untilPinged(clock: ManualClock, receiver: Receiver, count: number): Promise<void> {
  for (let turn = 0; receiver.received.length < count; turn++) {
    clock.advance(60_000);
    await nextTurn();
    assert.ok(turn < 10_000);
  }
}

test("DeadMan asks at once and at every interval, while all is well", async (t) => {
  await using receiver = await startReceiver();
  const { clock, said, deadMan } = startDeadMan(t, receiver, async () => null);
  await receiver.until(1);
  await untilPinged(clock, receiver, 2);
  assert.deepEqual(said, []);
  await deadMan.stop();
  const sent = receiver.received.length;
  clock.advance(600_000);
  assert.equal(receiver.received.length, sent, "nothing is sent after stop()");
  assert.equal(receiver.received[0]?.method, "GET");
});

test("DeadMan is silent while something is wrong, says so once, and asks soon after", async (t) => {
  await using receiver = await startReceiver();
  let checks = 0;
  let problem: string | null = "the disk is full";
  const { clock, said } = startDeadMan(t, receiver, async () => {
    checks += 1;
    if (checks === 1) throw new Error("the ledger does not answer");
    return problem;
  });
  for (let expected = 2; expected < 20; expected++) {
    await nextTurn();
    clock.advance(5000);
    assert.equal(checks, expected);
  }
  assert.equal(receiver.received.length, 0);
  assert.deepEqual(said, [["dashboard.not_well", { problem: "the disk is full" }]]);
  problem = null;
  await nextTurn();
  clock.advance(5000);
  await receiver.until(1);
});

test("DeadMan says that a check does not end, and stops all the same", async (t) => {
  await using receiver = await startReceiver();
  const { clock, said, deadMan } = startDeadMan(t, receiver, () => new Promise(() => undefined));
  clock.advance(120_000);
  const problem = "the check before has not ended";
  assert.deepEqual(said, [["dashboard.not_well", { problem }]]);
  await deadMan.stop();
  assert.equal(receiver.received.length, 0);
});

test("DeadMan says in the log when the watcher does not answer well", async (t) => {
  await using receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(404).end();
  const { said } = startDeadMan(t, receiver, async () => null);
  while (said.length === 0) await nextTurn();
  assert.deepEqual(said, [["dashboard.dead_man_failed", { detail: "it answers 404" }]]);
});
