// Everything communication knows of a namespace as one JSON document, version 1.

import { writeFile } from "node:fs/promises";

import { CommunicationError } from "./errors.ts";
import type { AgentView, StateChange, Task } from "./model.ts";
import type { CommunicationStore, MessageWithDeliveries } from "./store.ts";

/** The exported document. */
export interface CommunicationExport {
  readonly exportedAt: string;
  readonly format: "agent-cellphone/communication";
  readonly version: 1;
  readonly namespace: string;
  readonly agents: readonly AgentView[];
  /** Oldest first. */
  readonly messages: readonly MessageWithDeliveries[];
  /** Newest first; the newest thousand. */
  readonly tasks: readonly Task[];
  readonly states: readonly StateChange[];
}

const PAGE = 1000;

/** Gathers the document from the store. */
export async function gatherExport(
  store: CommunicationStore,
  namespace: string,
  agents: readonly AgentView[],
  nowMs: number,
): Promise<CommunicationExport> {
  const newestFirst: MessageWithDeliveries[] = [];
  for (;;) {
    const beforeId = newestFirst.at(-1)?.message.id;
    const page = await store.messages(namespace, {
      limit: PAGE,
      ...(beforeId === undefined ? {} : { beforeId }),
    });
    if (page.length === 0) break; // a page may end early, when it is large
    newestFirst.push(...page);
  }
  return {
    exportedAt: new Date(nowMs).toISOString(),
    format: "agent-cellphone/communication",
    version: 1,
    namespace,
    agents,
    messages: newestFirst.toReversed(),
    tasks: await store.tasks(namespace, { limit: PAGE }),
    states: await store.states(namespace, { fromMs: 0, toMs: nowMs + 1 }),
  };
}

/** @throws CommunicationError when the file cannot be written. */
export async function writeExport(path: string, document: CommunicationExport): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(document, null, 2)}\n`);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot write the export to "${path}": ${words}`;
    throw new CommunicationError("communication.export_failed", message, { cause });
  }
}
