import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { WholeFileError, writeWholeFile } from "./whole-file.ts";

async function* brokenContent(): AsyncGenerator<string> {
  yield "x".repeat(100_000);
  throw new RangeError("the store failed");
}

test("writeWholeFile() writes all pieces, for the owner alone, and says how many bytes", async (t) => {
  const file = path.join(temporaryFolder(t), "export.json");
  const long = "é".repeat(50_000);
  const bytes = await writeWholeFile(file, ["a", Buffer.from("b"), long]);
  assert.equal(readFileSync(file, "utf8"), `ab${long}`);
  assert.equal(bytes, 100_002);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("writeWholeFile() leaves the old file, and no half of the new one, when its content breaks off", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "export.json");
  writeFileSync(file, "old");
  await assert.rejects(writeWholeFile(file, brokenContent()), { name: "RangeError" });
  assert.equal(readFileSync(file, "utf8"), "old");
  assert.deepEqual(readdirSync(folder), ["export.json"]);
});

test("writeWholeFile() names a path that cannot be written and leaves nothing beside it", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, "taken"));
  for (const name of ["taken", "missing/export.json"]) {
    const file = path.join(folder, name);
    await assert.rejects(writeWholeFile(file, ["x"]), (error) => {
      assert.ok(error instanceof WholeFileError);
      assert.equal(error.path, file);
      assert.match(error.message, new RegExp(`^Cannot write "${file}": E`));
      return true;
    });
  }
  assert.deepEqual(readdirSync(folder), ["taken"]);
});

test("writeWholeFile() follows a symbolic link and keeps it", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "real"), "old");
  symlinkSync("real", path.join(folder, "link"));
  await writeWholeFile(path.join(folder, "link"), ["new"]);
  assert.equal(readFileSync(path.join(folder, "real"), "utf8"), "new");
  assert.deepEqual(readdirSync(folder), ["link", "real"]);
});

test("writeWholeFile() writes into a pipe instead of replacing it", async (t) => {
  const folder = temporaryFolder(t);
  const pipe = path.join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const [text] = await Promise.all([readFile(pipe, "utf8"), writeWholeFile(pipe, ["one", "two"])]);
  assert.equal(text, "onetwo");
  assert.ok(statSync(pipe).isFIFO());
});
