// A caller that is code: routeRequest() goes the way every call goes.

import { Readable } from "node:stream";

import type { JsonValue } from "../core/index.ts";

import { encodeBody, flattenHeaders, headersObject } from "./call-body.ts";
import type { RoutedRequest, RoutedResponse } from "./call.ts";
import type { Caller } from "./call-caller.ts";
import { GatewayError } from "./errors.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import type { RunningCall } from "./running-call.ts";

/** One call of code; its answer is collected. */
export class InProcessCaller implements Caller {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly address: string;
  readonly protocol = "http";
  /** The whole answer; never rejects but when the answer cannot be held or broke off. */
  readonly answer: Promise<RoutedResponse>;
  readonly #body: Buffer | AsyncIterable<Uint8Array> | null;
  readonly #settle: PromiseWithResolvers<RoutedResponse>;
  #call: RunningCall | undefined;
  #status = 0;
  #headers: readonly string[] = [];
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(request: RoutedRequest) {
    this.method = request.method.toUpperCase();
    this.target = targetOf(request);
    this.address = request.clientAddress ?? "unknown";
    const { bytes, isJson } = encodeBody(request.body);
    this.#body = bytes;
    this.rawHeaders = rawHeadersOf(request, bytes, isJson);
    this.#settle = Promise.withResolvers();
    this.answer = this.#settle.promise;
  }

  /** @param signal breaks the call off. */
  attach(call: RunningCall, signal: AbortSignal | undefined): void {
    this.#call = call;
    if (signal === undefined) return;
    const abort = (): void => {
      call.callerGone();
      this.#settle.reject(signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    const forget = (): void => signal.removeEventListener("abort", abort);
    this.answer.then(forget, forget);
  }

  collect(done: (body: Buffer) => void): void {
    if (Buffer.isBuffer(this.#body)) done(this.#body);
  }

  stream(onBytes: (count: number) => void): Readable {
    const source = this.#body;
    async function* counted(): AsyncGenerator<Uint8Array> {
      const chunks = Buffer.isBuffer(source) || source === null ? [source ?? NOTHING] : source;
      for await (const chunk of chunks) {
        onBytes(chunk.length);
        yield chunk;
      }
    }
    return Readable.from(counted(), { objectMode: false });
  }

  inform(): void {
    // Code waits for the answer.
  }

  begin(status: number, _reason: string, headers: string[]): void {
    this.#status = status;
    this.#headers = headers;
  }

  write(chunk: Uint8Array): boolean {
    this.#length += chunk.length;
    this.#chunks.push(chunk);
    const most = dataPlaneLimits.routedAnswerBytes.value;
    if (this.#length > most) {
      const message = `The answer is longer than ${most} bytes`;
      this.#call?.breakOff(new GatewayError("gateway.answer_too_large", message));
    }
    return true;
  }

  end(): void {
    const body = Buffer.concat(this.#chunks, this.#length);
    const { trace, startedMs } = this.#call ?? {};
    this.#settle.resolve({
      status: this.#status,
      headers: headersObject(this.#headers),
      body,
      callId: trace?.spanId ?? "",
      traceId: trace?.traceId ?? "",
      durationMs: startedMs === undefined ? 0 : (this.#call?.elapsedMs() ?? 0),
      text: () => body.toString("utf8"),
      json: (): JsonValue => JSON.parse(body.toString("utf8")),
    });
  }

  /** The answer broke off: there is no whole one to resolve with. */
  breakOff(): void {
    const call = this.#call;
    const error = call?.error ?? new GatewayError("gateway.upstream_broken", "It broke off");
    this.#settle.reject(error);
  }
}

const NOTHING = new Uint8Array(0);

function targetOf({ path, queryParams }: RoutedRequest): string {
  if (queryParams === undefined) return path;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(queryParams)) {
    const values = typeof value === "object" ? value : [value];
    for (const one of values) query.append(name, String(one));
  }
  const text = query.toString();
  if (text === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

function rawHeadersOf(
  request: RoutedRequest,
  bytes: Buffer | AsyncIterable<Uint8Array> | null,
  isJson: boolean,
): string[] {
  const { userAgent } = request;
  const given = flattenHeaders(request.headers ?? {});
  const raw: string[] = [];
  const names = new Set<string>();
  for (let index = 0; index + 1 < given.length; index += 2) {
    const name = given[index] ?? "";
    const lower = name.toLowerCase();
    // Its length is plain to see.
    if (lower === "content-length" || lower === "transfer-encoding") continue;
    names.add(lower);
    raw.push(name, given[index + 1] ?? "");
  }
  if (userAgent !== undefined && !names.has("user-agent")) raw.push("user-agent", userAgent);
  if (isJson && !names.has("content-type")) raw.push("content-type", "application/json");
  if (Buffer.isBuffer(bytes)) raw.push("content-length", String(bytes.length));
  else if (bytes !== null) raw.push("transfer-encoding", "chunked");
  return raw;
}
