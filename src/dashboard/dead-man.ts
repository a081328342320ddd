// A server that is gone raises no alerts. So it says at an interval that it is well, to a watcher
// elsewhere that notices when it no longer does. Saying so while alerts are not judged or cannot be
// stored would be worse than silence, so it asks first.

import type { Clock, ComponentLog } from "../core/index.ts";

import { sendRequest } from "./outgoing-request.ts";

const TIMEOUT_MS = 10_000;
/** After a start, or a fault that passed, the watcher should not wait a whole interval. */
const RECHECK_MS = 5000;

/** What the ping needs. */
export interface DeadManParts {
  readonly url: string;
  readonly intervalMs: number;
  /** Why it is not well, in words; null: it is. Asked before each ping; a rejection is a reason. */
  readonly problem: () => Promise<string | null>;
  readonly clock: Clock;
  readonly log: ComponentLog;
}

/** Asks a URL at an interval while all is well. */
export class DeadMan {
  readonly #parts: DeadManParts;
  #stopping = new AbortController();
  #timer: Disposable | undefined;
  #asking: Promise<void> | undefined;
  #isChecking = false;
  /** Of the start, or of the last time all was well. */
  #wellAtMs = 0;
  #wasSaid = false;

  constructor(parts: DeadManParts) {
    this.#parts = parts;
  }

  /** Asks now and at every interval. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#stopping = new AbortController();
    this.#wellAtMs = this.#parts.clock.monotonic();
    this.#beat();
  }

  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#stopping.abort();
    await this.#asking;
  }

  #beat(): void {
    const { intervalMs, log } = this.#parts;
    this.#beatAfter(intervalMs);
    if (this.#asking !== undefined) {
      if (this.#isChecking) this.#notWell("the check before has not ended");
      return;
    }
    this.#asking = this.#ask(this.#stopping.signal)
      .catch((error: unknown) => log.error("dashboard.dead_man_failed", { error }))
      .finally(() => {
        this.#asking = undefined;
      });
  }

  #beatAfter(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.clock.after(delayMs, () => this.#beat());
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { url, intervalMs, clock, log } = this.#parts;
    const problem = await this.#problem(signal);
    if (signal.aborted) return;
    if (problem !== null) {
      this.#notWell(problem);
      this.#beatAfter(Math.min(RECHECK_MS, intervalMs));
      return;
    }
    this.#wellAtMs = clock.monotonic();
    this.#wasSaid = false;
    const outcome = await sendRequest({
      url,
      method: "GET",
      headers: { "user-agent": "agent-cellphone" },
      body: null,
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    if (outcome.delivered || signal.aborted) return;
    log.warn("dashboard.dead_man_failed", { detail: outcome.detail });
  }

  /** Ends with stop(), also when the check never does. */
  #problem(signal: AbortSignal): Promise<string | null> {
    const stopped = new Promise<null>((resolve) => {
      signal.addEventListener("abort", () => resolve(null), { once: true });
    });
    this.#isChecking = true;
    const asked = this.#parts.problem().catch((error: unknown) => String(error));
    return Promise.race([asked, stopped]).finally(() => {
      this.#isChecking = false;
    });
  }

  /** Once, and not before a ping is missed: at a start nothing has been looked at yet. */
  #notWell(problem: string): void {
    const { clock, intervalMs, log } = this.#parts;
    if (this.#wasSaid || clock.monotonic() - this.#wellAtMs < intervalMs) return;
    this.#wasSaid = true;
    log.warn("dashboard.not_well", { problem });
  }
}
