// The data plane in one thread: what each gateway worker runs, and what a library user gets.

import { randomUUID } from "node:crypto";

import { noComponentLog, systemClock, DEFAULT_NAMESPACE } from "../core/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";

import type { TrustedCaller } from "./call-admission.ts";
import type { Middleware, RoutedRequest, RoutedResponse } from "./call.ts";
import { CallPipeline } from "./call-pipeline.ts";
import type {
  CallBatch,
  DataPlane,
  DataPlaneAddress,
  IdentityChange,
  NamespacePlan,
  TlsIdentity,
} from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { HttpFront, probePort } from "./http-front.ts";
import { InProcessCaller } from "./in-process-caller.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import { RateLimitTable } from "./rate-limit-table.ts";

/** Options of an {@link InProcessDataPlane}; every one may be left out. */
export interface InProcessDataPlaneOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free one. @default 0 */
  readonly port?: number;
  /** Shares the port with other workers, which were probed for. @default false */
  readonly reusePort?: boolean;
  /** Speaks TLS with it. @default plain HTTP */
  readonly tls?: TlsIdentity;
  /** Shared with other workers, or its own. */
  readonly rateLimits?: RateLimitTable;
  /** Seen by every call in order; the list may change while calls run. @default [] */
  readonly middleware?: readonly Middleware[];
  /** Calls under way at once. @default 10000 */
  readonly maxConcurrentCalls?: number;
  /** Connections to one origin. @default 1024 */
  readonly maxUpstreamConnections?: number;
  /** Most bytes of one request body. @default 104857600 */
  readonly maxBodyBytes?: number;
  /** An answer under way that is still for so long is broken off. @default 300000 */
  readonly streamIdleMs?: number;
  /** How long an endpoint may take to accept a connection. @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Tells this gateway from others in a call's hops. */
  readonly instanceId?: string;
  /** Namespace of callers without a key. @default "default" */
  readonly defaultNamespace?: string;
  readonly clock?: Clock;
  readonly log?: ComponentLog;
}

/**
 * Carries calls in this thread.
 *
 * @example
 * const plane = new InProcessDataPlane();
 * await plane.apply({ namespace: "default", revision: 1, services: [], held: {},
 *   slowCallMs: 5000, anonymous: true });
 * const answer = await plane.call({ method: "GET", path: "/v1/users/7" });
 * console.assert(answer.status === 404);
 * await plane.close();
 */
export class InProcessDataPlane implements DataPlane {
  readonly #pipeline: CallPipeline;
  readonly #options: InProcessDataPlaneOptions;
  #front: HttpFront | undefined;
  #address: DataPlaneAddress | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: InProcessDataPlaneOptions = {}) {
    this.#options = options;
    const { connectTimeoutMs } = options;
    this.#pipeline = new CallPipeline({
      clock: options.clock ?? systemClock,
      log: options.log ?? noComponentLog,
      rateLimits: options.rateLimits ?? RateLimitTable.create(),
      middleware: options.middleware ?? [],
      maxConcurrentCalls: options.maxConcurrentCalls ?? 10_000,
      maxUpstreamConnections: options.maxUpstreamConnections ?? 1024,
      maxBodyBytes: options.maxBodyBytes ?? 104_857_600,
      streamIdleMs: options.streamIdleMs ?? 300_000,
      instanceId: options.instanceId ?? randomUUID(),
      defaultNamespace: options.defaultNamespace ?? DEFAULT_NAMESPACE,
      ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    });
  }

  get address(): DataPlaneAddress | undefined {
    return this.#address;
  }

  /** Calls under way. */
  get running(): number {
    return this.#pipeline.running.size;
  }

  /**
   * @param port another one than the options name.
   * @throws GatewayError `gateway.port_in_use`, `gateway.listen_failed`, `gateway.closed`.
   */
  async listen(port: number = this.#options.port ?? 0): Promise<DataPlaneAddress> {
    if (this.#closing !== undefined) throw new GatewayError("gateway.closed", "It is closed");
    if (this.#address !== undefined) return this.#address;
    const { host = "127.0.0.1", reusePort = false } = this.#options;
    if (!reusePort) await probePort(host, port);
    const front = new HttpFront(this.#pipeline, this.#options.tls);
    this.#address = await front.listen({ host, port, reusePort });
    this.#front = front;
    return this.#address;
  }

  /**
   * Makes a call in this thread, without the network before the service; works before listen().
   *
   * @param as for whom; without it the call shows a key in its headers, as on the network.
   * @throws GatewayError `gateway.upstream_broken` when the answer broke off, and
   * `gateway.answer_too_large`; the signal's reason when it aborted. Every other failure is an
   * answer.
   */
  call(request: RoutedRequest, as?: TrustedCaller): Promise<RoutedResponse> {
    const caller = new InProcessCaller(request);
    const call = this.#pipeline.open(caller);
    caller.attach(call, request.signal);
    if (!call.isOver) this.#pipeline.carry(call, as);
    return caller.answer;
  }

  async apply(plan: NamespacePlan): Promise<void> {
    this.#pipeline.admission.apply(plan);
    this.#pipeline.retainPools();
  }

  async remove(namespace: string): Promise<void> {
    this.#pipeline.admission.remove(namespace);
    this.#pipeline.cut(
      (call) => call.namespace === namespace,
      `Namespace "${namespace}" is served no more`,
    );
    this.#pipeline.retainPools();
  }

  async applyIdentities(changes: readonly IdentityChange[]): Promise<void> {
    const gone = this.#pipeline.admission.applyIdentities(changes);
    if (gone.size === 0) return;
    this.#pipeline.cut(
      ({ key }) => key !== null && gone.has(key),
      "The key it was called with is valid no more",
    );
  }

  async cut(namespace: string, agentId: string): Promise<number> {
    return this.#pipeline.cut(
      (call) => call.namespace === namespace && call.agentId === agentId,
      `Calls of agent "${agentId}" were broken off`,
    );
  }

  onBatch(callback: (batch: CallBatch) => void): Disposable {
    return this.#pipeline.recorder.onBatch(callback);
  }

  /** Tells what has happened by now, without waiting for the next batch's time. */
  flush(): void {
    this.#pipeline.recorder.flush();
  }

  /** @param graceMs how long calls under way may take to finish. @default 10000 */
  close(graceMs: number = dataPlaneLimits.closeGraceMs.value): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#front?.stop();
    const drained = this.#pipeline.drain();
    const cutting = setTimeout(() => {
      this.#pipeline.cut(() => true, "The gateway is stopping");
    }, graceMs);
    await drained;
    clearTimeout(cutting);
    // Answers that are written but not yet read get a moment to leave.
    const leaving = setTimeout(() => this.#front?.destroy(), LEAVING_MS);
    await this.#front?.closed();
    clearTimeout(leaving);
    await this.#pipeline.close();
  }
}

const LEAVING_MS = 500;
