// A call that goes through middleware: between the pipeline, where headers are lists and bodies
// are written, and functions that want objects and streams. Bodies stay streams unless they were
// short enough to be read at once.

import { Readable } from "node:stream";

import type { CellphoneError, ComponentLog } from "../core/index.ts";

import type { GatewayRequest, GatewayResponse, Middleware } from "./call.ts";
import { encodeBody, flattenHeaders, headersObject } from "./call-body.ts";
import { GatewayError } from "./errors.ts";
import { readAnswerFields, readCallerFields } from "./header-fields.ts";
import type { CallerFields } from "./header-fields.ts";
import { runMiddleware } from "./middleware-chain.ts";
import { problemAnswer } from "./running-call.ts";
import type { RunningCall } from "./running-call.ts";
import type { ForwardSink } from "./upstream-attempt.ts";
import { dropOwnKeys, pushPassing } from "./upstream-headers.ts";

/** What the pipeline does for a call in middleware. */
export interface MiddlewareHost {
  readonly chain: readonly Middleware[];
  readonly log: ComponentLog;
  /** How long an answer under way may be still. */
  readonly streamIdleMs: number;
  /** Sends the call on. @throws GatewayError when the path leads elsewhere. */
  send(
    call: RunningCall,
    request: { readonly method: string; readonly path: string; readonly query: string },
    fields: CallerFields,
    body: Buffer | Readable | null,
    bodyLength: number | null,
    sink: ForwardSink,
  ): void;
}

/** One call in middleware. */
export class MiddlewareRun implements ForwardSink {
  readonly #host: MiddlewareHost;
  readonly #call: RunningCall;
  readonly #body: Buffer | Readable | null;
  readonly #ending = new AbortController();
  #settle: ((response: GatewayResponse) => void) | undefined;
  #answer: Readable | undefined;
  /** Status of the gateway's own answer that next() brought. */
  #failedStatus = 0;
  #wake: (() => void) | undefined;

  constructor(host: MiddlewareHost, call: RunningCall, body: Buffer | Readable | null) {
    this.#host = host;
    this.#call = call;
    this.#body = body;
  }

  get saysLimits(): boolean {
    return this.#call.saysLimits;
  }

  start(): void {
    this.#call.middleware = this;
    const running = runMiddleware(this.#host.chain, this.#request(), (request) =>
      this.#send(request),
    );
    running.then((response) => this.#reply(response)).catch((error: unknown) => this.#threw(error));
  }

  // The call's side

  drained(): void {
    this.#wake?.();
  }

  stop(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#call.forward?.cancel(undefined, "the call is over");
    this.#answer?.destroy();
    this.#wake?.();
  }

  // The upstream's side

  begin(status: number, _reason: string, headers: string[]): void {
    this.#call.noteFirstByte();
    this.#call.patienceMs = this.#host.streamIdleMs;
    this.#call.isActive = true;
    const resume = (): void => this.#call.forward?.resume();
    this.#answer = new Readable({ read: resume });
    // Whoever reads it is told; nobody else needs to be.
    this.#answer.on("error", () => undefined);
    this.#settle?.({ status, headers: headersObject(headers), body: this.#answer });
  }

  write(chunk: Uint8Array): boolean {
    this.#call.isActive = true;
    return this.#answer?.push(chunk) ?? true;
  }

  end(): void {
    this.#answer?.push(null);
  }

  inform(): void {
    this.#call.isActive = true;
  }

  fail(error: CellphoneError): void {
    this.#call.noteFailure(error);
    if (this.#answer !== undefined) {
      this.#answer.destroy(error);
      return;
    }
    const { headers, body } = problemAnswer(error, this.#call.trace.spanId);
    this.#failedStatus = error.status;
    this.#settle?.({ status: error.status, headers: headersObject(headers), body });
  }

  #request(): GatewayRequest {
    const call = this.#call;
    const { fields } = call;
    const pairs = [...fields.forward];
    pushPassing(pairs, fields);
    if (fields.host !== null) pairs.push("host", fields.host);
    if (fields.contentLength !== null) pairs.push("content-length", String(fields.contentLength));
    return {
      method: call.caller.method,
      path: call.path,
      query: call.query,
      headers: headersObject(pairs),
      body: this.#body,
      namespace: call.namespace,
      identity: call.identity,
      serviceId: call.serviceId ?? "",
      route: call.route ?? "",
      version: call.service?.plan.version ?? "",
      clientAddress: call.caller.address,
      userAgent: fields.userAgent,
      callId: call.trace.spanId,
      traceId: call.trace.traceId,
      signal: this.#ending.signal,
    };
  }

  #send(request: GatewayRequest): Promise<GatewayResponse> {
    const call = this.#call;
    const fields = readCallerFields(flattenHeaders(request.headers));
    if (fields.problem !== null)
      throw new Error(`The changed request is ambiguous: ${fields.problem}`);
    dropOwnKeys(fields, null);
    fields.hops = call.fields.hops;
    fields.host = call.fields.host;
    fields.tracestate ??= call.fields.tracestate;
    let body = this.#body;
    let length = body === null || Buffer.isBuffer(body) ? null : call.fields.contentLength;
    if (request.body !== this.#body) {
      const { bytes, isJson } = encodeBody(request.body);
      body = bytes === null || Buffer.isBuffer(bytes) ? bytes : Readable.from(bytes);
      length = null;
      if (isJson) setDefault(fields.forward, "content-type", "application/json");
    }
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (call.isOver) throw new Error("The call is over");
      this.#host.send(call, request, fields, body, length, this);
    });
  }

  async #reply(response: GatewayResponse): Promise<void> {
    const call = this.#call;
    if (call.isOver) return;
    // A middleware that answered otherwise has made good what failed.
    if (call.code !== null && response.status !== this.#failedStatus) {
      call.code = null;
      call.reason = null;
    }
    const { bytes, isJson } = encodeBody(response.body);
    const pairs = readAnswerFields(flattenHeaders(response.headers), call.saysLimits).forward;
    if (bytes !== this.#answer) setLength(pairs, Buffer.isBuffer(bytes) ? bytes.length : null);
    if (isJson) setDefault(pairs, "content-type", "application/json; charset=utf-8");
    call.beginAnswer(response.status, "", pairs);
    // From here on the two connections talk to each other.
    if (response.status === 101) return;
    const isBodyless = call.caller.method === "HEAD" || [204, 304].includes(response.status);
    if (bytes !== null && !isBodyless) await this.#write(bytes);
    if (!call.isOver) call.end();
  }

  async #write(bytes: Buffer | AsyncIterable<Uint8Array>): Promise<void> {
    const call = this.#call;
    const chunks = Buffer.isBuffer(bytes) ? [bytes] : bytes;
    for await (const chunk of chunks) {
      if (call.isOver) return;
      const whole = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      if (whole.length === 0 || call.write(whole)) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #threw(error: unknown): void {
    const call = this.#call;
    if (call.isOver) return;
    // A stream of the upstream that broke off under the middleware's hands is the upstream's fault.
    if (call.hasBegun && call.code !== null) {
      call.breakOff(new GatewayError("gateway.upstream_broken", call.reason ?? "It broke off"));
      return;
    }
    const callId = call.trace.spanId;
    const { serviceId } = call;
    this.#host.log.error("gateway.middleware_failed", { callId, serviceId, error });
    const message = `A middleware threw during call ${callId}; the log says more`;
    call.breakOff(new GatewayError("gateway.middleware_failed", message, { cause: error }));
  }
}

function setDefault(pairs: string[], name: string, value: string): void {
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index]?.toLowerCase() === name) return;
  }
  pairs.push(name, value);
}

function setLength(pairs: string[], length: number | null): void {
  for (let index = pairs.length - 2; index >= 0; index -= 2) {
    if (pairs[index]?.toLowerCase() === "content-length") pairs.splice(index, 2);
  }
  if (length !== null) pairs.push("content-length", String(length));
}
