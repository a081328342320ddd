// Backlogs larger than a page, down to pages of a few rows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentCommunicationProtocol } from "../../communication/index.ts";
import type { SnapshotPage } from "../../communication/index.ts";
import { SqliteCommunicationStore } from "./communication-store.ts";
import { openLedger } from "./open.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

const AGENTS = 4;
const BATCH = 250;

/** A ledger with `batches` x 250 messages: tasks, requests, some dedupe keys, all unsettled. */
async function fill(database: ReturnType<typeof openLedger>, batches: number): Promise<string[]> {
  const store = new SqliteCommunicationStore(database);
  const comm = new AgentCommunicationProtocol({ maxMailboxMessages: 1_000_000 }, { store });
  for (let index = 0; index < AGENTS; index++) await comm.registerAgent({ agentId: `w${index}` });
  const ids: string[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const results = await comm.sendMany(
      Array.from({ length: BATCH }, (_, index) => ({
        senderId: "w0",
        recipientId: `w${index % AGENTS}`,
        type: index % 5 === 0 ? "task_assignment" : "direct",
        payload: index,
        expectsReply: index % 7 === 0,
        ...(index % 10 === 0 ? { dedupeKey: `${batch}-${index}` } : {}),
      })),
    );
    for (const result of results) if ("messageId" in result) ids.push(result.messageId);
  }
  await comm.stop();
  return ids;
}

function pagesOf(reader: SnapshotReader): SnapshotPage[] {
  const pages: SnapshotPage[] = [];
  for (let place: SnapshotPage["next"] | undefined; place !== null;) {
    const page = reader.load("default", place ?? null);
    pages.push(page);
    place = page.next;
  }
  return pages;
}

function rowsOf(page: SnapshotPage): number {
  const { agents, states, openTasks, unsettled, unanswered, dedupe } = page;
  const lists = [agents, states, openTasks, unsettled, unanswered, dedupe];
  return lists.reduce((sum, list) => sum + list.length, 0);
}

test("SnapshotReader.load() gives every row once, in pages of no more rows than it may", async () => {
  using database = openLedger(":memory:");
  const ids = await fill(database, 4);
  const [whole, ...none] = pagesOf(new SnapshotReader(database));
  assert.equal(none.length, 0);
  for (const rows of [1, 7, 400]) {
    const pages = pagesOf(new SnapshotReader(database, { rows, bytes: Infinity }));
    assert.ok(pages.length >= ids.length / rows);
    assert.ok(pages.every((page) => rowsOf(page) <= rows));
    for (const part of ["agents", "states", "openTasks", "unsettled", "dedupe"] as const) {
      assert.deepEqual(
        pages.flatMap<unknown>((page) => page[part]),
        whole?.[part],
        part,
      );
    }
    assert.ok(pages.every((page) => page.lastSequence === ids.length));
  }
  assert.deepEqual(
    whole?.unsettled.map(({ message }) => message.id),
    ids,
  );
});

test("SnapshotReader.load() ends a page with the row that reaches its bytes", async () => {
  using database = openLedger(":memory:");
  await fill(database, 1);
  const pages = pagesOf(new SnapshotReader(database, { rows: 1_000, bytes: 1 }));
  assert.ok(pages.slice(0, -1).every((page) => rowsOf(page) === 1));
});

test("AgentCommunicationProtocol.start() brings a backlog of very many tiny messages back", async () => {
  using database = openLedger(":memory:");
  const ids = await fill(database, 80);
  const store = new SqliteCommunicationStore(database, { rows: 300, bytes: 65_536 });
  const comm = new AgentCommunicationProtocol({}, { store });
  await comm.start();
  assert.equal(comm.restoredMessages, 80 * BATCH);
  const claimed: string[] = [];
  for (let index = 0; index < AGENTS; index++) {
    for (;;) {
      const messages = await comm.claim(`w${index}`, { max: 256 });
      if (messages.length === 0) break;
      claimed.push(...messages.map(({ message }) => message.id));
    }
  }
  assert.deepEqual(claimed.toSorted(), ids.toSorted());
  await comm.stop();
});
