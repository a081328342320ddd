import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Worker } from "node:worker_threads";

import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { ManualClock, noComponentLog } from "../core/index.ts";
import { StorageError, openLedger, storageLimits } from "../storage/index.ts";
import type { ledgerReader } from "../storage/index.ts";
import { ReaderPool } from "./reader-pool.ts";
import type { ReaderPoolOptions } from "./reader-pool.ts";

type Reads = ReturnType<typeof ledgerReader>;

function poolFor(t: TestContext, most: number, options: ReaderPoolOptions): ReaderPool<Reads> {
  const file = path.join(temporaryFolder(t), "ledger.db");
  openLedger(file).close();
  const pool = new ReaderPool<Reads>({ database: "ledger", path: file }, most, options);
  t.after(() => pool.close());
  return pool;
}

/** The threads this process starts from now on, the last of them last. */
function startedWorkers(t: TestContext): Worker[] {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  t.after(() => process.off("worker", note));
  return workers;
}

test("ReaderPool.call() starts a thread when all are busy, up to the most", async (t) => {
  const pool = poolFor(t, 2, {});
  assert.equal(pool.size, 0);
  await pool.call("lastEventId");
  await pool.call("lastEventId");
  assert.equal(pool.size, 1);
  await Promise.all([1, 2, 3, 4].map(() => pool.call("lastEventId")));
  assert.equal(pool.size, 2);
  await pool.close();
  await assert.rejects(pool.call("lastEventId"), { code: "storage.closed" });
});

test("ReaderPool.call() replaces a reader that died, and says so", async (t) => {
  const workers = startedWorkers(t);
  const said: unknown[] = [];
  const log = {
    ...noComponentLog,
    warn: (event: string, details?: object) => void said.push([event, details]),
  };
  const pool = poolFor(t, 1, { log });
  await pool.call("lastEventId");
  await workers.at(-1)?.terminate();
  assert.equal(pool.size, 0);
  assert.equal(await pool.call("lastEventId"), 0);
  assert.equal(pool.size, 1);
  assert.equal(workers.length, 2);
  const [event, details] = said.flat();
  assert.equal(event, "storage.reader_ended");
  assert.ok(typeof details === "object" && details !== null && "database" in details);
  assert.equal(details.database, "ledger");
});

test("ReaderPool.call() rejects what a dying reader had, and serves what comes next", async (t) => {
  const workers = startedWorkers(t);
  const pool = poolFor(t, 1, {});
  const asked = pool.call("lastEventId");
  await once(process, "worker"); // it takes far longer to start than to be ended
  const [outcome] = await Promise.allSettled([asked, workers.at(-1)?.terminate()]);
  assert.ok(outcome.status === "rejected" && outcome.reason instanceof StorageError);
  assert.equal(outcome.reason.code, "storage.closed");
  assert.equal(await pool.call("lastEventId"), 0);
});

test("ReaderPool.call() stops replacing readers that keep dying until a minute passed", async (t) => {
  const workers = startedWorkers(t);
  const clock = new ManualClock();
  const failures: string[] = [];
  const log = { ...noComponentLog, error: (event: string) => void failures.push(event) };
  const pool = poolFor(t, 1, { log, clock });
  const most = storageLimits.readerRestarts.value;
  for (let deaths = 0; deaths < most; deaths++) {
    assert.equal(failures.length, 0);
    assert.equal(await pool.call("lastEventId"), 0);
    await workers.at(-1)?.terminate();
    clock.advance(1000);
  }
  assert.deepEqual(failures, ["storage.readers_failing"]);
  await assert.rejects(pool.call("lastEventId"), (error) => {
    assert.ok(error instanceof StorageError);
    assert.equal(error.code, "storage.readers_failing");
    assert.match(error.message, /ledger\.db: its readers ended 5 times .* in 55 s/);
    return true;
  });
  assert.equal(workers.length, most);
  clock.advance(55_000);
  assert.equal(await pool.call("lastEventId"), 0);
});
