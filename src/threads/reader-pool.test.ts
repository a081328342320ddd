import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { openLedger } from "../storage/index.ts";
import type { ledgerReader } from "../storage/index.ts";
import { ReaderPool } from "./reader-pool.ts";

test("ReaderPool.call() starts a thread when all are busy, up to the most", async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  openLedger(file).close();
  const data = { database: "ledger", path: file } as const;
  const pool = new ReaderPool<ReturnType<typeof ledgerReader>>(data, 2, assert.fail);
  t.after(() => pool.close());
  assert.equal(pool.size, 0);
  await pool.call("lastEventId");
  await pool.call("lastEventId");
  assert.equal(pool.size, 1);
  await Promise.all([1, 2, 3, 4].map(() => pool.call("lastEventId")));
  assert.equal(pool.size, 2);
  await pool.close();
  await assert.rejects(pool.call("lastEventId"), { code: "storage.closed" });
});
