// The one way every call goes, whether it came over the network or from routeRequest():
//
//     admit ── body ──┬────────────────────────────── forward ──> the caller
//      │              └─ middleware ── next() ──────── forward ─┐
//      │                     ^─────────────────────────────────┘
//      └─ refused: problem+json
//
// Without middleware nothing of a call is turned into objects: raw headers in, raw headers out.

import type { Readable } from "node:stream";

import type { Clock, ComponentLog } from "../core/index.ts";
import { CellphoneError } from "../core/index.ts";

import { CallAdmission } from "./call-admission.ts";
import type { TrustedCaller } from "./call-admission.ts";
import type { Middleware } from "./call.ts";
import type { Caller } from "./call-caller.ts";
import { CallDeadlines } from "./call-deadlines.ts";
import { CallRecorder } from "./call-recorder.ts";
import { CallTraces } from "./call-trace.ts";
import { canonicalisePath } from "./canonical-path.ts";
import { CallSet } from "./call-set.ts";
import type { CallBatch } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { readCallerFields } from "./header-fields.ts";
import type { CallerFields } from "./header-fields.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import { MiddlewareRun } from "./middleware-run.ts";
import type { MiddlewareHost } from "./middleware-run.ts";
import type { RateLimitTable } from "./rate-limit-table.ts";
import { RunningCall } from "./running-call.ts";
import type { CallHost } from "./running-call.ts";
import type { ForwardSink } from "./upstream-attempt.ts";
import { Forward } from "./upstream-forward.ts";
import { upstreamHeaders } from "./upstream-headers.ts";
import { UpstreamPools } from "./upstream-pools.ts";
import type { PlaneNamespace } from "./upstream-service.ts";

/** What the pipeline is made with. */
export interface CallPipelineOptions {
  readonly clock: Clock;
  readonly log: ComponentLog;
  readonly rateLimits: RateLimitTable;
  /** Seen by every call, in order; may change between calls. */
  readonly middleware: readonly Middleware[];
  readonly maxConcurrentCalls: number;
  readonly maxUpstreamConnections: number;
  readonly maxBodyBytes: number;
  readonly streamIdleMs: number;
  readonly connectTimeoutMs?: number;
  /** Tells this gateway from others in the hops of a call; the same in all of its workers. */
  readonly instanceId: string;
  /** Namespace of callers without a key. */
  readonly defaultNamespace: string;
}

/** Carries calls. */
export class CallPipeline implements CallHost, MiddlewareHost {
  readonly admission: CallAdmission;
  readonly recorder: CallRecorder;
  readonly pools: UpstreamPools;
  readonly chain: readonly Middleware[];
  readonly log: ComponentLog;
  readonly maxBodyBytes: number;
  readonly streamIdleMs: number;
  readonly instanceId: string;
  readonly #clock: Clock;
  readonly #maxConcurrentCalls: number;
  readonly #traces = new CallTraces();
  readonly #running = new CallSet<RunningCall>();
  readonly #deadlines: CallDeadlines;
  #isClosed = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: CallPipelineOptions) {
    const { clock, maxConcurrentCalls, connectTimeoutMs } = options;
    this.#clock = clock;
    this.log = options.log;
    this.chain = options.middleware;
    this.maxBodyBytes = options.maxBodyBytes;
    this.streamIdleMs = options.streamIdleMs;
    this.instanceId = options.instanceId;
    this.#maxConcurrentCalls = maxConcurrentCalls;
    const share = (maxConcurrentCalls * dataPlaneLimits.serviceShare.value) / 100;
    this.admission = new CallAdmission({ ...options, callsPerService: Math.ceil(share) });
    this.recorder = new CallRecorder(clock, () => this.#report());
    this.pools = new UpstreamPools({
      connections: options.maxUpstreamConnections,
      ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    });
    this.#deadlines = new CallDeadlines(clock, this.#running);
  }

  /** Calls under way. */
  get running(): Pick<CallSet<RunningCall>, "size"> {
    return this.#running;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  /** A call that nothing is decided about yet. */
  open(caller: Caller): RunningCall {
    const fields = readCallerFields(caller.rawHeaders);
    const trace = this.#traces.continue(fields.traceparent);
    return new RunningCall(caller, fields, trace, this, this.#clock.now());
  }

  /** Carries a call; its caller tells it what happens on its side. */
  carry(call: RunningCall, trusted?: TrustedCaller): void {
    try {
      this.admit(call, trusted);
    } catch (error) {
      call.fail(this.knownError(call, error));
      return;
    }
    const { contentLength, isChunked } = call.fields;
    if (!isChunked && (contentLength === null || contentLength === 0)) this.#go(call, null);
    else if (!isChunked && (contentLength ?? 0) <= dataPlaneLimits.smallBodyBytes.value) {
      call.caller.collect((body) => {
        call.received(body.length);
        if (!call.isOver) this.#go(call, body);
      });
    } else
      this.#go(
        call,
        call.caller.stream((count) => call.received(count)),
      );
  }

  /** Decides about a call and counts it in. @throws GatewayError when it must not go on. */
  admit(call: RunningCall, trusted?: TrustedCaller): void {
    if (this.#isClosed) throw new GatewayError("gateway.closed", "The gateway is stopping");
    if (this.#running.size >= this.#maxConcurrentCalls) {
      const message = `${this.#running.size} calls are under way`;
      throw new GatewayError("gateway.too_many_calls", message, { retryAfterSeconds: 1 });
    }
    this.admission.admit(call, trusted);
    const { contentLength } = call.fields;
    if (contentLength !== null && contentLength > this.maxBodyBytes) {
      const message = `The body has ${contentLength} bytes, more than ${this.maxBodyBytes}`;
      throw new GatewayError("gateway.body_too_large", message);
    }
    this.#running.add(call);
    if (call.service !== null) call.service.calls += 1;
    this.#deadlines.watch();
    this.recorder.began();
  }

  /** The error to answer with; one we did not foresee is logged under the call's id. */
  knownError(call: RunningCall, error: unknown): CellphoneError {
    if (error instanceof CellphoneError) return error;
    const callId = call.trace.spanId;
    this.log.error("gateway.internal", { callId, error });
    return new GatewayError("gateway.internal", `Something unforeseen went wrong (${callId})`);
  }

  over(call: RunningCall): void {
    if (this.#running.delete(call) && call.service !== null) call.service.calls -= 1;
    const namespace = this.admission.namespace(call.namespace);
    this.recorder.ended(call, namespace?.plan.slowCallMs ?? Infinity);
    if (this.#running.size === 0) this.#whenIdle?.();
  }

  send(
    call: RunningCall,
    request: { readonly method: string; readonly path: string; readonly query: string },
    fields: CallerFields,
    body: Buffer | Readable | null,
    bodyLength: number | null,
    sink: ForwardSink,
  ): void {
    if (request.path !== call.path) this.#reroute(call, request.path);
    const { service } = call;
    if (service === null) throw new GatewayError("gateway.internal", "The call has no service");
    const { credential } = service.plan;
    const query = request.query === "" ? "" : `?${request.query}`;
    const forward = new Forward(
      service,
      this.pools,
      {
        method: request.method,
        path: call.upstreamPath + query,
        headers: upstreamHeaders(call, fields, credential, bodyLength, this.instanceId),
        body,
      },
      sink,
    );
    call.forward = forward;
    forward.start();
  }

  /** Takes no new calls; resolves when those under way are over. */
  async drain(): Promise<void> {
    this.#isClosed = true;
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  /** Breaks calls off; the number of them. */
  cut(which: (call: RunningCall) => boolean, why: string): number {
    const chosen = [...this.#running].filter(which);
    for (const call of chosen) call.breakOff(new GatewayError("gateway.cut", why));
    return chosen.length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#deadlines.close();
    this.recorder.close();
    await this.pools.close();
  }

  /** Ends connections that no plan leads to any more. */
  retainPools(): void {
    const origins = new Set<string>();
    for (const namespace of this.admission.namespaces()) {
      for (const service of namespace.services()) {
        for (const origin of service.origins()) origins.add(origin);
      }
    }
    this.pools.retain(origins);
  }

  #go(call: RunningCall, body: Buffer | Readable | null): void {
    call.isActive = true;
    try {
      if (this.chain.length > 0) {
        new MiddlewareRun(this, call, body).start();
        return;
      }
      const { method } = call.caller;
      const { path, query, fields } = call;
      const isStream = body !== null && !Buffer.isBuffer(body);
      const length = isStream ? fields.contentLength : null;
      this.send(call, { method, path, query }, fields, body, length, call);
    } catch (error) {
      call.fail(this.knownError(call, error));
    }
  }

  /** A middleware changed the path: it must lead to the service whose limits were applied. */
  #reroute(call: RunningCall, path: string): void {
    const found = canonicalisePath(path);
    const namespace: PlaneNamespace | undefined = this.admission.namespace(call.namespace);
    const match = found.problem === undefined ? namespace?.routes.match(found.path) : undefined;
    if (match === undefined || match.service.id !== call.serviceId) {
      throw new Error(`A middleware changed the path to "${path}", which leads elsewhere`);
    }
    call.upstreamPath = match.upstreamPath;
  }

  #report(): Pick<CallBatch, "inFlight" | "outcomes"> {
    const inFlight: CallBatch["inFlight"][number][] = [];
    const outcomes: CallBatch["outcomes"][number][] = [];
    for (const { plan, services } of this.#served()) {
      for (const service of services) {
        const where = { namespace: plan.namespace, serviceId: service.plan.id };
        for (const endpoint of service.endpoints.inFlight())
          inFlight.push({ ...where, ...endpoint });
        for (const outcome of service.endpoints.takeOutcomes()) {
          outcomes.push({ ...where, ...outcome });
        }
      }
    }
    return { inFlight, outcomes };
  }

  #served() {
    return [...this.admission.namespaces()].map((namespace) => ({
      plan: namespace.plan,
      services: namespace.services(),
    }));
  }
}
