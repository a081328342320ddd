// The SharedWorker behind all tabs of one browser: one stream to the server, however many tabs
// are open. Its name is the namespace.

import { StreamMemory } from "../model/stream.ts";
import type { StreamUpdate } from "../model/stream.ts";
import { StreamSource } from "./stream-source.ts";

const ports = new Set<MessagePort>();
const memory = new StreamMemory();

function publish(update: StreamUpdate): void {
  memory.apply(update);
  for (const port of ports) port.postMessage(update);
}

const source = new StreamSource(self.name === "" ? undefined : self.name, publish);

// A worker's global scope is typed as a window in this program, which knows no such event.
addEventListener("connect", (event) => {
  const [port] = event instanceof MessageEvent ? event.ports : [];
  if (port === undefined) return;
  ports.add(port);
  port.addEventListener("message", (message: MessageEvent<"bye" | "reconnect">) => {
    if (message.data === "reconnect") source.open();
    else ports.delete(port);
    if (ports.size === 0) source.close();
  });
  port.start();
  for (const update of memory.replay()) port.postMessage(update);
  // A tab that was just signed in brings the others back.
  if (ports.size === 1 || memory.signedOut) source.open();
});
