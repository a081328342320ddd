import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { ManualClock } from "../../core/index.ts";
import { StorageError } from "../errors.ts";
import { openDataFolder, readDataFolderHolder } from "./data-folder.ts";
import { Database } from "./database.ts";
import { openLedger } from "./open.ts";

const NOON_MS = Date.UTC(2026, 10, 23, 12, 0, 0);

function refusal(action: () => unknown): StorageError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof StorageError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

test("openDataFolder() makes a folder only its owner can look into", (t) => {
  const folder = path.join(temporaryFolder(t), "deep", "data");
  using opened = openDataFolder(folder);
  assert.equal(opened.path, folder);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test("openDataFolder() refuses a second holder and says who the first is", (t) => {
  const folder = temporaryFolder(t);
  const clock = new ManualClock(NOON_MS);
  const first = openDataFolder(folder, clock);
  first.notePorts([2355, 2356]);
  const error = refusal(() => openDataFolder(folder, clock));
  assert.equal(error.code, "storage.folder_in_use");
  assert.match(
    error.message,
    new RegExp(`in use by pid ${process.pid} since 2026-11-23 12:00:00 UTC, listening on 2355 and`),
  );
  first[Symbol.dispose]();
  assert.equal(readDataFolderHolder(folder), undefined);
  openDataFolder(folder, clock)[Symbol.dispose]();
});

test("openDataFolder() refuses while another process holds it, not once that was killed", async (t) => {
  const folder = temporaryFolder(t);
  const source = `
    import { openDataFolder } from ${JSON.stringify(import.meta.resolve("./data-folder.ts"))};
    const folder = openDataFolder(${JSON.stringify(folder)});
    console.log(folder.path);
    setInterval(() => folder.path, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  assert.match(refusal(() => openDataFolder(folder)).message, new RegExp(`pid ${child.pid} since`));
  child.kill("SIGKILL");
  await once(child, "exit");
  using mine = openDataFolder(folder);
  assert.equal(mine.path, folder);
});

test("openDataFolder() says when the folder cannot be written", (t) => {
  const file = path.join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  for (const folder of [file, path.join(file, "below"), "/proc/cellphone"]) {
    const error = refusal(() => openDataFolder(folder));
    assert.equal(error.code, "storage.folder_unwritable");
    assert.ok(error.message.includes(folder), error.message);
  }
});

test("openLedger() refuses a newer format, and leaves the file alone", (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  openLedger(file).close();
  {
    using database = openLedger(file);
    database.prepare("PRAGMA user_version = 99").run();
  }
  const error = refusal(() => openLedger(file));
  assert.equal(error.code, "storage.newer_format");
  assert.match(error.message, /version 99.*versions up to 3/);
});

test("openLedger() names a file that is damaged, and the way out", (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  writeFileSync(file, "this is no database, it only pretends to be one".repeat(100));
  const error = refusal(() => openLedger(file));
  assert.equal(error.code, "storage.corrupt");
  assert.ok(error.message.includes(file), error.message);
  assert.match(error.remedy, /move the file/);
});

test("Database migrates from version to version, each once", (t) => {
  const file = path.join(temporaryFolder(t), "x.db");
  const first = {
    name: "x",
    migrations: ["CREATE TABLE t (a TEXT) STRICT; INSERT INTO t VALUES (1)"],
  };
  new Database(file, first).close();
  const second = {
    name: "x",
    migrations: [...first.migrations, "ALTER TABLE t ADD COLUMN b TEXT"],
  };
  new Database(file, second).close();
  using database = new Database(file, second);
  assert.deepEqual({ ...database.prepare("SELECT a, b FROM t").get() }, { a: "1", b: null });
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 2);
});

test("Database undoes a migration that fails half-way", (t) => {
  const file = path.join(temporaryFolder(t), "x.db");
  const broken = { name: "x", migrations: ["CREATE TABLE t (a TEXT) STRICT; SELECT nonsense;"] };
  assert.throws(() => new Database(file, broken), StorageError);
  using database = new Database(file, {
    name: "x",
    migrations: ["CREATE TABLE t (a TEXT) STRICT"],
  });
  assert.equal(database.prepare("SELECT count(*) AS n FROM t").get()?.["n"], 0);
});
