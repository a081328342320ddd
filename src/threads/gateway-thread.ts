// The main thread's end of one gateway worker.
// oxlint-disable unicorn/require-post-message-target-origin -- a Worker has no origin

import { Worker } from "node:worker_threads";

import type { ComponentLog } from "../core/index.ts";
import { GatewayError, gatewayLimits } from "../gateway/index.ts";
import type { CallBatch } from "../gateway/index.ts";
import { fromWireFailure } from "./gateway-protocol.ts";
import type {
  GatewayAnswer,
  GatewayOrder,
  GatewayThreadData,
  NumberedOrder,
  WorkerMessage,
} from "./gateway-protocol.ts";

interface Waiting {
  readonly resolve: (answer: GatewayAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** A running worker. */
export class GatewayThread {
  /** Why it ended, once it has. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #log: ComponentLog;
  readonly #onBatch: (batch: CallBatch) => void;
  readonly #replyMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready = Promise.withResolvers<void>();
  #watching: NodeJS.Timeout | undefined;
  #nextId = 1;
  #reason = "it ended";
  #hasEnded = false;

  constructor(
    data: GatewayThreadData,
    log: ComponentLog,
    onBatch: (batch: CallBatch) => void,
    replyMs: number = gatewayLimits.workerReplyMs.value,
  ) {
    this.#log = log;
    this.#onBatch = onBatch;
    this.#replyMs = replyMs;
    const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const entry = new URL(`./gateway-worker${ending}`, import.meta.url);
    this.#worker = new Worker(entry, {
      workerData: data,
      name: "gateway",
      resourceLimits: { maxYoungGenerationSizeMb: gatewayLimits.workerYoungMegabytes.value },
    });
    this.#worker.on("message", (message: WorkerMessage) => this.#receive(message));
    this.#worker.on("error", (error: unknown) => {
      this.#reason = error instanceof Error ? error.message : String(error);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#end();
        resolve(this.#reason);
      });
    });
    // Whoever waits for ready() gets the rejection; nobody else needs to.
    this.#ready.promise.catch(() => undefined);
  }

  /** Resolves when it takes orders. @throws GatewayError `gateway.middleware_failed`. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Thread id, for logs and tests. */
  get threadId(): number {
    return this.#worker.threadId;
  }

  /**
   * Resolves when the order is carried out, or the worker has ended.
   * @throws GatewayError what the worker refused it with.
   */
  tell(order: GatewayOrder, limitMs: number = this.#replyMs) {
    return new Promise<GatewayAnswer>((resolve, reject) => {
      if (this.#hasEnded) {
        resolve(null);
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.terminate(`it did not answer within ${limitMs} ms`);
      }, limitMs);
      timer.unref();
      this.#waiting.set(id, { resolve, reject, timer });
      const message: NumberedOrder = { id, order };
      this.#worker.postMessage(message);
    });
  }

  /**
   * Looks from now on whether it answers; one that does not is ended. Without orders nobody else
   * would notice a middleware that never gives its thread back.
   */
  watch(): void {
    this.#watching = setInterval(() => {
      this.tell({ kind: "look" }).catch((error: unknown) => {
        this.#log.warn("gateway.worker_not_seen", { error });
      });
    }, this.#replyMs / 2).unref();
  }

  /** Lets calls finish for `graceMs`, then ends the thread. */
  async close(graceMs: number): Promise<void> {
    await this.ready().catch(() => undefined);
    await this.tell({ kind: "close", graceMs }, graceMs + this.#replyMs);
    // All is told by now; what a middleware still holds, such as a timer, would keep it for good.
    const ending = setTimeout(() => this.terminate("closed"), gatewayLimits.workerEndMs.value);
    await this.ended;
    clearTimeout(ending);
  }

  /** Ends it at once. */
  terminate(reason: string): void {
    this.#reason = reason;
    void this.#worker.terminate();
  }

  #receive(message: WorkerMessage): void {
    switch (message.kind) {
      case "batch":
        this.#onBatch(message.batch);
        return;
      case "done":
        this.#take(message.id)?.resolve(message.answer);
        return;
      case "refused":
        this.#take(message.id)?.reject(fromWireFailure(message.error));
        return;
      case "log":
        this.#log[message.level](message.event, message.details);
        return;
      case "ready":
        this.#ready.resolve();
        return;
      case "failed":
        this.#reason = message.error.message;
        this.#ready.reject(fromWireFailure(message.error));
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    return waiting;
  }

  #end(): void {
    this.#hasEnded = true;
    clearInterval(this.#watching);
    this.#ready.reject(new GatewayError("gateway.closed", `A worker has ended: ${this.#reason}`));
    for (const id of this.#waiting.keys()) this.#take(id)?.resolve(null);
  }
}
