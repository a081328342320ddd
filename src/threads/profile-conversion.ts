// Entry of the thread that works on profiles' bytes: one order after the other.

import { parentPort } from "node:worker_threads";

import { CellphoneError } from "../core/index.ts";
import { inlineConversion } from "../profiler/index.ts";
import type { ProfileOrderMessage, ProfileAnswerMessage } from "./profile-conversion-thread.ts";

const port = parentPort;
if (port === null) throw new Error("This file is the entry of a worker thread");

let last = Promise.resolve();
port.on("message", (message: ProfileOrderMessage) => {
  last = last.then(async () => port.postMessage(await answerTo(message)));
});

async function answerTo({ id, order }: ProfileOrderMessage): Promise<ProfileAnswerMessage> {
  const { kind, bytes } = order;
  try {
    switch (order.name) {
      case "check":
        return { id, value: await inlineConversion.check(kind, bytes) };
      case "convert": {
        const { format, times } = order;
        return { id, value: await inlineConversion.convert(kind, bytes, format, times) };
      }
      case "tree":
        return { id, value: await inlineConversion.tree(kind, bytes) };
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { id, error: { code: error instanceof CellphoneError ? error.code : null, text } };
  }
}
