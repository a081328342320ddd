// Carries out orders to take a profile, one at a time, so that it never harms the agent: nothing
// that goes wrong here reaches its code, and whoever asked is told what did.

import type { ClientLog } from "./log.ts";
import { PROFILE_WORKER } from "./profile-worker.ts";
import type { ProfileWorkerData } from "./profile-worker.ts";
import type { Runtime, WorkerThread } from "./runtime.ts";
import type { Transport } from "./transport.ts";
import type { ProfileOrder } from "./wire.ts";

/** Long enough for a burst of load to pass, short beside the longest profile (120 s). */
const RETRY_FOR_MS = 10_000;

/** What a {@link ProfileTaker} needs. */
export interface ProfileTakerOptions {
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly log: ClientLog;
  /** How long to go on handing in a profile while the server refuses for now. @default 10000 */
  readonly retryForMs?: number;
}

/** A profile being taken. */
interface Running {
  readonly order: ProfileOrder;
  readonly worker: WorkerThread;
}

/** Takes profiles of this process. */
export class ProfileTaker {
  readonly #options: ProfileTakerOptions;
  readonly #failures = new Set<Promise<void>>();
  #running: Running | undefined;

  constructor(options: ProfileTakerOptions) {
    this.#options = options;
  }

  /** Begins; the result, or why there is none, goes to the server by itself. */
  take(order: ProfileOrder): void {
    const { log, runtime } = this.#options;
    if (this.#running !== undefined) {
      this.#fail(order, "another profile of this agent is being taken");
      return;
    }
    if (runtime.startWorker === undefined) {
      this.#fail(order, `the agent runs in ${runtime.name}, which has no profiler to call`);
      return;
    }
    log.info(`Taking a ${order.kind} profile for ${order.seconds} s`);
    try {
      this.#start(order, runtime.startWorker);
    } catch (error) {
      this.#fail(order, `the agent's runtime starts no thread for it: ${text(error)}`);
    }
  }

  /** Breaks off what is being taken. */
  async close(): Promise<void> {
    const running = this.#running;
    if (running !== undefined) {
      this.#running = undefined;
      await running.worker.terminate().catch(() => undefined);
      this.#fail(running.order, "the agent left while it was taken");
    }
    await Promise.all(this.#failures);
  }

  #start(order: ProfileOrder, startWorker: NonNullable<Runtime["startWorker"]>): void {
    const { runtime, transport } = this.#options;
    const data: ProfileWorkerData = {
      url: transport.baseUrl + pathOf(order),
      headers: transport.headers,
      kind: order.kind,
      seconds: order.seconds,
      runtime: runtime.name,
      retryForMs: this.#options.retryForMs ?? RETRY_FOR_MS,
    };
    const worker = startWorker(PROFILE_WORKER, data);
    const running = { order, worker };
    this.#running = running;
    worker.unref();
    worker.on("error", (error) => {
      if (this.#running === running) this.#fail(order, `the profiler's thread: ${text(error)}`);
    });
    worker.on("exit", () => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  #fail(order: ProfileOrder, reason: string): void {
    const { log, transport } = this.#options;
    const told = transport
      .call<undefined>("POST", `${pathOf(order)}/failed`, {
        body: { reason: reason.slice(0, 500) },
        retryForMs: 0,
        timeoutMs: 5000,
      })
      .catch((error: unknown) => log.debug(`Profile ${order.profileId}: ${text(error)}`));
    this.#failures.add(told);
    void told.finally(() => this.#failures.delete(told));
  }
}

function pathOf({ profileId }: ProfileOrder): string {
  return `/api/v1/profiles/${encodeURIComponent(profileId)}`;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
