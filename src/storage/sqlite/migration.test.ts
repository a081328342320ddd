import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { temporaryFolder } from "../../../test/support/temporary-folder.ts";
import { AlertTables } from "./alert-store.ts";
import { SqliteCallStore } from "./call-store.ts";
import { SqliteCommunicationStore } from "./communication-store.ts";
import { Database } from "./database.ts";
import type { Schema } from "./database.ts";
import { ledgerSchema } from "./ledger-schema.ts";
import { openLedger, openSeries } from "./open.ts";
import { SqliteSecurityStore } from "./security-store.ts";
import { seriesSchema } from "./series-schema.ts";
import { SqliteSeriesStore } from "./series-store.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A file as an older version of the program left it. */
function fileOf(t: TestContext, version: number, schema: Schema, rows: string): string {
  const file = path.join(temporaryFolder(t), `${schema.name}.db`);
  const old = { name: schema.name, migrations: schema.migrations.slice(0, version) };
  using database = new Database(file, old);
  database.transaction(() => {
    for (const row of rows.split(";\n")) if (row.trim() !== "") database.prepare(row).run();
  });
  return file;
}

test("a released version of a schema is never changed", () => {
  const hashes = [ledgerSchema, seriesSchema].map(({ migrations: [first = ""] }) =>
    createHash("sha256").update(first).digest("hex").slice(0, 16),
  );
  assert.deepEqual(hashes, ["70f72424589b757f", "e451bb0a167cff6f"]);
});

test("openLedger() migrates version 1: old messages and audit rows are found by trace", async (t) => {
  const file = fileOf(
    t,
    1,
    ledgerSchema,
    `INSERT INTO messages VALUES (1, 'default', 'msg_1', 'alice', 'bob', 'direct', 'normal', 'c',
       NULL, 0, NULL, NULL, '00-${TRACE}-b7ad6b7169203331-01', 1000, NULL, '{"text":"old"}');
     INSERT INTO messages VALUES (2, 'default', 'msg_2', 'alice', 'bob', 'direct', 'normal', 'c',
       NULL, 0, NULL, NULL, NULL, 1001, NULL, 'null');
     INSERT INTO audit VALUES (1, 'aud_1', 1, 'default', 'admin', 'socket', 'agent.pause', 'agent:w',
       'done', NULL, '{}', '00-${TRACE}-b7ad6b7169203331-01');
     INSERT INTO agents VALUES ('default', 'alice', '{"id":"alice"}')`,
  );
  using database = openLedger(file);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 3);
  const store = new SqliteCommunicationStore(database);
  const found = await store.messages("default", { traceId: TRACE });
  assert.deepEqual(
    found.map(({ message }) => [message.id, message.payload]),
    [["msg_1", { text: "old" }]],
  );
  assert.equal((await store.messages("default", {})).length, 2);
  assert.equal((await store.load("default")).agents.length, 1);
  const audit = await new SqliteSecurityStore(database).audit({ traceId: TRACE });
  assert.deepEqual(
    audit.map(({ id }) => id),
    ["aud_1"],
  );
  assert.deepEqual(new AlertTables(database).alerts("default", {}), []);
});

test("openLedger() migrates version 2: alerts of before are told again", (t) => {
  const file = fileOf(
    t,
    2,
    ledgerSchema,
    `INSERT INTO alerts VALUES (1, 'default', 'alert_1', 'firing', 'error', 'manual', 'ops', NULL,
       1, NULL, 0, '{"id":"alert_1","acknowledged":null}')`,
  );
  using database = openLedger(file);
  const [alert] = new AlertTables(database).alerts("default", {});
  assert.deepEqual(alert, { id: "alert_1", acknowledged: null, notifiedAtMs: null });
});

test("openSeries() migrates version 1: samples stay, calls have their table", async (t) => {
  const file = fileOf(
    t,
    1,
    seriesSchema,
    `INSERT INTO series VALUES (1, 'default', 'cost', 'w', '{}');
     INSERT INTO samples VALUES (1, 1, 1000, 0.25, NULL, NULL)`,
  );
  using database = openSeries(file);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 2);
  const [sample] = await new SqliteSeriesStore(database).samples("default", { metric: "cost" });
  assert.equal(sample?.value, 0.25);
  assert.deepEqual(await new SqliteCallStore(database).calls("default", {}), []);
});
