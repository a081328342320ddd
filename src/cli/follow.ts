// Commands that go on until Ctrl-C: how they wait, and how they come back when the server does.

import { CliError } from "./errors.ts";

/** Time until a stream that ended is opened again, and between two looks. */
const AGAIN_MS = 1000;

/** Works until SIGINT or SIGTERM; what the interruption itself breaks off is no failure. */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** Does something again and again; a server that restarts is waited for. */
export async function again(
  signal: AbortSignal,
  step: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await step(signal);
    } catch (error) {
      const away = error instanceof CliError && error.code === "cli.server_not_running";
      const broken = error instanceof Error && "code" in error && error.code === "ECONNRESET";
      if (signal.aborted || !(away || broken)) throw error;
    }
    await pause(AGAIN_MS, signal);
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => {
    clearTimeout(timer);
    reject(new Error("interrupted"));
  };
  const timer = setTimeout(() => {
    signal.removeEventListener("abort", stop);
    resolve();
  }, delayMs);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return promise;
}
