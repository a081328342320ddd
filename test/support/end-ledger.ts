// Preloaded into a server's process: SIGUSR2 ends its ledger thread, as an error in it would.

import { isMainThread } from "node:worker_threads";
import type { Worker } from "node:worker_threads";

if (isMainThread) {
  // The ledger's is the first thread a server starts.
  process.once("worker", (worker: Worker) => {
    process.on("SIGUSR2", () => void worker.terminate());
  });
}
