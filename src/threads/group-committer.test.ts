import assert from "node:assert/strict";
import { test } from "node:test";

import { StorageError, openLedger } from "../storage/index.ts";
import type { Database, WriterMethods } from "../storage/index.ts";
import { GroupCommitter } from "./group-committer.ts";
import type { Call } from "./protocol.ts";

function notesWriter(database: Database): WriterMethods {
  database.transaction(() => {
    database.prepare("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT").run();
  });
  return {
    writes: {
      note: (id: number, text: string) => {
        database.prepare("INSERT INTO notes VALUES (?, ?)").run(id, text);
      },
    },
    jobs: {},
    beforeCommit: () => undefined,
    afterRollback: () => undefined,
  };
}

function storedNotes(database: Database): number[] {
  const rows = database.prepare("SELECT id FROM notes ORDER BY id").all();
  return rows.map((row) => Number(row["id"]));
}

function note(id: number, text = "x"): Call {
  return [id, "note", [id, text]];
}

test("GroupCommitter.commit() that runs out of disk fails only the call that does not fit", () => {
  using database = openLedger(":memory:");
  const committer = new GroupCommitter(database, notesWriter(database));
  const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
  database.prepare(`PRAGMA max_page_count = ${pages + 8}`).get();
  const calls = [note(1), note(2), note(3, "y".repeat(1_000_000)), note(4), note(5)];
  const outcomes = committer.commit(calls);
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.id, "error" in outcome]),
    [
      [1, false],
      [2, false],
      [3, true],
      [4, false],
      [5, false],
    ],
  );
  const [, , failed] = outcomes;
  assert.ok(failed !== undefined && "error" in failed && failed.error instanceof StorageError);
  assert.equal(failed.error.code, "storage.disk_full");
  assert.deepEqual(storedNotes(database), [1, 2, 4, 5]);
});

test("GroupCommitter.commit() fails each of several calls at fault, in any place", () => {
  using database = openLedger(":memory:");
  const committer = new GroupCommitter(database, notesWriter(database));
  committer.commit([note(3), note(8)]);
  const outcomes = committer.commit([1, 3, 2, 8, 4].map((id) => note(id)));
  const failed = outcomes.filter((outcome) => "error" in outcome).map((outcome) => outcome.id);
  assert.deepEqual(failed, [3, 8]);
  assert.deepEqual(storedNotes(database), [1, 2, 3, 4, 8]);
});

test("GroupCommitter.commit() refuses a method it does not have, and runs the others", () => {
  using database = openLedger(":memory:");
  const committer = new GroupCommitter(database, notesWriter(database));
  const outcomes = committer.commit([note(1), [2, "nonsense", []]]);
  assert.deepEqual(
    outcomes.map((outcome) => "error" in outcome),
    [false, true],
  );
  assert.deepEqual(storedNotes(database), [1]);
});
