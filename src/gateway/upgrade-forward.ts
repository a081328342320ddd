// Asks a service for another protocol. It may agree (101), or answer like any other call.

import { request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";

import type { EndpointFinding } from "./endpoint-pool.ts";
import { GatewayError } from "./errors.ts";
import { readAnswerFields } from "./header-fields.ts";
import type { CallForward } from "./running-call.ts";
import { describeUpstreamError, upstreamError, upstreamTooSlow } from "./upstream-error.ts";
import { isBadStatus } from "./upstream-attempt.ts";
import type { ForwardSink } from "./upstream-attempt.ts";
import type { UpstreamService } from "./upstream-service.ts";

/** The service's end of an upgrade. Never tried twice: what it begins cannot be repeated. */
export class UpgradeForward implements CallForward {
  attempts = 0;
  endpoint: string | null = null;
  isOver = false;
  /** The connection, once the service agreed. */
  socket: Duplex | null = null;
  /** What it agreed to. */
  protocol = "";
  readonly #service: UpstreamService;
  readonly #asked: { readonly method: string; readonly path: string; readonly headers: string[] };
  readonly #sink: ForwardSink;
  #isTrial = false;
  /** What the answer says of the endpoint, once its head came. */
  #finding: EndpointFinding | undefined;
  #status = 0;
  #request: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;

  constructor(
    service: UpstreamService,
    asked: { readonly method: string; readonly path: string; readonly headers: string[] },
    sink: ForwardSink,
  ) {
    this.#service = service;
    this.#asked = asked;
    this.#sink = sink;
  }

  start(): void {
    const target = this.#service.pick(new Set());
    const { id } = this.#service.plan;
    if (target === undefined) {
      const message = `Service "${id}" has no endpoint that may be tried now`;
      this.#sink.fail(new GatewayError("gateway.no_endpoint", message, { retryAfterSeconds: 1 }));
      return;
    }
    this.attempts = 1;
    this.endpoint = target.baseUrl;
    this.#isTrial = this.#service.endpoints.started(target.baseUrl);
    const { method, path, headers } = this.#asked;
    const url = new URL(target.origin);
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send({
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      method,
      path: target.basePath + path,
      headers: ["host", url.host, ...headers],
      agent: false,
    });
    this.#request = request;
    request.once("upgrade", (answer, socket, head) => this.#agreed(answer, socket, head));
    request.once("response", (answer) => this.#answered(answer));
    request.on("error", (error) => this.#failed(error));
    request.end();
  }

  resume(): void {
    this.#answer?.resume();
  }

  cancel(finding: EndpointFinding | undefined, reason: string): void {
    if (!this.isOver) this.#finish(this.#finding === undefined ? finding : undefined, reason);
    this.#request?.destroy();
    this.socket?.destroy();
  }

  giveUp(seconds: number): GatewayError {
    this.cancel("failed", `no answer within ${seconds} s`);
    return upstreamTooSlow(this.#service.plan.id, seconds);
  }

  /** Both sides are done. */
  done(): void {
    if (!this.isOver) this.#finish("answered", null);
  }

  #agreed(answer: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => undefined);
    if (this.isOver) {
      socket.destroy();
      return;
    }
    this.#judge(101);
    const fields = readAnswerFields(answer.rawHeaders, this.#sink.saysLimits);
    this.socket = socket;
    this.protocol = answer.headers.upgrade ?? "";
    if (head.length > 0) socket.unshift(head);
    this.#sink.begin(101, answer.statusMessage ?? "", fields.forward);
  }

  #answered(answer: IncomingMessage): void {
    if (this.isOver) return;
    this.#answer = answer;
    const status = answer.statusCode ?? 502;
    this.#judge(status);
    const fields = readAnswerFields(answer.rawHeaders, this.#sink.saysLimits);
    this.#sink.begin(status, answer.statusMessage ?? "", fields.forward);
    answer.on("data", (chunk: Buffer) => {
      if (!this.#sink.write(chunk)) answer.pause();
    });
    answer.once("end", () => {
      if (this.isOver) return;
      this.#finish(this.#finding, `answered ${this.#status}`);
      this.#sink.end();
    });
    answer.on("error", (error) => this.#failed(error));
  }

  #judge(status: number): void {
    this.#status = status;
    this.#finding = isBadStatus(status) ? "answeredBadly" : "answered";
    if (this.#finding === "answered") this.#service.endpoints.answered(this.endpoint ?? "");
  }

  #failed(error: Error): void {
    if (this.isOver) return;
    const failure = describeUpstreamError(error);
    this.#finish(this.#finding === undefined ? "failed" : "answeredBadly", failure.words);
    const { id } = this.#service.plan;
    this.#sink.fail(upstreamError(id, failure, error));
  }

  #finish(finding: EndpointFinding | undefined, reason: string | null): void {
    this.isOver = true;
    if (this.endpoint === null) return;
    this.#service.endpoints.ended(this.endpoint, finding, reason, this.#isTrial);
  }
}
