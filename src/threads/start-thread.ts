// What the entries of the threads share: their start data, and the loop of a reader.

import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";

import type { Database, Methods, WriterMethods } from "../storage/index.ts";
import { applyMethod } from "./group-committer.ts";
import type { Outcome } from "./group-committer.ts";
import { CLOSE, codecOf, toWireError } from "./protocol.ts";
import type { Call, ThreadData } from "./protocol.ts";
import { WriterThread, decodeCalls, encodeReply } from "./serve-writer.ts";

/** Opens the database and serves its writes; a failure to open is the thread's greeting. */
export function startWriter(
  open: (path: string) => Database,
  methodsOf: (database: Database) => WriterMethods,
): void {
  const { port, data } = startData();
  try {
    const database = open(data.path);
    new WriterThread(port, database, methodsOf(database), codecOf(data.database)).start();
  } catch (error) {
    port.postMessage({ failed: toWireError(error) });
    port.close();
  }
}

/** Serves queries, one after the other. */
export function startReader(
  open: (data: ThreadData) => { readonly database: Database; readonly methods: Methods },
): void {
  const { port, data } = startData();
  let opened: ReturnType<typeof open> | undefined;
  const answer = ([id, name, parameters]: Call): Outcome => {
    try {
      opened ??= open(data);
      const method = opened.methods[name];
      if (method === undefined) throw new RangeError(`No query is called "${name}"`);
      return { id, value: applyMethod(method, parameters) };
    } catch (error) {
      return { id, error: opened === undefined ? error : opened.database.explain(error) };
    }
  };
  port.on("message", (message: unknown) => {
    if (message === CLOSE) {
      opened?.database.close();
      port.close();
      return;
    }
    // Each answer leaves at once: a quick query never waits for a slow one behind it.
    for (const call of decodeCalls(message)) {
      port.postMessage(encodeReply([answer(call)], codecOf(data.database)));
    }
  });
  port.postMessage({ ready: true });
}

function startData(): { readonly port: MessagePort; readonly data: ThreadData } {
  if (parentPort === null) throw new Error("This file is the entry of a worker thread");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by ThreadClient.start
  return { port: parentPort, data: workerData as ThreadData };
}
