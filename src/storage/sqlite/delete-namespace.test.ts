// Deletion of namespaces that fill many steps, in every table there is: rows are made from the
// schema, so that a table of tomorrow is looked at, too.

import assert from "node:assert/strict";
import { test } from "node:test";

import { storageLimits } from "../limits.ts";
import type { Database } from "./database.ts";
import { openLedger, openSeries } from "./open.ts";
import { ledgerWriter, seriesWriter } from "./thread-methods.ts";
import type { Steps } from "./communication-maintenance.ts";
import { runSteps } from "./transactions.ts";

/** More than two steps of the largest kind, and no whole number of any. */
const MANY = 2 * storageLimits.stepRows.value + 357;
const FEW = 3;
/** The trail of what was done outlives what it was done to. */
const KEPT = new Set(["audit"]);

interface Column {
  readonly name: string;
  readonly type: string;
}

function tablesOf(database: Database): Map<string, Column[]> {
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map((row) => String(row["name"]));
  return new Map(
    names.map((name) => [
      name,
      database
        .prepare(`SELECT name, type FROM pragma_table_xinfo('${name}') WHERE hidden = 0`)
        .all()
        .map((row) => ({ name: String(row["name"]), type: String(row["type"]) })),
    ]),
  );
}

/** Rows numbered from `first` in every table, of one namespace; same numbers belong together. */
function fill(database: Database, namespace: string, first: number, count: number): void {
  database.transaction(() => {
    database.prepare("PRAGMA defer_foreign_keys = ON").run();
    for (const [table, columns] of tablesOf(database)) {
      const names = columns.map(({ name }) => name);
      const places = names.map(() => "?").join(", ");
      const insert = database.prepare(
        `INSERT INTO ${table} (${names.join(", ")}) VALUES (${places})`,
      );
      // A namespace has one record of itself.
      const rows = table === "namespaces" ? 1 : count;
      for (let number = first; number < first + rows; number++) {
        insert.run(...columns.map((column) => valueOf(table, column, namespace, number)));
      }
    }
  });
}

function valueOf(table: string, { name, type }: Column, namespace: string, number: number) {
  if (name === "namespace" || (table === "namespaces" && name === "name")) return namespace;
  if (type === "TEXT") return String(number);
  return type === "BLOB" ? new Uint8Array(1) : number;
}

function rowsLeft(database: Database): Record<string, number> {
  const counts = Array.from(tablesOf(database).keys(), (table): [string, number] => [
    table,
    Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]),
  ]);
  return Object.fromEntries(counts);
}

function expected(database: Database): Record<string, number> {
  const counts = Array.from(tablesOf(database).keys(), (table): [string, number] => {
    if (KEPT.has(table)) return [table, MANY + FEW];
    return [table, table === "namespaces" ? 1 : FEW];
  });
  return Object.fromEntries(counts);
}

for (const { open, jobsOf } of [
  { open: openLedger, jobsOf: (database: Database) => ledgerWriter(database).jobs },
  { open: openSeries, jobsOf: (database: Database) => seriesWriter(database).jobs },
]) {
  const { name } = open;
  test(`deleteNamespace() leaves no row of the namespace in any table: ${name}()`, () => {
    using database = open(":memory:");
    fill(database, "kept", 1, FEW);
    fill(database, "demo", 10, MANY);
    const steps: Steps<undefined> = jobsOf(database).deleteNamespace("demo");
    runSteps(database, steps);
    assert.deepEqual(rowsLeft(database), expected(database));
  });
}

test("deleteOtherNamespaces() forgets what belongs to none of those that are there", () => {
  using database = openSeries(":memory:");
  fill(database, "kept", 1, FEW);
  fill(database, "left-1", 10, 5);
  fill(database, "left-2", 20, 5);
  runSteps(database, seriesWriter(database).jobs.deleteOtherNamespaces(["kept", "new"]));
  const left = Object.values(rowsLeft(database));
  assert.deepEqual(
    left,
    left.map(() => FEW),
  );
});
