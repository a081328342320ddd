import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { acquireBuildLock } from "./build-lock.ts";

test("acquireBuildLock() holds until disposed, and the next one waits for that", async (t) => {
  const file = path.join(temporaryFolder(t), "dist/.build.lock");
  const first = await acquireBuildLock(file);
  let isSecondIn = false;
  const second = acquireBuildLock(file).then((lock) => {
    isSecondIn = true;
    return lock;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isSecondIn, false);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  assert.equal(existsSync(file), false);
});

test("acquireBuildLock() takes over from a process that is gone", async (t) => {
  const file = path.join(temporaryFolder(t), ".build.lock");
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(file, String(pid));
  using _lock = await acquireBuildLock(file);
  assert.equal(readFileSync(file, "utf8"), String(process.pid));
});
