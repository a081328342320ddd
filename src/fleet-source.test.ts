// The digest that the overview rests on must say the same as views of all agents do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentCommunicationProtocol } from "./communication/index.ts";
import { ManualClock } from "./core/index.ts";
import { CommunicationFleetSource, digestOf } from "./dashboard/index.ts";

const MINUTE_MS = 60_000;

test("CommunicationFleetSource.digest() says what views of all agents say, at every step", async () => {
  const clock = new ManualClock();
  await using comm = new AgentCommunicationProtocol({}, { clock });
  using source = new CommunicationFleetSource(comm);
  const agree = (): ReturnType<typeof digestOf> => {
    const digest = source.digest();
    assert.deepEqual(digest, digestOf(source.agents()));
    return digest;
  };
  await comm.start();
  assert.equal(agree().total, 0);
  for (const id of ["a", "b", "c", "d", "e"]) await comm.registerAgent(id, id, [], null);
  assert.deepEqual([agree().counts.idle, agree().attention.length], [5, 0]);

  await comm.send({ senderId: "a", recipientId: "b", type: "direct", payload: 1 });
  assert.equal(agree().oldestMailAtMs, clock.now());
  clock.advance(1000);
  await comm.send({ senderId: "a", recipientId: "c", type: "direct", payload: 1 });
  assert.equal(agree().oldestMailAtMs, clock.now() - 1000);
  const [held] = await comm.claim("b");
  assert.deepEqual([agree().counts.working, agree().oldestMailAtMs], [1, clock.now()]);

  // Two agents wait on each other, one holds work without output, two fall silent.
  const request = { type: "direct", payload: 1, expectsReply: true } as const;
  await comm.send({ senderId: "d", recipientId: "e", ...request });
  await comm.send({ senderId: "e", recipientId: "d", ...request });
  for (const id of ["a", "b", "d", "e"]) await comm.heartbeat(id);
  await comm.updateAgentStatus("c", "error");
  for (let minute = 0; minute < 4; minute++) {
    clock.advance(MINUTE_MS / 2);
    for (const id of ["b", "d", "e"]) await comm.heartbeat(id);
    agree();
  }
  const { attention, counts } = agree();
  assert.equal(counts.down, 1);
  assert.deepEqual(
    attention.filter(({ presence }) => presence.cycle.length > 0).map(({ id }) => id),
    ["d", "e"],
  );
  assert.ok(attention.some(({ id }) => id === "c"));

  // Who ended well has left; with work in hand it is missed all the same.
  for (const id of ["a", "b"]) {
    await comm.heartbeat(id, { exitCode: 0, left: true });
    await comm.updateAgentStatus(id, "offline");
  }
  assert.deepEqual([agree().counts.left, agree().counts.down], [1, 1]);

  await comm.pauseAgent("b", { by: "operator" });
  assert.equal(agree().paused, 1);
  await comm.unregisterAgent("c");
  assert.equal(agree().total, 4);
  assert.notEqual(held, undefined);
});
