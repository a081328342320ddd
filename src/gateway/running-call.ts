// One call from its first byte to its last: what is known of it, and the one way in which it ends.
// It stands between the upstream and the caller, so that an answer can be broken off from any
// side and is recorded exactly once.

import { toProblem } from "../core/index.ts";
import type { CellphoneError } from "../core/index.ts";

import type { Caller, CallerEvents } from "./call-caller.ts";
import type { EndedCall } from "./call-recorder.ts";
import type { CallTrace } from "./call-trace.ts";
import { maskQuery, shownPath } from "./canonical-path.ts";
import type { GatewayIdentity } from "./data-plane.ts";
import type { EndpointFinding } from "./endpoint-pool.ts";
import { GatewayError } from "./errors.ts";
import type { CallerFields } from "./header-fields.ts";
import type { HeldKey } from "./identity-table.ts";
import type { CallRecord } from "./model.ts";
import { bodyTooSlow } from "./upstream-error.ts";
import type { ForwardSink } from "./upstream-attempt.ts";
import type { UpstreamService } from "./upstream-service.ts";

/** Content type of the gateway's own answers (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** What a call needs from the pipeline. */
export interface CallHost {
  /** Monotonic milliseconds. */
  monotonic(): number;
  /** How long an answer under way may be still. */
  readonly streamIdleMs: number;
  readonly maxBodyBytes: number;
  /** Called once, when the call is over. */
  over(call: RunningCall): void;
}

/** The service's end of a call. */
export interface CallForward {
  /** Attempts so far. */
  readonly attempts: number;
  /** Base URL of the endpoint that answered, or was tried last. */
  readonly endpoint: string | null;
  /** Whether nothing of it is under way (any more). */
  readonly isOver: boolean;
  /** More is taken. */
  resume(): void;
  /**
   * @param finding of an endpoint that has not begun to answer; undefined when it is not to blame.
   */
  cancel(finding: EndpointFinding | undefined, reason: string): void;
  /** Breaks off what was not answered in time; whose fault that was. */
  giveUp(seconds: number): GatewayError;
}

/** A call under way. */
export class RunningCall implements ForwardSink, CallerEvents, EndedCall {
  readonly caller: Caller;
  readonly fields: CallerFields;
  readonly trace: CallTrace;
  readonly atMs: number;
  readonly startedMs: number;
  readonly #host: CallHost;
  namespace: string;
  path = "";
  query = "";
  identity: GatewayIdentity | null = null;
  /** The key it showed, which may expire or go while it runs. */
  key: HeldKey | null = null;
  service: UpstreamService | null = null;
  route: string | null = null;
  /** Path below the service's base URL. */
  upstreamPath = "";
  /** Headers about limits, for every answer. */
  limitHeaders: readonly string[] = [];
  forward: CallForward | null = null;
  /** Middleware's end of the call, when there is one. */
  middleware: { drained(): void; stop(): void } | null = null;

  status = 0;
  code: string | null = null;
  reason: string | null = null;
  /** What broke it off or was answered in the gateway's own name. */
  error: CellphoneError | null = null;
  requestBytes = 0;
  responseBytes = 0;
  upstreamMs: number | null = null;
  durationMs = 0;
  hasBegun = false;
  isOver = false;
  place = -1;

  /** Milliseconds without progress after which it has failed. */
  patienceMs = 0;
  /** Whether something moved since the deadlines were last looked at. */
  isActive = true;
  quietSinceMs = 0;

  constructor(
    caller: Caller,
    fields: CallerFields,
    trace: CallTrace,
    host: CallHost,
    atMs: number,
  ) {
    this.caller = caller;
    this.fields = fields;
    this.trace = trace;
    this.#host = host;
    this.atMs = atMs;
    this.startedMs = host.monotonic();
    this.namespace = "";
  }

  /** Milliseconds since it began. */
  elapsedMs(): number {
    return this.#host.monotonic() - this.startedMs;
  }

  get saysLimits(): boolean {
    return this.limitHeaders.length > 0;
  }

  get agentId(): string | null {
    return this.identity === null ? null : this.identity.agentId;
  }

  /** Wall time when its right to go on ends; null when it does not. */
  get expiresAtMs(): number | null {
    return this.key === null ? null : this.key.expiresAtMs;
  }

  get serviceId(): string | null {
    return this.service === null ? null : this.service.plan.id;
  }

  // The upstream's side

  begin(status: number, reason: string, headers: string[]): void {
    this.noteFirstByte();
    this.beginAnswer(status, reason, headers);
  }

  write(chunk: Uint8Array): boolean {
    this.isActive = true;
    this.responseBytes += chunk.length;
    return this.caller.write(chunk);
  }

  end(): void {
    if (this.isOver) return;
    this.caller.end();
    this.#finish();
  }

  inform(status: number, headers: readonly string[]): void {
    this.isActive = true;
    if (!this.hasBegun) this.caller.inform(status, headers);
  }

  fail(error: CellphoneError): void {
    if (this.isOver) return;
    this.noteFailure(error);
    if (this.hasBegun) this.caller.breakOff();
    else this.#answerProblem(error);
    this.#finish();
  }

  /** Begins the answer, whoever made it. */
  beginAnswer(status: number, reason: string, headers: string[]): void {
    headers.push("x-cellphone-call-id", this.trace.spanId);
    for (const text of this.limitHeaders) headers.push(text);
    this.caller.begin(status, reason, headers);
    this.hasBegun = true;
    this.isActive = true;
    this.status = status;
    this.patienceMs = this.#host.streamIdleMs;
  }

  noteFirstByte(): void {
    this.upstreamMs = this.#host.monotonic() - this.startedMs;
  }

  noteFailure(error: CellphoneError): void {
    this.code = error.code;
    this.reason = error.message;
    this.error = error;
  }

  // The caller's side

  /** A piece of the body came in. */
  received(count: number): void {
    this.isActive = true;
    this.requestBytes += count;
    const most = this.#host.maxBodyBytes;
    if (this.requestBytes <= most) return;
    const message = `The body is longer than ${most} bytes`;
    this.breakOff(new GatewayError("gateway.body_too_large", message));
  }

  drained(): void {
    this.isActive = true;
    if (this.middleware === null) this.forward?.resume();
    else this.middleware.drained();
  }

  callerGone(): void {
    if (this.isOver) return;
    this.status = 499;
    this.reason ??= "the caller went away before the answer's end";
    this.forward?.cancel(undefined, this.reason);
    this.#finish();
  }

  // From here

  /** Breaks the call off for a reason of the gateway's own. */
  breakOff(error: CellphoneError): void {
    if (this.isOver) return;
    this.forward?.cancel(undefined, error.message);
    this.fail(error);
  }

  /** Its key is valid no more. */
  expired(): void {
    this.breakOff(new GatewayError("gateway.cut", "The key it was called with has expired"));
  }

  /** Nothing moved for longer than it may. */
  timedOut(): void {
    if (!this.isOver) this.breakOff(this.hasBegun ? this.#stillAnswer() : this.#noAnswer());
  }

  /** A slow reader is not the endpoint's fault. */
  #stillAnswer(): GatewayError {
    const words = `was still for ${this.patienceMs / 1000} s during the answer`;
    const message = `Service "${this.serviceId}" or its caller ${words}`;
    return new GatewayError("gateway.upstream_timeout", message);
  }

  #noAnswer(): GatewayError {
    const { forward, middleware } = this;
    const seconds = this.patienceMs / 1000;
    if (forward !== null && !forward.isOver) return forward.giveUp(seconds);
    if (middleware === null) return bodyTooSlow(seconds);
    const message = `A middleware did not answer within ${seconds} s (${this.trace.spanId})`;
    return new GatewayError("gateway.middleware_failed", message);
  }

  /** Ends a call whose answer was written from here. */
  #finish(): void {
    this.isOver = true;
    this.durationMs = this.#host.monotonic() - this.startedMs;
    this.middleware?.stop();
    this.#host.over(this);
  }

  #answerProblem(error: CellphoneError): void {
    const { headers, body } = problemAnswer(error, this.trace.spanId);
    this.beginAnswer(error.status, "", headers);
    this.responseBytes += body.length;
    if (this.caller.method !== "HEAD") this.caller.write(body);
    this.caller.end();
  }

  toRecord(): CallRecord {
    const { forward, caller, trace, fields } = this;
    return {
      id: trace.spanId,
      sequence: 0,
      namespace: this.namespace,
      atMs: this.atMs,
      durationMs: this.durationMs,
      upstreamMs: this.upstreamMs,
      agentId: this.agentId,
      serviceId: this.serviceId,
      route: this.route,
      endpoint: forward === null ? null : forward.endpoint,
      method: caller.method,
      path: shownPath(this.path === "" ? (caller.target.split("?", 1)[0] ?? "") : this.path),
      query: this.path === "" ? "" : maskQuery(this.query),
      status: this.status,
      code: this.code,
      reason: this.reason,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      attempts: forward === null ? 0 : forward.attempts,
      clientAddress: caller.address,
      userAgent: shortened(fields.userAgent),
      traceId: trace.traceId,
      parentSpanId: trace.parentSpanId,
    };
  }
}

const LONGEST_SHOWN = 256;

function shortened(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

/** The gateway's own answer about an error. */
export function problemAnswer(
  error: CellphoneError,
  callId: string,
): { readonly headers: string[]; readonly body: Buffer } {
  const body = Buffer.from(JSON.stringify({ ...toProblem(error), callId }));
  const headers = ["content-type", PROBLEM_TYPE, "content-length", String(body.length)];
  if (error.retryAfterSeconds !== undefined) {
    headers.push("retry-after", String(Math.max(1, Math.ceil(error.retryAfterSeconds))));
  }
  if (error.status === 401) headers.push("www-authenticate", 'Bearer realm="agent-cellphone"');
  if (error.status === 405) headers.push("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  return { headers, body };
}
