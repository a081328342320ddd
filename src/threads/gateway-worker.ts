// Entry of a gateway worker: a data plane of its own on a port it shares with the others.
// oxlint-disable unicorn/require-post-message-target-origin -- a MessagePort has no origin

import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort, TransferListItem } from "node:worker_threads";

import type { ComponentLog, LogDetails } from "../core/index.ts";
import {
  GatewayError,
  InProcessDataPlane,
  RateLimitTable,
  changedPlan,
  loadMiddleware,
} from "../gateway/index.ts";
import type { CallBatch, NamespacePlan } from "../gateway/index.ts";
import { toWireFailure } from "./gateway-protocol.ts";
import type {
  GatewayAnswer,
  GatewayOrder,
  GatewayThreadData,
  NumberedOrder,
  WorkerMessage,
} from "./gateway-protocol.ts";

/** Follows the main thread's orders. */
class GatewayWorker {
  readonly #port: MessagePort;
  readonly #data: GatewayThreadData;
  /** In force, for changes to lead on from. */
  readonly #plans = new Map<string, NamespacePlan>();
  #plane: InProcessDataPlane | undefined;

  constructor(port: MessagePort, data: GatewayThreadData) {
    this.#port = port;
    this.#data = data;
  }

  async start(): Promise<void> {
    try {
      this.#plane = await this.#make();
      this.#port.on("message", (order: NumberedOrder) => void this.#follow(order));
      this.#say({ kind: "ready" });
    } catch (error) {
      this.#say({ kind: "failed", error: toWireFailure(error) });
      this.#port.close();
    }
  }

  async #make(): Promise<InProcessDataPlane> {
    const { host, reusePort, tls, rateLimits, instanceId, middleware } = this.#data;
    const { maxConcurrentCalls, maxUpstreamConnections, maxBodyBytes, streamIdleMs } = this.#data;
    const plane = new InProcessDataPlane({
      host,
      reusePort,
      ...(tls === undefined ? {} : { tls }),
      instanceId,
      maxConcurrentCalls,
      maxUpstreamConnections,
      maxBodyBytes,
      streamIdleMs,
      rateLimits: RateLimitTable.attach(rateLimits),
      middleware: await loadMiddleware(middleware),
      log: this.#log(),
    });
    plane.onBatch((batch) => this.#sayBatch(batch));
    return plane;
  }

  async #follow({ id, order }: NumberedOrder): Promise<void> {
    try {
      const answer = await this.#perform(order);
      this.#say({ kind: "done", id, answer });
      if (order.kind === "close") this.#port.close();
    } catch (error) {
      this.#say({ kind: "refused", id, error: toWireFailure(error) });
    }
  }

  async #perform(order: GatewayOrder): Promise<GatewayAnswer> {
    const plane = this.#plane;
    if (plane === undefined) return null;
    switch (order.kind) {
      case "listen":
        return plane.listen(order.port);
      case "apply":
        return this.#apply(plane, order.plan);
      case "change": {
        const { namespace, from } = order.change;
        const plan = changedPlan(this.#plans.get(namespace), order.change);
        if (plan !== undefined) return this.#apply(plane, plan);
        throw new GatewayError("gateway.internal", `Plan ${from} of "${namespace}" is not here`);
      }
      case "remove":
        this.#plans.delete(order.namespace);
        await plane.remove(order.namespace);
        return null;
      case "identities":
        await plane.applyIdentities(order.changes);
        return null;
      case "cut":
        return plane.cut(order.namespace, order.agentId);
      case "look":
        return null;
      case "close":
        await plane.close(order.graceMs);
        return null;
    }
  }

  async #apply(plane: InProcessDataPlane, plan: NamespacePlan): Promise<null> {
    await plane.apply(plan);
    this.#plans.set(plan.namespace, plan);
    return null;
  }

  #sayBatch(batch: CallBatch): void {
    const durations: TransferListItem[] = [];
    for (const { durationsSeconds, upstreamSeconds } of batch.aggregates) {
      for (const { buffer } of [durationsSeconds, upstreamSeconds]) {
        if (buffer instanceof ArrayBuffer) durations.push(buffer);
      }
    }
    const message: WorkerMessage = { kind: "batch", batch };
    this.#port.postMessage(message, durations);
  }

  #log(): ComponentLog {
    const write =
      (level: "debug" | "info" | "warn" | "error") =>
      (event: string, details: LogDetails = {}): void =>
        this.#say({ kind: "log", level, event, details: plainDetails(details) });
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  }

  #say(message: WorkerMessage): void {
    this.#port.postMessage(message);
  }
}

/** Whatever was logged, as something that can cross threads. */
function plainDetails(details: LogDetails): Record<string, string | number | boolean | null> {
  const plain: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(details)) {
    if (value instanceof Error) plain[name] = value.stack ?? value.message;
    else if (typeof value === "number" || typeof value === "boolean") plain[name] = value;
    else if (value === null || typeof value === "string") plain[name] = value;
    else plain[name] = JSON.stringify(value) ?? typeof value;
  }
  return plain;
}

if (parentPort === null) throw new Error("This file is the entry of a worker thread");
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by WorkerDataPlane
void new GatewayWorker(parentPort, workerData as GatewayThreadData).start();
