import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import type { CommunicationRecord, Delivery, Message } from "../communication/index.ts";
import { communicationStoreContract } from "../communication/store-contract.ts";
import type { Alert } from "../dashboard/index.ts";
import { alertStoreContract } from "../dashboard/alert-store-contract.ts";
import { feedStoreContract } from "../dashboard/store-contract.ts";
import { serviceOf, serviceStoreContract } from "../gateway/service-store-contract.ts";
import { securityStoreContract } from "../security/store-contract.ts";
import { StorageError, openLedger, storageLimits } from "../storage/index.ts";
import { LedgerClient } from "./ledger-client.ts";

async function openTemporary(): Promise<{
  store: LedgerClient;
  reopen: () => Promise<LedgerClient>;
  close: () => Promise<void>;
}> {
  const folder = mkdtempSync(path.join(tmpdir(), "agent-cellphone-"));
  const file = path.join(folder, "ledger.db");
  let store = await LedgerClient.open(file, { readers: 1 });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await LedgerClient.open(file, { readers: 1 });
      return store;
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function openFor(t: TestContext): Promise<LedgerClient> {
  const { store, close } = await openTemporary();
  t.after(close);
  return store;
}

communicationStoreContract("LedgerClient", openTemporary);
securityStoreContract("LedgerClient", openTemporary);
feedStoreContract("LedgerClient", openTemporary);
serviceStoreContract("LedgerClient", openTemporary, { durable: true });
alertStoreContract("LedgerClient", openTemporary);

function accepted(number: number, changes: Partial<Message> = {}): CommunicationRecord {
  const message: Message = {
    id: `msg_${String(number).padStart(6, "0")}`,
    namespace: "default",
    senderId: "alice",
    recipientId: "bob",
    type: "direct",
    payload: { number },
    priority: "normal",
    conversationId: `talk-${number}`,
    replyToId: null,
    expectsReply: false,
    orderingKey: null,
    dedupeKey: null,
    traceparent: null,
    task: null,
    acceptedAtMs: 1000 + number,
    ...changes,
  };
  const delivery: Delivery = {
    id: `dlv_${number}`,
    messageId: message.id,
    recipientId: "bob",
    priority: "normal",
    sequence: number,
    state: "done",
    attempts: 1,
    acceptedAtMs: message.acceptedAtMs,
    visibleAtMs: null,
    deliveredAtMs: null,
    settledAtMs: null,
    answeredAtMs: null,
    answerId: null,
    deadReason: null,
    note: null,
    result: null,
  };
  return { kind: "message", message, deliveries: [delivery], dedupeUntilMs: null };
}

const ALERT: Alert = {
  id: "alert_1",
  namespace: "default",
  key: "manual:1",
  rule: "manual",
  level: "error",
  message: "bob says no",
  source: "agent:bob",
  labels: {},
  context: {},
  agentIds: ["bob"],
  traceId: null,
  value: null,
  threshold: null,
  state: "firing",
  startsAtMs: 1000,
  updatedAtMs: 1000,
  endsAtMs: null,
  count: 1,
  raised: 1,
  raisedFor: [],
  acknowledged: null,
  notifiedAtMs: null,
};

test("LedgerClient.append() that clashes fails alone, all others of its turn commit", async (t) => {
  const store = await openFor(t);
  await store.append("default", [accepted(7)]);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => store.append("default", [accepted(index)])),
  );
  const failed = outcomes.flatMap((outcome, index) => (outcome.status === "rejected" ? index : []));
  assert.deepEqual(failed, [7]);
  const [, , , , , , , clash] = outcomes;
  assert.ok(clash?.status === "rejected" && clash.reason instanceof StorageError);
  assert.equal(clash.reason.code, "storage.conflict");
  assert.equal((await store.messages("default", {})).length, 50);
});

test("LedgerClient reads see every write acknowledged before, on any reader", async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  const store = await LedgerClient.open(file, { readers: 2 });
  t.after(() => store.close());
  for (let number = 0; number < 60; number++) {
    await store.append("default", [accepted(number)]);
    const id = `msg_${String(number).padStart(6, "0")}`;
    const found = await Promise.all([store.message("default", id), store.message("default", id)]);
    assert.ok(found.every((each) => each?.message.id === id));
  }
});

test("LedgerClient.append() beyond the bound is refused at once, what was taken commits", async (t) => {
  const store = await openFor(t);
  const bound = storageLimits.pendingWrites.value;
  const event = { agentId: null, atMs: 1, kind: "server", level: "info", text: "x" } as const;
  const taken = Array.from({ length: bound }, (_, index) =>
    store.appendEvents("default", [{ ...event, id: index + 1 }]),
  );
  assert.equal(store.pendingWrites, bound);
  await assert.rejects(store.append("default", [accepted(1)]), (error) => {
    assert.ok(error instanceof StorageError);
    assert.deepEqual(
      [error.code, error.status, error.retryable, error.retryAfterSeconds],
      ["storage.overloaded", 503, true, 1],
    );
    return true;
  });
  await Promise.all(taken);
  assert.equal(await store.lastEventId(), bound);
  await store.append("default", [accepted(1)]);
});

test("LedgerClient.prune() lets appends through between its steps", async (t) => {
  const store = await openFor(t);
  const records = Array.from({ length: 8_000 }, (_, index) => accepted(index));
  await store.append("default", records);
  const pruning = store.prune("default", { keep: 0, keepDead: 0 });
  const numbers: number[] = [];
  const appending = (async () => {
    while (!numbers.includes(-1)) {
      await store.append("default", [accepted(10_000 + numbers.length)]);
      numbers.push(numbers.length);
    }
  })();
  const { messages } = await pruning;
  const meanwhile = numbers.length;
  numbers.push(-1);
  await appending;
  assert.ok(messages >= 8_000);
  // Two may have been taken before the pruning began.
  assert.ok(meanwhile > 4, `${meanwhile} appends while pruning`);
});

test("LedgerClient.open() rejects with the reason when the file is no database", async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  writeFileSync(file, "no database ".repeat(1000));
  let failures = 0;
  await assert.rejects(LedgerClient.open(file, { onFailure: () => failures++ }), (error) => {
    assert.ok(error instanceof StorageError);
    assert.equal(error.code, "storage.corrupt");
    assert.ok(error.message.includes(file));
    return true;
  });
  assert.equal(failures, 0, "nothing served, so nothing failed later");
});

test("LedgerClient.messages() ends a page that grows large, and pages on to the end", async (t) => {
  const store = await openFor(t);
  const payload = "x".repeat(1_000_000);
  const count = 20;
  for (let number = 1; number <= count; number++) {
    // Every other one is from bob to alice, so that both sides of an agent's mail are merged.
    const back = number % 2 === 0 ? { senderId: "bob", recipientId: "alice" } : {};
    await store.append("default", [accepted(number, { payload, ...back })]);
  }
  for (const query of [{}, { agentId: "bob" }]) {
    const seen: string[] = [];
    for (;;) {
      const beforeId = seen.at(-1);
      const more = beforeId === undefined ? {} : { beforeId };
      const page = await store.messages("default", { ...query, limit: 1000, ...more });
      if (page.length === 0) break;
      assert.ok(JSON.stringify(page).length <= storageLimits.listedBytes.value);
      seen.push(...page.map(({ message }) => message.id));
    }
    assert.equal(seen.length, count);
    assert.deepEqual(seen, seen.toSorted().toReversed());
  }
});

test("LedgerClient.append() refuses while the file is gone, and goes on once it is back", async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  const store = await LedgerClient.open(file);
  t.after(() => store.close());
  await store.append("default", [accepted(1)]);
  renameSync(file, `${file}.aside`);
  await assert.rejects(store.append("default", [accepted(2)]), { code: "storage.file_gone" });
  writeFileSync(file, "");
  await assert.rejects(store.append("default", [accepted(3)]), { code: "storage.file_gone" });
  renameSync(`${file}.aside`, file);
  await store.append("default", [accepted(4)]);
  const ids = (await store.messages("default", {})).map(({ message }) => message.id);
  assert.deepEqual(ids, ["msg_000004", "msg_000001"]);
});

test("LedgerClient.deleteNamespace() forgets services and alerts too", async (t) => {
  const store = await openFor(t);
  for (const namespace of ["default", "demo"]) {
    await store.putService(serviceOf({ namespace }));
    await store.putAlerts(namespace, [{ ...ALERT, namespace }]);
  }
  await store.deleteNamespace("demo");
  assert.deepEqual(await store.services("demo"), []);
  assert.deepEqual(await store.alerts("demo", {}), []);
  assert.equal((await store.services("default")).length, 1);
  assert.deepEqual(await store.alerts("default", { agentId: "bob" }), [ALERT]);
});

test("LedgerClient.prune() forgets messages by age, beside their number", async (t) => {
  const store = await openFor(t);
  await store.append("default", [accepted(1), accepted(2), accepted(3)]);
  const retention = { keep: 100, keepDead: 100 };
  assert.equal((await store.prune("default", { ...retention, beforeMs: 1003 })).messages, 2);
  assert.equal((await store.prune("default", retention)).messages, 0);
  assert.equal((await store.messages("default", {})).length, 1);
});

test("LedgerClient names the file when a page of it is damaged, and the record when a row is", async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  const ids = Array.from({ length: 400 }, (_, number) => `alert_${number}`);
  {
    const store = await LedgerClient.open(file);
    await store.putAlerts(
      "default",
      ids.map((id) => ({ ...ALERT, id })),
    );
    await store.close();
  }
  {
    using database = openLedger(file);
    const damage = "UPDATE alerts SET alert = '{\"id\":' WHERE id = 'alert_7'";
    database.transaction(() => database.prepare(damage).run());
  }
  const store = await LedgerClient.open(file);
  t.after(() => store.close());
  await assert.rejects(store.alert("default", "alert_7"), {
    code: "storage.corrupt",
    message: /alert "alert_7" is damaged/,
  });
  assert.equal((await store.alert("default", "alert_8"))?.id, "alert_8");
  await store.close();
  const bytes = readFileSync(file);
  const pageBytes = 4096;
  for (let page = 1; page * pageBytes < bytes.length; page++) {
    const at = page * pageBytes;
    // Of alerts alone, so that the file still opens.
    const holdsAlerts = bytes.subarray(at, at + pageBytes).includes("bob says no");
    if (holdsAlerts) bytes.fill(0xff, at, at + 8);
  }
  writeFileSync(file, bytes);
  const damaged = await LedgerClient.open(file);
  t.after(() => damaged.close());
  await assert.rejects(damaged.alerts("default", {}), (error) => {
    assert.ok(error instanceof StorageError);
    assert.equal(error.code, "storage.corrupt");
    assert.ok(error.message.includes(file), error.message);
    return true;
  });
});

test("LedgerClient.close() finishes what waits and leaves one file, without a log", async (t) => {
  const file = path.join(temporaryFolder(t), "ledger.db");
  const store = await LedgerClient.open(file);
  t.after(() => store.close());
  const appended = store.append("default", [accepted(1)]);
  await store.close();
  await appended;
  await assert.rejects(store.append("default", [accepted(2)]), { code: "storage.closed" });
  using database = openLedger(file);
  assert.equal(database.prepare("SELECT count(*) AS n FROM messages").get()?.["n"], 1);
});
