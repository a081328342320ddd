import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { CommunicationRecord, Delivery, Message } from "../../communication/index.ts";
import { communicationStoreContract } from "../../communication/store-contract.ts";
import { storageLimits } from "../limits.ts";
import { deleteCommunication, pruneCommunication } from "./communication-maintenance.ts";
import { SqliteCommunicationStore } from "./communication-store.ts";
import { openLedger } from "./open.ts";

communicationStoreContract("SqliteCommunicationStore in memory", () => {
  const database = openLedger(":memory:");
  return { store: new SqliteCommunicationStore(database), close: () => database.close() };
});

communicationStoreContract("SqliteCommunicationStore in a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellphone-"));
  const database = openLedger(join(folder, "ledger.db"));
  return {
    store: new SqliteCommunicationStore(database),
    close: () => {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
});

function accepted(number: number, changes: Partial<Message> = {}): CommunicationRecord {
  const message: Message = {
    id: `msg_${String(number).padStart(6, "0")}`,
    namespace: "default",
    senderId: "alice",
    recipientId: "bob",
    type: "direct",
    payload: null,
    priority: "normal",
    conversationId: "talk",
    replyToId: null,
    expectsReply: false,
    orderingKey: null,
    dedupeKey: null,
    traceparent: null,
    task: null,
    acceptedAtMs: 1000 + number,
    ...changes,
  };
  return { kind: "message", message, deliveries: [readyDelivery(message)], dedupeUntilMs: null };
}

function readyDelivery(message: Message, changes: Partial<Delivery> = {}): Delivery {
  return {
    id: `dlv_${message.id}`,
    messageId: message.id,
    recipientId: message.recipientId ?? "bob",
    priority: message.priority,
    sequence: Number(message.id.slice(4)),
    state: "ready",
    attempts: 0,
    acceptedAtMs: message.acceptedAtMs,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
    ...changes,
  };
}

function messageOf(record: CommunicationRecord): Message {
  assert.equal(record.kind, "message");
  return record.message;
}

test("SqliteCommunicationStore.append() keeps everything when the file is opened again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cellphone-"));
  const path = join(folder, "ledger.db");
  const record = accepted(1, { payload: { words: ["é", 1.5] }, task: { title: "sum" } });
  {
    using database = openLedger(path);
    await new SqliteCommunicationStore(database).append("default", [record]);
  }
  using database = openLedger(path);
  const found = await new SqliteCommunicationStore(database).message("default", "msg_000001");
  assert.deepEqual(found?.message, messageOf(record));
  rmSync(folder, { recursive: true });
});

test("SqliteCommunicationStore.prune() keeps summaries true to what remains", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const records = [
    accepted(1, { type: "task_assignment", task: { title: "old" } }),
    accepted(2, { type: "status_update" }),
    accepted(3, { conversationId: "other", senderId: "carol" }),
  ];
  await store.append("default", records);
  for (const record of records) {
    const delivery = readyDelivery(messageOf(record), { state: "dead", deadReason: "rejected" });
    await store.append("default", [{ kind: "delivery", delivery }]);
  }
  assert.deepEqual(await store.prune("default", { keep: 0, keepDead: 2 }), {
    messages: 1,
    deadDeliveryIds: ["dlv_msg_000001"],
  });
  const [, talk] = await store.conversations("default", {});
  assert.equal(talk?.messages, 1);
  assert.equal(talk?.dead, 1);
  assert.equal(talk?.subject, "status_update");
  assert.equal(talk?.firstAtMs, 1002);
  assert.equal((await store.prune("default", { keep: 0, keepDead: 0 })).messages, 2);
  assert.deepEqual(await store.conversations("default", {}), []);
  assert.deepEqual(await store.conversations("default", { agentId: "carol" }), []);
});

test("pruneCommunication() and deleteCommunication() change at most a step's rows at once", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const records = Array.from({ length: 3_000 }, (_, index) => accepted(index + 1));
  await store.append("default", records);
  const settle = records.slice(0, 2_000).map((record) => {
    const delivery = readyDelivery(messageOf(record), { state: "done" });
    return { kind: "delivery", delivery } as const;
  });
  await store.append("default", settle);
  const count = database.prepare("SELECT total_changes() AS n");
  for (const steps of [
    pruneCommunication(database, "default", { keep: 10, keepDead: 0 }),
    deleteCommunication(database, "default"),
  ]) {
    for (let done = false, number = 0; !done; number++) {
      const before = Number(count.get()?.["n"]);
      done = database.transaction(() => steps.next()).done === true;
      const changed = Number(count.get()?.["n"]) - before;
      // A step also mends the summaries of the conversations it touched.
      assert.ok(changed <= storageLimits.stepRows.value + 10, `step ${number}: ${changed} rows`);
      assert.ok(number < 100);
    }
  }
  assert.deepEqual(await store.messages("default", {}), []);
});

test("SqliteCommunicationStore.prune() counts a redriven dead letter as unsettled", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const record = accepted(1);
  const message = messageOf(record);
  const dead = readyDelivery(message, { state: "dead", deadReason: "rejected" });
  await store.append("default", [record, { kind: "delivery", delivery: dead }]);
  await store.append("default", [{ kind: "delivery", delivery: readyDelivery(message) }]);
  assert.equal((await store.prune("default", { keep: 0, keepDead: 0 })).messages, 0);
  const [talk] = await store.conversations("default", {});
  assert.deepEqual([talk?.open, talk?.dead], [1, 0]);
});

test("SqliteCommunicationStore.append() ignores a delivery whose message was pruned", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const delivery = readyDelivery(messageOf(accepted(9)), { state: "done" });
  await store.append("default", [{ kind: "delivery", delivery }]);
  assert.equal(await store.delivery("default", delivery.id), undefined);
});

test("SqliteCommunicationStore.messages() finds words in any letter case, not ASCII alone", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  await store.append("default", [accepted(1, { payload: "GRÜẞE AUS ÅRHUS" })]);
  assert.equal((await store.messages("default", { text: "århus" })).length, 1);
});

test("SqliteCommunicationStore.append() joins a message to a conversation that bears its id", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const own = { conversationId: "msg_000002" };
  await store.append("default", [
    accepted(1, { ...own, senderId: "carol" }),
    accepted(2, own),
    accepted(3, { conversationId: "msg_000003" }),
  ]);
  const [alone, joint] = await store.conversations("default", {});
  assert.deepEqual([alone?.messages, alone?.participants], [1, ["alice", "bob"]]);
  assert.equal(joint?.messages, 2);
  assert.deepEqual(joint.participants, ["carol", "bob", "alice"]);
  assert.equal((await store.conversations("default", { agentId: "alice" })).length, 2);
});

test("SqliteCommunicationStore.conversations() finds a busy agent's like a quiet one's", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const records = Array.from({ length: 2_100 }, (_, index) =>
    accepted(index + 1, { conversationId: `talk-${index}`, recipientId: `agent-${index % 7}` }),
  );
  await store.append("default", records);
  const busy = await store.conversations("default", { agentId: "alice", limit: 3 });
  assert.deepEqual(
    busy.map((talk) => talk.conversationId),
    ["talk-2099", "talk-2098", "talk-2097"],
  );
  const quiet = await store.conversations("default", { agentId: "agent-0", limit: 2 });
  assert.deepEqual(
    quiet.map((talk) => talk.conversationId),
    ["talk-2093", "talk-2086"],
  );
});

test("SqliteCommunicationStore answers lists from an index, without sorting", async () => {
  using database = openLedger(":memory:");
  const store = new SqliteCommunicationStore(database);
  const explained: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    if (sql.startsWith("SELECT m.*") || sql.includes("FROM conversations")) {
      for (const row of prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...unbound(sql))) {
        explained.push(String(row["detail"]));
      }
    }
    return prepare(sql);
  };
  for (const query of [
    {},
    { senderId: "a" },
    { recipientId: "a", state: "done" },
    { type: "x", fromMs: 1, toMs: 2 },
    { conversationId: "c", agentId: "a" },
    { traceId: "t" },
    { traceId: "t", recipientId: "a" },
    { state: "dead" },
  ] as const) {
    await store.messages("default", query);
  }
  await store.conversations("default", {});
  assert.ok(explained.length >= 9, `${explained.length} plans`);
  for (const detail of explained) {
    assert.doesNotMatch(detail, /^SCAN|TEMP B-TREE/, explained.join("\n"));
  }
});

function unbound(sql: string): null[] {
  return Array.from({ length: sql.split("?").length - 1 }, () => null);
}
