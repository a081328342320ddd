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
     INSERT INTO tasks VALUES (1, 'default', 'task_1', 'alice', NULL, NULL, 'working', 1, 0.5, NULL,
       1000, 1001, NULL, 'index repo', NULL, NULL);
     INSERT INTO agents VALUES ('default', 'alice', '{"id":"alice"}')`,
  );
  using database = openLedger(file);
  assert.equal(database.prepare("PRAGMA user_version").get()?.["user_version"], 2);
  const store = new SqliteCommunicationStore(database);
  const found = await store.messages("default", { traceId: TRACE });
  assert.deepEqual(
    found.map(({ message }) => [message.id, message.payload]),
    [["msg_1", { text: "old" }]],
  );
  assert.equal((await store.messages("default", {})).length, 2);
  assert.equal((await store.load("default", null)).agents.length, 1);
  const audit = await new SqliteSecurityStore(database).audit({ traceId: TRACE });
  assert.deepEqual(
    audit.map(({ id }) => id),
    ["aud_1"],
  );
  assert.deepEqual(new AlertTables(database).alerts("default", {}), []);
  const [task] = await store.tasks("default", {});
  assert.deepEqual([task?.title, task?.progress, task?.traceparent], ["index repo", 0.5, null]);
});

/** A settled message as version 1 has it, with its one delivery. */
function settledMessage(row: number, state: "dead" | "done"): string[] {
  return [
    `INSERT INTO messages VALUES (${row}, 'default', 'msg_${row}', 'alice', 'bob', 'direct',
       'normal', 'c', NULL, 0, NULL, NULL, NULL, ${row}, NULL, 'null')`,
    `INSERT INTO deliveries VALUES (${row}, 'default', 'dlv_${row}', ${row}, 'bob', 'normal', ${row},
       '${state}', 0, 1, ${row}, NULL, NULL, 5, NULL, NULL, NULL, NULL, NULL)`,
    `INSERT INTO settled_messages VALUES ('default', ${row}, ${row})`,
  ];
}

test("openLedger() migrates version 1: old dead letters do not count as settled messages", async (t) => {
  const file = fileOf(
    t,
    1,
    ledgerSchema,
    [...settledMessage(1, "dead"), ...settledMessage(2, "done")].join(";\n"),
  );
  using database = openLedger(file);
  const store = new SqliteCommunicationStore(database);
  assert.equal((await store.prune("default", { keep: 0, keepDead: 9 })).messages, 1);
  const pruned = await store.prune("default", { keep: 0, keepDead: 0 });
  assert.deepEqual(pruned, { messages: 1, deadDeliveryIds: ["dlv_1"] });
});

test("openLedger() migrates version 1: requests without an answer can be forgotten", async (t) => {
  const file = fileOf(
    t,
    1,
    ledgerSchema,
    [
      ...settledMessage(1, "done").slice(0, 2),
      "UPDATE messages SET expects_reply = 1",
      "UPDATE deliveries SET pinned = 1",
    ].join(";\n"),
  );
  using database = openLedger(file);
  const store = new SqliteCommunicationStore(database);
  const { unanswered } = await store.load("default", null);
  assert.deepEqual(
    unanswered.map(({ deliveryId, senderId }) => [deliveryId, senderId]),
    [["dlv_1", "alice"]],
  );
  const none = { keep: 0, keepDead: 0 };
  assert.equal((await store.prune("default", none)).messages, 0);
  assert.equal((await store.prune("default", { ...none, beforeMs: 2 })).messages, 1);
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
