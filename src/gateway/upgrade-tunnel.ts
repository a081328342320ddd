// A call that asks for another protocol, such as a WebSocket: admitted, limited, recorded and seen
// by middleware like any other; once the service agrees, bytes pass both ways untouched.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { CallPipeline } from "./call-pipeline.ts";
import { GatewayError } from "./errors.ts";
import type { CallerFields } from "./header-fields.ts";
import { MiddlewareRun } from "./middleware-run.ts";
import type { MiddlewareHost } from "./middleware-run.ts";
import type { RunningCall } from "./running-call.ts";
import { UpgradeCaller } from "./upgrade-caller.ts";
import { UpgradeForward } from "./upgrade-forward.ts";
import type { ForwardSink } from "./upstream-attempt.ts";
import { upstreamHeaders } from "./upstream-headers.ts";

/** One upgrade, from its request to the end of both connections. */
export class UpgradeTunnel implements MiddlewareHost {
  readonly chain: MiddlewareHost["chain"];
  readonly log: MiddlewareHost["log"];
  readonly streamIdleMs: number;
  readonly #pipeline: CallPipeline;
  readonly #caller: UpgradeCaller;
  readonly #call: RunningCall;

  constructor(pipeline: CallPipeline, request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#pipeline = pipeline;
    this.chain = pipeline.chain;
    this.log = pipeline.log;
    this.streamIdleMs = pipeline.streamIdleMs;
    this.#caller = new UpgradeCaller(request, socket, head);
    this.#call = pipeline.open(this.#caller);
  }

  start(): void {
    const call = this.#call;
    this.#caller.attach(call);
    try {
      const { contentLength, isChunked, host } = call.fields;
      if (isChunked || (contentLength ?? 0) > 0) {
        call.fields.problem ??= "it has a body and asks for another protocol";
      }
      if (host === null) call.fields.problem ??= "it has no Host header";
      this.#pipeline.admit(call);
      if (this.chain.length > 0) new MiddlewareRun(this, call, null).start();
      else {
        const { path, query, fields } = call;
        this.send(call, { method: this.#caller.method, path, query }, fields, null, null, call);
      }
    } catch (error) {
      call.fail(this.#pipeline.knownError(call, error));
    }
  }

  send(
    call: RunningCall,
    request: { readonly method: string; readonly path: string; readonly query: string },
    fields: CallerFields,
    body: unknown,
    _bodyLength: number | null,
    sink: ForwardSink,
  ): void {
    const { service } = call;
    if (service === null) throw new GatewayError("gateway.internal", "The call has no service");
    if (body !== null) throw new Error("A middleware gave an upgrade a body");
    if (request.path !== call.path) throw new Error("A middleware changed the path of an upgrade");
    const { credential } = service.plan;
    const headers = upstreamHeaders(call, fields, credential, null, this.#pipeline.instanceId);
    headers.push("connection", "Upgrade", "upgrade", call.fields.upgrade ?? "");
    const query = request.query === "" ? "" : `?${request.query}`;
    const path = call.upstreamPath + query;
    const forward = new UpgradeForward(service, { method: request.method, path, headers }, sink);
    call.forward = forward;
    this.#caller.forward = forward;
    forward.start();
  }
}
