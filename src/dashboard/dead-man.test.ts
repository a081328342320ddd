import assert from "node:assert/strict";
import { test } from "node:test";

import { ManualClock, nextTurn, noComponentLog } from "../core/index.ts";

import { DeadMan } from "./dead-man.ts";
import { startReceiver } from "./test-support/receiver.ts";

test("DeadMan asks at once and at every interval, while all is well", async () => {
  await using receiver = await startReceiver();
  const clock = new ManualClock();
  let well = true;
  const warned: string[] = [];
  const log = { ...noComponentLog, warn: (event: string) => warned.push(event) };
  const deadMan = new DeadMan({
    url: receiver.url,
    intervalMs: 60_000,
    isWell: () => well,
    clock,
    log,
  });
  deadMan.start();
  await receiver.until(1);
  await nextTurn();
  well = false;
  clock.advance(60_000);
  assert.deepEqual(warned, ["dashboard.not_well"]);
  well = true;
  // The answer to the first may still be on its way; then this turn is left out.
  for (let turn = 0; receiver.received.length < 2; turn++) {
    clock.advance(60_000);
    await nextTurn();
    assert.ok(turn < 10_000);
  }
  await deadMan.stop();
  const sent = receiver.received.length;
  clock.advance(600_000);
  assert.equal(receiver.received.length, sent, "nothing is sent after stop()");
  assert.equal(receiver.received[0]?.method, "GET");
});

test("DeadMan says in the log when the watcher does not answer well", async () => {
  await using receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(404).end();
  const warned: unknown[] = [];
  const log = {
    ...noComponentLog,
    warn: (event: string, details?: unknown) => warned.push([event, details]),
  };
  const clock = new ManualClock();
  const { url } = receiver;
  const deadMan = new DeadMan({ url, intervalMs: 1000, isWell: () => true, clock, log });
  deadMan.start();
  while (warned.length === 0) await nextTurn();
  assert.deepEqual(warned, [["dashboard.dead_man_failed", { detail: "it answers 404" }]]);
  await deadMan.stop();
});
