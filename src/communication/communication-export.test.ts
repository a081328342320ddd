import assert from "node:assert/strict";
import { test } from "node:test";

import { exportText, gatherExport } from "./communication-export.ts";
import type { CommunicationExportSource } from "./communication-export.ts";
import {
  BASE_MS,
  NAMESPACE,
  accepted,
  makeDelivery,
  makeMessage,
  makeTask,
} from "./test-support/store-records.ts";
import { VolatileCommunicationStore } from "./volatile-store.ts";

const COUNT = 2500;

async function sourceOf(
  store = new VolatileCommunicationStore(),
): Promise<CommunicationExportSource> {
  const messages = Array.from({ length: COUNT }, (_, index) => makeMessage(index + 1));
  await store.append(
    NAMESPACE,
    messages.map((message) => accepted(message)),
  );
  const change = { agentId: "bob", state: "idle", atMs: BASE_MS, reason: "holds nothing" } as const;
  const tasks = messages.map((_, index) => makeTask(index + 1, { createdAtMs: BASE_MS }));
  await store.append(NAMESPACE, [
    ...tasks.map((task) => ({ kind: "task", task }) as const),
    { kind: "state", change },
  ]);
  return { store, namespace: NAMESPACE, agents: [], nowMs: BASE_MS + 10_000 };
}

async function written(source: CommunicationExportSource): Promise<unknown> {
  let text = "";
  for await (const piece of exportText(source)) text += piece;
  return JSON.parse(text);
}

test("exportText() is the very document, messages oldest first, over several pages", async () => {
  const source = await sourceOf();
  const document = await gatherExport(source);
  assert.deepEqual(await written(source), JSON.parse(JSON.stringify(document)));
  const ids = document.messages.map(({ message }) => message.id);
  assert.equal(ids.length, COUNT);
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(document.tasks.map(({ id }) => id)).size, COUNT);
  assert.equal(document.tasks.length, COUNT);
  assert.equal(document.states.length, 1);
});

test("exportText() of nothing is a document, too", async () => {
  const store = new VolatileCommunicationStore();
  const source = { store, namespace: "empty", agents: [], nowMs: BASE_MS };
  assert.deepEqual(await written(source), {
    exportedAt: new Date(BASE_MS).toISOString(),
    format: "agent-cellphone/communication",
    version: 1,
    namespace: "empty",
    agents: [],
    messages: [],
    tasks: [],
    states: [],
  });
});

test("exportText() holds a page of messages at most, and asks for no more at once", async () => {
  const store = new VolatileCommunicationStore();
  const source = await sourceOf(store);
  let asked = 0;
  const read = store.messages.bind(store);
  store.messages = (namespace, query) => {
    asked++;
    assert.ok((query.limit ?? Infinity) <= 1000);
    return read(namespace, query);
  };
  const pieces = exportText(source);
  for (let piece = 0; piece < 3; piece++) await pieces.next();
  assert.ok(asked <= 5, `${asked} pages read before the second message was written`);
  await pieces.return(undefined);
});

test("exportText() loses and repeats nothing that stays, when pruning and sending go on", async () => {
  const store = new VolatileCommunicationStore();
  const source = await sourceOf(store);
  // 1 and 1600 stay unsettled: pruning passes them by, and takes the ends of pages around them.
  const settled = Array.from({ length: COUNT }, (_, index) => index + 1).filter(
    (number) => number !== 1 && number !== 1600,
  );
  await store.append(
    NAMESPACE,
    settled.map((number) => ({
      kind: "delivery",
      delivery: makeDelivery(makeMessage(number), { state: "done" }),
    })),
  );
  let text = "";
  let pieces = 0;
  for await (const piece of exportText(source)) {
    text += piece;
    pieces++;
    if (pieces !== 3) continue;
    await store.prune(NAMESPACE, { keep: 700, keepDead: 0 });
    await store.append(NAMESPACE, [accepted(makeMessage(COUNT + 1))]);
  }
  const document: { messages: { message: { id: string } }[] } = JSON.parse(text);
  const ids = document.messages.map(({ message }) => message.id);
  assert.equal(new Set(ids).size, ids.length, "nothing twice");
  for (const number of [1, 1600, 1801, COUNT, COUNT + 1]) {
    assert.ok(ids.includes(makeMessage(number).id), `message ${number} is missing`);
  }
});
