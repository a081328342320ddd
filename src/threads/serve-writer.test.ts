import assert from "node:assert/strict";
import { mkdtempDisposableSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";

import { openLedger } from "../storage/index.ts";
import type { Database, WriterMethods } from "../storage/index.ts";
import type { Reply } from "./protocol.ts";
import { encodeReply, WriterThread } from "./serve-writer.ts";

const STEP_BYTES = 256 * 1024;

/** A job that writes 256 KiB a step, and notes how large the write-ahead log has become. */
function churning(database: Database, walSizes: number[]): WriterMethods {
  database.transaction(() => {
    database.prepare("CREATE TABLE pages (id INTEGER PRIMARY KEY, data BLOB) STRICT").run();
  });
  return {
    writes: {},
    jobs: {
      *churn(steps: number) {
        const write = database.prepare("INSERT OR REPLACE INTO pages VALUES (?, randomblob(?))");
        for (let step = 0; step < steps; step++) {
          write.run(step % 4, STEP_BYTES);
          yield undefined;
          walSizes.push(statSync(`${database.path}-wal`).size);
        }
        return undefined;
      },
    },
    beforeCommit: () => undefined,
    afterRollback: () => undefined,
  };
}

function nextMessage<Message>(port: MessagePort): Promise<Message> {
  return new Promise((resolve) => port.once("message", resolve));
}

test("WriterThread keeps the write-ahead log within its bound while a job runs", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "cellphone-"));
  using database = openLedger(join(folder.path, "ledger.db"));
  const walSizes: number[] = [];
  const walBytes = 1024 * 1024;
  const { port1, port2 } = new MessageChannel();
  const ready = nextMessage(port2);
  new WriterThread(port1, database, churning(database, walSizes), "json", walBytes).start();
  await ready;
  const answer = nextMessage<Reply>(port2);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort has none
  port2.postMessage(JSON.stringify([[1, "churn", [100]]]));
  assert.deepEqual((await answer).done, [1]);
  port1.close();
  const largest = Math.max(...walSizes);
  assert.ok(largest > walBytes / 2, "the steps write through the log");
  assert.ok(largest < walBytes + 3 * STEP_BYTES, `the log grew to ${largest} bytes`);
});

test("encodeReply() of a result that is no text fails that call alone", () => {
  const endless: Record<string, unknown> = {};
  endless["self"] = endless;
  const outcomes = [
    { id: 1, value: "kept" },
    { id: 2, value: endless },
    { id: 3, value: undefined },
    { id: 4, error: new Error("its own") },
  ];
  const { done, values, errors } = encodeReply(outcomes, "json");
  assert.deepEqual(done, [3]);
  assert.deepEqual(JSON.parse(String(values)), [[1, "kept"]]);
  assert.deepEqual(
    errors.map(([id, { code }]) => [id, code]),
    [
      [4, null],
      [2, "storage.failed"],
    ],
  );
});
