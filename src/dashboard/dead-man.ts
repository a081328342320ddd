// A server that is gone raises no alerts. So it says at an interval that it is well, to a watcher
// elsewhere that notices when it no longer does.

import type { Clock, ComponentLog } from "../core/index.ts";

import { sendRequest } from "./outgoing-request.ts";

const TIMEOUT_MS = 10_000;

/** What the ping needs. */
export interface DeadManParts {
  readonly url: string;
  readonly intervalMs: number;
  /** Asked before each ping; while it is false nothing is sent. */
  readonly isWell: () => boolean;
  readonly clock: Clock;
  readonly log: ComponentLog;
}

/** Asks a URL at an interval while all is well. */
export class DeadMan {
  readonly #parts: DeadManParts;
  #stopping = new AbortController();
  #timer: Disposable | undefined;
  #asking: Promise<void> | undefined;

  constructor(parts: DeadManParts) {
    this.#parts = parts;
  }

  /** Asks now and at every interval. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#stopping = new AbortController();
    this.#beat();
  }

  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#stopping.abort();
    await this.#asking;
  }

  #beat(): void {
    const { clock, intervalMs, isWell, log } = this.#parts;
    this.#timer = clock.after(intervalMs, () => this.#beat());
    if (!isWell()) {
      log.warn("dashboard.not_well", { url: "deadManUrl" });
      return;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
  }

  async #ask(): Promise<void> {
    const { url, log } = this.#parts;
    const outcome = await sendRequest({
      url,
      method: "GET",
      headers: { "user-agent": "agent-cellphone" },
      body: null,
      timeoutMs: TIMEOUT_MS,
      signal: this.#stopping.signal,
    });
    if (outcome.delivered || this.#stopping.signal.aborted) return;
    log.warn("dashboard.dead_man_failed", { detail: outcome.detail });
  }
}
