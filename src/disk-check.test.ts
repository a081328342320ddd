import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { checkDisk } from "./disk-check.ts";

test("checkDisk() is well with room and all files, and names those that are gone", async (t) => {
  const folder = temporaryFolder(t);
  const [ledger, series] = [join(folder, "ledger.db"), join(folder, "series.db")];
  writeFileSync(ledger, "");
  assert.deepEqual(await checkDisk(folder, [ledger]), { ok: true });
  const gone = await checkDisk(folder, [ledger, series]);
  assert.deepEqual(gone, { ok: false, detail: "series.db moved or deleted" });
});

test("checkDisk() is not well on a file system without room", async () => {
  // Linux's proc has no free blocks, ever.
  const full = await checkDisk("/proc", []);
  assert.deepEqual(full, { ok: false, detail: "0 bytes are free on the disk of the data folder" });
});
