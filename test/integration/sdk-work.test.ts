// Pieces of work that agents give themselves: how they end when the server is away, or when a result
// cannot be sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agent, asAdmin, CollectedLog, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

class DiskFull extends Error {}

test("Phone.work() throws what its body threw, and returns what it returned, while the server is away", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await startServer(t, { dataFolder });
  const log = new CollectedLog();
  const phone = await agent(t, await enrolmentUrl(first), "worker", { retryFor: "300ms", log });
  const away = Promise.withResolvers<void>();
  const failing = phone.work("failing", {}, async () => {
    await away.promise;
    throw new DiskFull("no room");
  });
  const failed = assert.rejects(failing, DiskFull);
  const finished = phone.work("finished", {}, async () => {
    await away.promise;
    return { files: 120 };
  });
  const explicit = phone.work("explicit", {}, async (work) => {
    await away.promise;
    await work.done();
  });
  const refused = assert.rejects(explicit, { code: "client.unreachable" });
  await until("all three", async () => {
    const { tasks } = await asAdmin(first, "GET", "/api/v1/tasks?agentId=worker&open=true");
    return tasks.length === 3;
  });
  await first.stop();
  away.resolve();
  await Promise.all([failed, refused]);
  assert.deepEqual(await finished, { files: 120 });
  for (const title of ["failing", "finished"]) {
    assert.ok(
      log.loud.some((line) => line.includes(`"${title}"`)),
      title,
    );
  }
});

test("Work.done() ends the task though its result is no JSON, and says so", async (t) => {
  const server = await startServer(t);
  const log = new CollectedLog();
  const phone = await agent(t, await enrolmentUrl(server), "worker", { log });
  const task = async (id: string) => asAdmin(server, "GET", `/api/v1/tasks/${id}`);
  let id = "";
  const result = await phone.work("count", {}, (work) => {
    id = work.id;
    return { count: 10n };
  });
  assert.deepEqual(result, { count: 10n });
  const ended = await task(id);
  assert.deepEqual([ended.state, ended.result], ["completed", null]);
  assert.match(ended.note, /the result was refused: .*BigInt/);
  assert.ok(log.loud.some((line) => line.includes("BigInt")));
  const work = await phone.work("count again");
  await assert.rejects(work.done(10n), TypeError);
  assert.equal((await task(work.id)).state, "completed");
});
