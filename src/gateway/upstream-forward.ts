// Carries one call to an endpoint, and to another one when that is allowed: before the first byte
// of an answer, for methods that may be repeated, within the service's retry budget.
//
//     pick ── dispatch ─┬─ answers ─────────────────────────────> begin, write..., end
//      ^                ├─ 502, 503, 504: read to its end ──┐
//      └── may retry ───┴─ fails before its head ───────────┘ no: the failure is the answer

import type { Readable } from "node:stream";

import type { Dispatcher } from "undici";

import { GatewayError } from "./errors.ts";
import type { CellphoneError } from "../core/index.ts";
import type { AnswerSink } from "./call-caller.ts";
import { readAnswerFields } from "./header-fields.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import type { CallForward } from "./running-call.ts";
import { describeUpstreamError, upstreamError } from "./upstream-error.ts";
import type { UpstreamFailure } from "./upstream-error.ts";
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

/** Takes the answer. */
export interface ForwardSink extends AnswerSink {
  /** Whether the gateway says `RateLimit` itself. */
  readonly saysLimits: boolean;
  inform(status: number, headers: readonly string[]): void;
  /** There will be no answer, or no more of it. */
  fail(error: CellphoneError): void;
}

const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"]);
const NONE_TRIED: ReadonlySet<string> = new Set();

function isWorthRetrying(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** One call on its way to an upstream. */
export class Forward implements CallForward {
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
    else this.#try(target);
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
   * @param ok false when the endpoint is to blame; undefined when that cannot be said.
   */
  cancel(ok: boolean | undefined, reason: string): void {
    this.#attempt?.cancel(ok, reason);
  }

  #try(target: UpstreamTarget): void {
    this.attempts += 1;
    this.endpoint = target.baseUrl;
    const attempt = new Attempt(this, this.#sink, target);
    this.#attempt = attempt;
    this.service.endpoints.started(target.baseUrl);
    const { method, path, headers, body } = this.#request;
    const options: Dispatcher.DispatchOptions = {
      path: target.basePath + path,
      method,
      headers,
      body,
    };
    try {
      this.#pools.of(target.origin).dispatch(options, attempt);
    } catch (error) {
      // Refused before it was sent, such as a header that cannot be written.
      attempt.onResponseError(null, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Another endpoint for an attempt that brought nothing; undefined to accept what it brought. */
  nextTarget(after: UpstreamTarget): UpstreamTarget | undefined {
    const { method, body } = this.#request;
    const isReplayable = body === null || Buffer.isBuffer(body);
    if (!isReplayable || !REPEATABLE.has(method)) return undefined;
    if (this.attempts > this.service.plan.retries) return undefined;
    this.#tried ??= new Set();
    this.#tried.add(after.baseUrl);
    const target = this.service.pick(this.#tried);
    if (target === undefined || !this.service.endpoints.takeRetry()) return undefined;
    return target;
  }

  retry(target: UpstreamTarget): void {
    this.#try(target);
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

/** One attempt; undici calls it. */
class Attempt implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | null = null;
  isOver = false;
  readonly #forward: Forward;
  readonly #sink: ForwardSink;
  readonly #target: UpstreamTarget;
  #hasBegun = false;
  /** Where to go on once a failed answer has been read. */
  #next: UpstreamTarget | undefined;
  #discarded = 0;
  #interim = 0;
  #failedStatus = 0;

  constructor(forward: Forward, sink: ForwardSink, target: UpstreamTarget) {
    this.#forward = forward;
    this.#sink = sink;
    this.#target = target;
  }

  cancel(ok: boolean | undefined, reason: string): void {
    if (this.isOver) return;
    this.#finish(ok, reason);
    this.controller?.abort(new Error(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // It was cancelled while it waited for a connection.
    if (this.isOver) controller.abort(new Error("cancelled"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason: string = "",
  ): void {
    if (this.isOver) return;
    const raw = controller.rawHeaders;
    const fields = readAnswerFields(Array.isArray(raw) ? raw : [], this.#sink.saysLimits);
    if (status < 200) {
      this.#inform(controller, status, fields.forward);
      return;
    }
    if (fields.problem !== null) {
      this.#fail({ code: "gateway.upstream_broken", words: `${fields.problem} in its answer` });
      controller.abort(new Error(fields.problem));
      return;
    }
    if (isWorthRetrying(status)) {
      this.#failedStatus = status;
      this.#next = this.#forward.nextTarget(this.#target);
      if (this.#next !== undefined) return;
    }
    this.#hasBegun = true;
    this.#sink.begin(status, reason, fields.forward);
  }

  /** They have no end of their own, and a caller that does not read them would fill memory. */
  #inform(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: readonly string[],
  ): void {
    this.#interim += 1;
    const most = dataPlaneLimits.interimAnswers.value;
    if (this.#interim <= most) {
      this.#sink.inform(status, headers);
      return;
    }
    const words = `it sent more than ${most} interim answers (1xx)`;
    this.#fail({ code: "gateway.upstream_broken", words });
    controller.abort(new Error(words));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return;
    if (this.#next === undefined) {
      if (!this.#sink.write(chunk)) controller.pause();
      return;
    }
    this.#discarded += chunk.length;
    if (this.#discarded <= dataPlaneLimits.discardedBytes.value) return;
    this.#goOn(this.#next);
    controller.abort(new Error("a failed answer is too long to be read"));
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    if (this.#next !== undefined) {
      this.#goOn(this.#next);
      return;
    }
    const status = this.#failedStatus;
    if (status === 0) this.#finish(true, null);
    else this.#finish(false, `answered ${status}`);
    this.#sink.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.isOver) return;
    const failure = describeUpstreamError(error);
    if (this.#next !== undefined) {
      this.#goOn(this.#next);
      return;
    }
    const next = this.#hasBegun ? undefined : this.#forward.nextTarget(this.#target);
    if (next === undefined) this.#fail(failure, error);
    else {
      this.#finish(false, failure.words);
      this.#forward.retry(next);
    }
  }

  #goOn(next: UpstreamTarget): void {
    this.#finish(false, `answered ${this.#failedStatus}`);
    this.#forward.retry(next);
  }

  #fail(failure: UpstreamFailure, cause?: unknown): void {
    this.#finish(false, failure.words);
    const { id } = this.#forward.service.plan;
    this.#sink.fail(upstreamError(id, failure, cause));
  }

  #finish(ok: boolean | undefined, reason: string | null): void {
    this.isOver = true;
    this.#forward.service.endpoints.ended(this.#target.baseUrl, ok, reason);
  }
}
