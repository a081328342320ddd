// Everything communication knows of a namespace as one JSON document, version 1: whole, or as
// pieces of text that never hold more than a page of messages.

import { WholeFileError, writeWholeFile } from "../files/index.ts";

import { CommunicationError } from "./errors.ts";
import type { AgentView, StateChange, Task } from "./model.ts";
import type { CommunicationStore, MessageQuery, MessageWithDeliveries } from "./store.ts";

/** The exported document. */
export interface CommunicationExport {
  readonly exportedAt: string;
  readonly format: "agent-cellphone/communication";
  readonly version: 1;
  readonly namespace: string;
  readonly agents: readonly AgentView[];
  /** Oldest first. */
  readonly messages: readonly MessageWithDeliveries[];
  /** Newest first. */
  readonly tasks: readonly Task[];
  readonly states: readonly StateChange[];
}

/** Where an export comes from. */
export interface CommunicationExportSource {
  readonly store: CommunicationStore;
  readonly namespace: string;
  readonly agents: readonly AgentView[];
  readonly nowMs: number;
}

const PAGE = 1000;

/** Gathers the document from the store. */
export async function gatherExport(
  source: CommunicationExportSource,
): Promise<CommunicationExport> {
  const messages: MessageWithDeliveries[] = [];
  for await (const message of oldestFirst(source)) messages.push(message);
  const tasks: Task[] = [];
  for await (const page of taskPages(source)) tasks.push(...page);
  return { ...headerOf(source), messages, tasks, states: await statesOf(source) };
}

/** The document as pieces of JSON text, a message or less each. */
export async function* exportText(source: CommunicationExportSource): AsyncGenerator<string> {
  // The header's object is reopened: its closing brace gives way to the lists.
  yield `${JSON.stringify(headerOf(source)).slice(0, -1)},"messages":[`;
  let separator = "\n";
  for await (const message of oldestFirst(source)) {
    yield separator + JSON.stringify(message);
    separator = ",\n";
  }
  yield '\n],"tasks":[';
  separator = "\n";
  for await (const page of taskPages(source)) {
    for (const task of page) {
      yield separator + JSON.stringify(task);
      separator = ",\n";
    }
  }
  yield '\n],"states":[';
  for (const [index, change] of (await statesOf(source)).entries()) {
    yield (index === 0 ? "\n" : ",\n") + JSON.stringify(change);
  }
  yield "\n]}";
}

/** @throws CommunicationError when the file cannot be written. */
export async function writeExport(path: string, document: CommunicationExport): Promise<void> {
  try {
    await writeWholeFile(path, [`${JSON.stringify(document, null, 2)}\n`]);
  } catch (cause) {
    if (!(cause instanceof WholeFileError)) throw cause;
    throw new CommunicationError("communication.export_failed", cause.message, { cause });
  }
}

function headerOf({ namespace, agents, nowMs }: CommunicationExportSource) {
  return {
    exportedAt: new Date(nowMs).toISOString(),
    format: "agent-cellphone/communication",
    version: 1,
    namespace,
    agents,
  } as const;
}

function statesOf({ store, namespace, nowMs }: CommunicationExportSource) {
  return store.states(namespace, { fromMs: 0, toMs: nowMs + 1 });
}

/** All tasks, newest first; the place outlives the task that it is named after. */
async function* taskPages({
  store,
  namespace,
}: CommunicationExportSource): AsyncGenerator<readonly Task[]> {
  let page = await store.tasks(namespace, { limit: PAGE });
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    yield page;
    const place = { beforeMs: last.createdAtMs, beforeId: last.id };
    page = await store.tasks(namespace, { ...place, limit: PAGE });
  }
}

/**
 * All messages, a page in memory. Stores read newest first, so the pages are walked twice: once to
 * note where each ends, then from the last to the first.
 */
async function* oldestFirst(
  source: CommunicationExportSource,
): AsyncGenerator<MessageWithDeliveries> {
  const ends: MessageWithDeliveries["message"][] = [];
  for (;;) {
    const page = await pageBefore(source, ends.at(-1));
    const last = page.at(-1)?.message;
    if (last === undefined) break; // a page may end early, when it is large
    ends.push(last);
  }
  let written = new Set<string>();
  for (let last = ends.pop(); last !== undefined; last = ends.pop()) {
    const part = await partBetween(source, ends.at(-1), last, written);
    yield* part.toReversed();
    written = new Set(part.map(({ message }) => message.id));
  }
}

/** What is older than `newer`, down to `last`, or to what is older should that be pruned by now. */
async function partBetween(
  source: CommunicationExportSource,
  newer: MessageWithDeliveries["message"] | undefined,
  last: MessageWithDeliveries["message"],
  written: ReadonlySet<string>,
): Promise<MessageWithDeliveries[]> {
  const part: MessageWithDeliveries[] = [];
  for (;;) {
    const page = await pageBefore(source, part.at(-1)?.message ?? newer);
    if (page.length === 0) return part;
    for (const one of page) {
      const isOlder = one.message.acceptedAtMs < last.acceptedAtMs;
      if (isOlder || written.has(one.message.id)) return part;
      part.push(one);
      if (one.message.id === last.id) return part;
    }
  }
}

async function pageBefore(
  { store, namespace }: CommunicationExportSource,
  newer: MessageWithDeliveries["message"] | undefined,
): Promise<readonly MessageWithDeliveries[]> {
  const read = (query: MessageQuery) => store.messages(namespace, { ...query, limit: PAGE });
  if (newer === undefined) return read({});
  const page = await read({ beforeId: newer.id });
  if (page.length > 0) return page;
  // Nothing is older, or it was pruned since: then what is left is found by time.
  return (await store.message(namespace, newer.id)) === undefined
    ? read({ toMs: newer.acceptedAtMs })
    : [];
}
