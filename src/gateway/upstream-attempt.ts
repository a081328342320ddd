// One attempt to get an answer from one endpoint, as undici drives it: the head is judged, the body
// handed on, and what the attempt says about the endpoint is told exactly once.

import type { Dispatcher } from "undici";

import type { CellphoneError } from "../core/index.ts";

import type { AnswerSink } from "./call-caller.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import type { EndpointFinding } from "./endpoint-pool.ts";
import { readAnswerFields } from "./header-fields.ts";
import { describeUpstreamError, errorCode, upstreamError } from "./upstream-error.ts";
import type { UpstreamFailure } from "./upstream-error.ts";
import type { UpstreamConnection, UpstreamExchange } from "./upstream-connection.ts";
import type { UpstreamOrigin } from "./upstream-origin.ts";
import type { UpstreamService, UpstreamTarget } from "./upstream-service.ts";

/** Takes the answer. */
export interface ForwardSink extends AnswerSink {
  /** Whether the gateway says `RateLimit` itself. */
  readonly saysLimits: boolean;
  inform(status: number, headers: readonly string[]): void;
  /** There will be no answer, or no more of it. */
  fail(error: CellphoneError): void;
}

/** The call an attempt is made for. */
export interface AttemptOwner {
  readonly service: UpstreamService;
  /**
   * Another endpoint for an attempt that brought nothing; undefined to accept what it brought.
   * @param wasSent whether the endpoint may have seen some of it.
   */
  nextTarget(after: UpstreamTarget, wasSent: boolean): UpstreamTarget | undefined;
  /** The same again, on a new socket of this connection; whether that is being done. */
  replay(target: UpstreamTarget, connection: UpstreamConnection): boolean;
  retry(target: UpstreamTarget): void;
  /** What the caller did, when that is why an attempt failed. */
  callerFault(error: Error): CellphoneError | undefined;
}

/** The other side closed its end. */
const LOST = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** Whether an answer says that the endpoint could not do its part: another one may. */
export function isBadStatus(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** One attempt; undici calls it. */
export class Attempt implements UpstreamExchange {
  controller: Dispatcher.DispatchController | null = null;
  connection: UpstreamConnection | null = null;
  isWaiting = false;
  isOver = false;
  readonly #owner: AttemptOwner;
  readonly #sink: ForwardSink;
  readonly #target: UpstreamTarget;
  readonly #origin: UpstreamOrigin;
  readonly #isTrial: boolean;
  #hasLeft = false;
  /** Whether its socket had carried another exchange before. */
  #isOnOldSocket = false;
  /** Whether anything came back. */
  #isHeard = false;
  #hasBegun = false;
  /** Where to go on once a failed answer has been read. */
  #next: UpstreamTarget | undefined;
  #discarded = 0;
  #interim = 0;
  #badStatus = 0;

  /** @param isTrial as {@link EndpointPool.started} said. */
  constructor(
    owner: AttemptOwner,
    sink: ForwardSink,
    target: UpstreamTarget,
    origin: UpstreamOrigin,
    isTrial: boolean,
  ) {
    this.#owner = owner;
    this.#sink = sink;
    this.#target = target;
    this.#origin = origin;
    this.#isTrial = isTrial;
  }

  /** @param finding of an endpoint that has not begun to answer. */
  cancel(finding: EndpointFinding | undefined, reason: string): void {
    if (this.isOver) return;
    this.#finish(this.#hasBegun ? undefined : finding, reason);
    if (this.isWaiting) this.#origin.withdraw(this);
    else this.controller?.abort(new Error(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.#isOnOldSocket = this.connection?.began() === true;
    // It was cancelled while its connection was made.
    if (this.isOver) controller.abort(new Error("cancelled"));
  }

  onResponseStarted(): void {
    this.#isHeard = true;
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
      const words = `${fields.problem} in its answer`;
      this.#fail("answeredBadly", { code: "gateway.upstream_broken", words });
      controller.abort(new Error(fields.problem));
      return;
    }
    if (isBadStatus(status)) {
      this.#badStatus = status;
      this.#next = this.#owner.nextTarget(this.#target, true);
      if (this.#next !== undefined) return;
    } else this.#owner.service.endpoints.answered(this.#target.baseUrl);
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
    this.#fail("answeredBadly", { code: "gateway.upstream_broken", words });
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
    this.#leave();
    if (!this.isOver) this.#ended();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#leave();
    if (!this.isOver) this.#broke(error);
  }

  #leave(): void {
    if (this.#hasLeft || this.isWaiting) return;
    this.#hasLeft = true;
    this.#origin.left();
  }

  #ended(): void {
    if (this.#next !== undefined) {
      this.#goOn(this.#next);
      return;
    }
    if (this.#badStatus === 0) this.#finish("answered", null);
    else this.#finish("answeredBadly", `answered ${this.#badStatus}`);
    this.#sink.end();
  }

  #broke(error: Error): void {
    if (this.#next !== undefined) {
      this.#goOn(this.#next);
      return;
    }
    const fault = this.#owner.callerFault(error);
    if (fault !== undefined) {
      this.#finish(undefined, fault.message);
      this.#sink.fail(fault);
      return;
    }
    const failure = describeUpstreamError(error);
    if (this.#hasBegun) {
      this.#fail("answeredBadly", failure, error);
      return;
    }
    // The race of an idle connection says nothing about the endpoint.
    const isRace = this.#isOnOldSocket && !this.#isHeard && LOST.has(errorCode(error));
    this.#finish(isRace ? undefined : "failed", failure.words);
    const { connection } = this;
    if (isRace && connection !== null && this.#owner.replay(this.#target, connection)) return;
    const next = this.#owner.nextTarget(this.#target, this.controller !== null);
    if (next === undefined) this.#say(failure, error);
    else this.#owner.retry(next);
  }

  #goOn(next: UpstreamTarget): void {
    this.#finish("answeredBadly", `answered ${this.#badStatus}`);
    this.#owner.retry(next);
  }

  #fail(finding: EndpointFinding, failure: UpstreamFailure, cause?: unknown): void {
    this.#finish(finding, failure.words);
    this.#say(failure, cause);
  }

  #say(failure: UpstreamFailure, cause?: unknown): void {
    const { id } = this.#owner.service.plan;
    this.#sink.fail(upstreamError(id, failure, cause));
  }

  #finish(finding: EndpointFinding | undefined, reason: string | null): void {
    this.isOver = true;
    const { endpoints } = this.#owner.service;
    endpoints.ended(this.#target.baseUrl, finding, reason, this.#isTrial);
  }
}
