// Who in the agent's program wants to hear of orders. A listener that throws is the program's
// affair: the line stays up, and the other listeners hear of it all the same.

import type { ClientLog } from "./log.ts";

/** The program's listeners. */
export class OrderListeners {
  readonly #log: ClientLog;
  readonly #pause = new Set<(paused: boolean) => void>();
  readonly #restart = new Set<() => void>();

  constructor(log: ClientLog) {
    this.#log = log;
  }

  /** Whether anybody acts on a restart. */
  get hearsRestart(): boolean {
    return this.#restart.size > 0;
  }

  onPause(listener: (paused: boolean) => void): () => void {
    this.#pause.add(listener);
    return () => this.#pause.delete(listener);
  }

  onRestart(listener: () => void): () => void {
    this.#restart.add(listener);
    return () => this.#restart.delete(listener);
  }

  tellPause(paused: boolean): void {
    for (const listener of this.#pause) this.#call("pause", () => listener(paused));
  }

  tellRestart(): void {
    for (const listener of this.#restart) this.#call("restart", listener);
  }

  #call(order: string, listener: () => void): void {
    try {
      listener();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error(`A listener for ${order} threw: ${reason}`);
    }
  }
}
