// Entry of the thread that works on profiles' bytes: one order at a time.

import { parentPort } from "node:worker_threads";

import { CellphoneError } from "../core/index.ts";
import { inlineConversion } from "../profiler/index.ts";
import type { ProfileOrderMessage, ProfileAnswerMessage } from "./profile-conversion-thread.ts";

const port = parentPort;
if (port === null) throw new Error("This file is the entry of a worker thread");

port.on("message", (order: ProfileOrderMessage) => {
  void answerTo(order).then((answer) => port.postMessage(answer));
});

async function answerTo(order: ProfileOrderMessage): Promise<ProfileAnswerMessage> {
  const { kind, bytes } = order;
  try {
    switch (order.name) {
      case "check":
        return { value: await inlineConversion.check(kind, bytes) };
      case "convert": {
        const { format, times } = order;
        return { value: await inlineConversion.convert(kind, bytes, format, times) };
      }
      case "tree":
        return { value: await inlineConversion.tree(kind, bytes) };
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { error: { code: error instanceof CellphoneError ? error.code : null, text } };
  }
}
