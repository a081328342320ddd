// The data plane of a server: worker threads that listen on one port. The kernel spreads
// connections over them; plans and keys are pushed to all, limits are shared memory, and what
// happened is pulled together here.
//
//     apply(plan) ──> worker 1 ─┐ acknowledged by all ──> resolves
//                └──> worker 2 ─┘
//     a worker that ends is started again with the plans and keys of now

import { randomUUID } from "node:crypto";
import { availableParallelism, platform } from "node:os";

import { noComponentLog } from "../core/index.ts";
import type { ComponentLog } from "../core/index.ts";
import {
  GatewayError,
  RateLimitTable,
  gatewayLimits,
  planChange,
  probePort,
} from "../gateway/index.ts";
import type {
  CallBatch,
  DataPlane,
  DataPlaneAddress,
  IdentityChange,
  MiddlewareModule,
  NamespacePlan,
  TlsIdentity,
} from "../gateway/index.ts";
import { GatewayThread } from "./gateway-thread.ts";
import type { GatewayOrder, GatewayThreadData } from "./gateway-protocol.ts";

/** Options of a {@link WorkerDataPlane}; every one may be left out. */
export interface WorkerDataPlaneOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free one. @default 0 */
  readonly port?: number;
  /** Speaks TLS with it. @default plain HTTP */
  readonly tls?: TlsIdentity;
  /** 0 takes one less than there are cores, 1 to 4. @default 0 */
  readonly workers?: number;
  /** Imported in each worker. @default [] */
  readonly middleware?: readonly MiddlewareModule[];
  /** Calls under way at once, per worker. @default 10000 */
  readonly maxConcurrentCalls?: number;
  /** Connections to one origin, per worker. @default 1024 */
  readonly maxUpstreamConnections?: number;
  /** Most bytes of one request body. @default 104857600 */
  readonly maxBodyBytes?: number;
  /** An answer under way that is still for so long is broken off. @default 300000 */
  readonly streamIdleMs?: number;
  /** A worker that answers nothing for so long is ended and started again. @default 10000 */
  readonly workerReplyMs?: number;
  readonly log?: ComponentLog;
}

/** Where sharing a port spreads connections evenly; elsewhere one worker listens. */
const SHARES_PORTS = platform() === "linux";
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** A worker that ran so long had no trouble starting. */
const STEADY_MS = 30_000;

/** How many workers an option of 0 means. */
export function defaultWorkers(cores: number = availableParallelism()): number {
  return Math.max(1, Math.min(4, cores - 1));
}

interface Slot {
  thread: GatewayThread | undefined;
  /** Whether its thread was told all there was to know: what changes from then on, it is told. */
  isInformed: boolean;
  startedMs: number;
  restartMs: number;
  timer: NodeJS.Timeout | undefined;
  inFlight: CallBatch["inFlight"];
}

/**
 * Carries calls in worker threads.
 *
 * @example
 * const plane = new WorkerDataPlane({ workers: 1 });
 * const { port } = await plane.listen();
 * console.assert(port > 0);
 * await plane.close();
 */
export class WorkerDataPlane implements DataPlane {
  /** Budgets that all workers share; for calls that code makes beside them. */
  readonly rateLimits = RateLimitTable.create();
  /** Names this gateway in a call's hops. */
  readonly instanceId = randomUUID();
  readonly #options: WorkerDataPlaneOptions;
  readonly #log: ComponentLog;
  readonly #slots: Slot[] = [];
  readonly #plans = new Map<string, NamespacePlan>();
  readonly #identities = new Map<string, IdentityChange>();
  readonly #callbacks = new Set<(batch: CallBatch) => void>();
  #address: DataPlaneAddress | undefined;
  #listening: Promise<DataPlaneAddress> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerDataPlaneOptions = {}) {
    this.#options = options;
    this.#log = options.log ?? noComponentLog;
  }

  get address(): DataPlaneAddress | undefined {
    return this.#address;
  }

  /** Threads that serve now. */
  get workers(): number {
    return this.#slots.filter((slot) => slot.thread !== undefined).length;
  }

  /**
   * Starts the workers.
   * @throws GatewayError `gateway.port_in_use`, `gateway.listen_failed`,
   * `gateway.middleware_failed`, `gateway.closed`.
   */
  listen(): Promise<DataPlaneAddress> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  async apply(plan: NamespacePlan): Promise<void> {
    const known = this.#plans.get(plan.namespace);
    if (known !== undefined && plan.revision < known.revision) return;
    this.#plans.set(plan.namespace, plan);
    if (known === undefined) await this.#tellAll({ kind: "apply", plan });
    else await this.#change(known, plan);
  }

  async remove(namespace: string): Promise<void> {
    this.#plans.delete(namespace);
    await this.#tellAll({ kind: "remove", namespace });
  }

  async applyIdentities(changes: readonly IdentityChange[]): Promise<void> {
    for (const change of changes) {
      if (change.identity === null) this.#identities.delete(change.secretHash);
      else this.#identities.set(change.secretHash, change);
    }
    await this.#tellAll({ kind: "identities", changes });
  }

  async cut(namespace: string, agentId: string): Promise<number> {
    const answers = await this.#tellAll({ kind: "cut", namespace, agentId });
    return answers.reduce<number>((sum, cut) => sum + (typeof cut === "number" ? cut : 0), 0);
  }

  onBatch(callback: (batch: CallBatch) => void): Disposable {
    this.#callbacks.add(callback);
    return { [Symbol.dispose]: () => void this.#callbacks.delete(callback) };
  }

  close(graceMs: number = gatewayLimits.closeGraceMs.value): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #listen(): Promise<DataPlaneAddress> {
    if (this.#closing !== undefined) throw new GatewayError("gateway.closed", "It is closed");
    const { host = "127.0.0.1", port = 0, workers = 0 } = this.#options;
    // A port that is shared would be shared with anybody: look first that it is nobody's.
    await probePort(host, port);
    const wanted = SHARES_PORTS ? workers || defaultWorkers() : 1;
    try {
      this.#address = await this.#startWorker(this.#newSlot(), port);
      const shared = this.#address.port;
      const others = Array.from({ length: wanted - 1 }, () =>
        this.#startWorker(this.#newSlot(), shared),
      );
      await Promise.all(others);
      return this.#address;
    } catch (error) {
      await this.#endThreads(0);
      throw error;
    }
  }

  /** Tells workers what changed; one that cannot follow, because it missed something, gets all. */
  async #change(before: NamespacePlan, plan: NamespacePlan): Promise<void> {
    const change = planChange(before, plan);
    const follow = async (thread: GatewayThread): Promise<void> => {
      try {
        await thread.tell({ kind: "change", change });
      } catch (error) {
        this.#log.warn("gateway.plan_sent_whole", { namespace: plan.namespace, error });
        // The newest: what it missed may not be all, and a namespace that went must stay away.
        const newest = this.#plans.get(plan.namespace);
        if (newest !== undefined) await thread.tell({ kind: "apply", plan: newest });
      }
    };
    await Promise.all(this.#informed().map(follow));
  }

  #newSlot(): Slot {
    const slot: Slot = {
      thread: undefined,
      isInformed: false,
      startedMs: 0,
      restartMs: FIRST_RESTART_MS,
      timer: undefined,
      inFlight: [],
    };
    this.#slots.push(slot);
    return slot;
  }

  /** A worker listens only once it knows all plans and keys. */
  async #startWorker(slot: Slot, port: number): Promise<DataPlaneAddress> {
    const takeBatch = (batch: CallBatch): void => {
      slot.inFlight = batch.inFlight;
      this.#emit(batch);
    };
    const { workerReplyMs } = this.#options;
    const thread = new GatewayThread(this.#threadData(), this.#log, takeBatch, workerReplyMs);
    slot.thread = thread;
    slot.isInformed = false;
    slot.startedMs = performance.now();
    void thread.ended.then((reason) => this.#workerEnded(slot, thread, reason));
    await thread.ready();
    const known = [...this.#identities.values()];
    const orders: GatewayOrder[] = [{ kind: "identities", changes: known }];
    for (const plan of this.#plans.values()) orders.push({ kind: "apply", plan });
    const told = Promise.all(orders.map((order) => thread.tell(order)));
    slot.isInformed = true;
    await told;
    const address = await thread.tell({ kind: "listen", port });
    if (address === null || typeof address === "number") {
      throw new GatewayError("gateway.listen_failed", "A worker said nothing of its port");
    }
    thread.watch();
    return address;
  }

  #threadData(): GatewayThreadData {
    const options = this.#options;
    return {
      host: options.host ?? "127.0.0.1",
      reusePort: SHARES_PORTS,
      tls: options.tls,
      rateLimits: this.rateLimits.buffer,
      instanceId: this.instanceId,
      middleware: options.middleware ?? [],
      maxConcurrentCalls: options.maxConcurrentCalls ?? 10_000,
      maxUpstreamConnections: options.maxUpstreamConnections ?? 1024,
      maxBodyBytes: options.maxBodyBytes ?? 104_857_600,
      streamIdleMs: options.streamIdleMs ?? 300_000,
    };
  }

  #workerEnded(slot: Slot, thread: GatewayThread, reason: string): void {
    if (slot.thread === thread) slot.thread = undefined;
    if (slot.inFlight.length > 0) {
      slot.inFlight = [];
      this.#emit({ calls: [], aggregates: [], omitted: 0, inFlight: [], outcomes: [] });
    }
    // Before the port is known, whoever asked to listen gets the failure.
    if (this.#closing !== undefined || this.#address === undefined) return;
    if (performance.now() - slot.startedMs > STEADY_MS) slot.restartMs = FIRST_RESTART_MS;
    const inMs = slot.restartMs;
    slot.restartMs = Math.min(LONGEST_RESTART_MS, slot.restartMs * 2);
    this.#log.error("gateway.worker_ended", { reason, restartInMs: inMs, running: this.workers });
    slot.timer = setTimeout(() => void this.#restart(slot), inMs);
  }

  async #restart(slot: Slot): Promise<void> {
    if (this.#closing !== undefined || this.#address === undefined) return;
    try {
      await this.#startWorker(slot, this.#address.port);
      this.#log.warn("gateway.worker_restarted", { running: this.workers });
    } catch (error) {
      // Its end, which follows, tries again later.
      this.#log.error("gateway.worker_not_restarted", { error });
      slot.thread?.terminate("it could not be started");
    }
  }

  async #tellAll(order: GatewayOrder): Promise<unknown[]> {
    return Promise.all(this.#informed().map((thread) => thread.tell(order)));
  }

  /**
   * Workers that follow what is told. Those that start, or end meanwhile and start again, are left
   * out: they begin with what is known then, before they listen.
   */
  #informed(): GatewayThread[] {
    return this.#slots.flatMap(({ thread, isInformed }) =>
      thread === undefined || !isInformed ? [] : [thread],
    );
  }

  #emit(batch: CallBatch): void {
    const merged: CallBatch = { ...batch, inFlight: this.#inFlight() };
    for (const callback of this.#callbacks) callback(merged);
  }

  #inFlight(): CallBatch["inFlight"] {
    if (this.#slots.length === 1) return this.#slots[0]?.inFlight ?? [];
    const sums = new Map<string, CallBatch["inFlight"][number]>();
    for (const { inFlight } of this.#slots) {
      for (const entry of inFlight) {
        const key = `${entry.namespace}\n${entry.serviceId}\n${entry.baseUrl}`;
        const calls = (sums.get(key)?.calls ?? 0) + entry.calls;
        sums.set(key, { ...entry, calls });
      }
    }
    return [...sums.values()];
  }

  async #close(graceMs: number): Promise<void> {
    // A start under way is let finish, so that no thread is left behind.
    await this.#listening?.catch(() => undefined);
    await this.#endThreads(graceMs);
    this.#callbacks.clear();
  }

  async #endThreads(graceMs: number): Promise<void> {
    for (const slot of this.#slots) clearTimeout(slot.timer);
    const threads = this.#slots.flatMap((slot) => (slot.thread === undefined ? [] : [slot.thread]));
    await Promise.all(threads.map((thread) => thread.close(graceMs)));
  }
}
