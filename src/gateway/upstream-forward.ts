// Carries one call to an endpoint, and to another one when that is allowed: before the first byte
// of an answer, for methods that may be repeated (for all, when nothing was sent), within the
// service's retry budget.
//
//     pick ── send ─┬─ answers ─────────────────────────────> begin, write..., end
//      ^            ├─ its old socket was just closed ──────> the same on a new one, once
//      │            ├─ 502, 503, 504: read to its end ──┐
//      └─ may retry ┴─ fails before its head ───────────┘ no: the failure is the answer

import type { Readable } from "node:stream";

import type { Dispatcher } from "undici";

import { dataPlaneLimits } from "./data-plane-limits.ts";
import type { EndpointFinding } from "./endpoint-pool.ts";
import { GatewayError } from "./errors.ts";
import type { CallForward } from "./running-call.ts";
import { Attempt } from "./upstream-attempt.ts";
import type { AttemptOwner, ForwardSink } from "./upstream-attempt.ts";
import { bodyTooSlow, errorCode, serviceBusy, upstreamTooSlow } from "./upstream-error.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamPools } from "./upstream-pools.ts";
import type { UpstreamService, UpstreamTarget } from "./upstream-service.ts";

/** What is sent. */
export interface ForwardRequest {
  readonly method: string;
  /** Path and query below the base URL; starts with `/`. */
  readonly path: string;
  /** Names and values in turn; without `host`, which is the endpoint's. */
  readonly headers: string[];
  readonly body: Buffer | Readable | null;
}

const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"]);
/** What undici refuses to send. */
const UNSENDABLE = new Set([
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
]);
const NONE_TRIED: ReadonlySet<string> = new Set();

/** One call on its way to an upstream. */
export class Forward implements CallForward, AttemptOwner {
  /** Attempts so far. */
  attempts = 0;
  /** Base URL of the endpoint that answered, or was tried last. */
  endpoint: string | null = null;
  readonly service: UpstreamService;
  readonly #pools: UpstreamPools;
  readonly #request: ForwardRequest;
  readonly #sink: ForwardSink;
  #tried: Set<string> | undefined;
  #attempt: Attempt | undefined;
  #hasReplayed = false;

  constructor(
    service: UpstreamService,
    pools: UpstreamPools,
    request: ForwardRequest,
    sink: ForwardSink,
  ) {
    this.service = service;
    this.#pools = pools;
    this.#request = request;
    this.#sink = sink;
  }

  /** Begins the first attempt. */
  start(): void {
    this.service.endpoints.earnRetry();
    const target = this.service.pick(NONE_TRIED);
    if (target === undefined) this.#sink.fail(this.#noEndpoint());
    else this.#try(target, null);
  }

  /** Whether nothing of it is under way (any more). */
  get isOver(): boolean {
    return this.#attempt === undefined || this.#attempt.isOver;
  }

  /** The sink takes more. */
  resume(): void {
    this.#attempt?.controller?.resume();
  }

  /**
   * Breaks the call off.
   * @param finding undefined when the endpoint is not to blame.
   */
  cancel(finding: EndpointFinding | undefined, reason: string): void {
    this.#attempt?.cancel(finding, reason);
  }

  giveUp(seconds: number): GatewayError {
    const { id } = this.service.plan;
    if (this.#attempt?.isWaiting === true) {
      const words = `no connection to it became free within ${seconds} s`;
      this.cancel(undefined, words);
      return serviceBusy(id, words);
    }
    if (this.#awaitsBody()) {
      this.cancel(undefined, "the body did not arrive");
      return bodyTooSlow(seconds);
    }
    this.cancel("failed", `no answer within ${seconds} s`);
    return upstreamTooSlow(id, seconds);
  }

  /** @param connection to be used, when it is not for the origin to choose. */
  #try(target: UpstreamTarget, connection: UpstreamConnection | null): void {
    this.attempts += 1;
    this.endpoint = target.baseUrl;
    const { service } = this;
    const isTrial = service.endpoints.started(target.baseUrl);
    const origin = this.#pools.of(target.origin);
    const attempt = new Attempt(this, this.#sink, target, origin, isTrial);
    this.#attempt = attempt;
    const { method, path, headers, body } = this.#request;
    const options: Dispatcher.DispatchOptions = {
      path: target.basePath + path,
      method,
      headers,
      body,
    };
    // undici gives a connection up after each HEAD, for servers that send a body all the same; we
    // keep it, as nginx and Go do. What such a server sends ends its connection: at once, or when
    // undici looks for it before it uses the idle connection again.
    if (method === "HEAD" && body === null) options.reset = false;
    if (connection !== null) origin.resend(options, attempt, connection);
    else if (!origin.send(options, attempt)) this.#refuse(attempt);
  }

  #refuse(attempt: Attempt): void {
    const waiting = dataPlaneLimits.upstreamWaiting.value;
    const words = `${waiting} calls wait for a connection already`;
    attempt.cancel(undefined, words);
    this.#sink.fail(serviceBusy(this.service.plan.id, words));
  }

  nextTarget(after: UpstreamTarget, wasSent: boolean): UpstreamTarget | undefined {
    if (!this.#mayRepeat(wasSent)) return undefined;
    if (this.attempts > this.service.plan.retries) return undefined;
    this.#tried ??= new Set();
    this.#tried.add(after.baseUrl);
    const target = this.service.pick(this.#tried);
    if (target === undefined || !this.service.endpoints.takeRetry()) return undefined;
    return target;
  }

  callerFault(error: Error): GatewayError | undefined {
    const { body } = this.#request;
    const code = errorCode(error);
    const isStream = body !== null && !Buffer.isBuffer(body);
    // The very error: a body is also destroyed because of what the service did.
    if (isStream && (body.errored === error || code === "UND_ERR_ABORTED")) {
      const message = `The body broke off: ${error.message}`;
      return new GatewayError("gateway.body_broken", message, { cause: error });
    }
    if (!UNSENDABLE.has(code)) return undefined;
    const message = `The request cannot be sent: ${error.message}`;
    return new GatewayError("gateway.request_invalid", message, { cause: error });
  }

  retry(target: UpstreamTarget): void {
    this.#try(target, null);
  }

  replay(target: UpstreamTarget, connection: UpstreamConnection): boolean {
    if (this.#hasReplayed || !this.#mayRepeat(true)) return false;
    if (!this.service.endpoints.takeRetry()) return false;
    this.#hasReplayed = true;
    this.#try(target, connection);
    return true;
  }

  /** What was never sent did nothing, whatever its method (RFC 9110, section 9.2.2). */
  #mayRepeat(wasSent: boolean): boolean {
    const { method, body } = this.#request;
    const isAtHand = body === null || Buffer.isBuffer(body);
    return isAtHand && (!wasSent || REPEATABLE.has(method));
  }

  /** Whether the service took all of the body that came, and waits for the caller's next piece. */
  #awaitsBody(): boolean {
    const { body } = this.#request;
    if (body === null || Buffer.isBuffer(body) || body.readableEnded) return false;
    // It does not flow before it is sent, nor while the service takes no more of it.
    return body.readableFlowing === true && body.readableLength === 0;
  }

  #noEndpoint(): GatewayError {
    const { id } = this.service.plan;
    const waitMs = this.service.endpoints.nextTrialMs();
    const message = `Service "${id}" has no endpoint that may be tried now`;
    return new GatewayError("gateway.no_endpoint", message, {
      details: { serviceId: id },
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  }
}
