// Speaks to a server: over its control socket, which needs no key, or over its URL with one.

import { request as httpRequest } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";

import { CliError } from "./errors.ts";

/** Where a server is. */
export type ControlTarget =
  | { readonly kind: "socket"; readonly path: string; readonly folder: string }
  | { readonly kind: "url"; readonly url: URL; readonly key: string | null };

/** One call. */
export interface ControlCall {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** A key of its own for this call, instead of the client's. */
  readonly key?: string;
  readonly signal?: AbortSignal;
  /** Longest silence, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
}

/** A problem the server answered with; its words are the server's. */
export class ServerProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string | null;
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    super(textOf(problem["detail"]) ?? textOf(problem["title"]) ?? `HTTP status ${status}`);
    this.name = "ServerProblem";
    this.status = status;
    this.code = textOf(problem["code"]) ?? `http.${status}`;
    this.remedy = textOf(problem["remedy"]) ?? null;
    this.problem = problem;
  }
}

/** Calls one server in one namespace. */
export class ControlClient {
  readonly target: ControlTarget;
  readonly #namespace: string | null;

  constructor(target: ControlTarget, namespace: string | null) {
    this.target = target;
    this.#namespace = namespace;
  }

  /**
   * Calls the server and returns the parsed JSON; undefined when the answer has no body.
   * @throws ServerProblem when it answers with a problem.
   * @throws CliError `cli.server_not_running` when nobody answers.
   */
  async call<Answer>(method: string, path: string, call: ControlCall = {}): Promise<Answer> {
    const response = await this.open(method, path, call);
    const text = await readText(response);
    // The shape of an answer is the HTTP contract's, which the server checks on its side.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return (text === "" ? undefined : parseJson(text)) as Answer;
  }

  /** Calls the server and returns the response once it is known to be no problem. */
  async open(method: string, path: string, call: ControlCall = {}): Promise<IncomingMessage> {
    const response = await this.#send(method, path, call);
    const status = response.statusCode ?? 0;
    if (status < 400) return response;
    const parsed = parseJson(await readText(response));
    throw new ServerProblem(status, isRecord(parsed) ? parsed : {});
  }

  /**
   * Server-sent events of a path, until the server ends the stream or the signal aborts.
   * (https://html.spec.whatwg.org/multipage/server-sent-events.html)
   */
  async *events(path: string, call: ControlCall = {}): AsyncGenerator<ServerEvent> {
    const response = await this.open("GET", path, { timeoutMs: 60_000, ...call });
    response.setEncoding("utf8");
    let buffered = "";
    for await (const chunk of response) {
      buffered += String(chunk).replaceAll("\r\n", "\n");
      const blocks = buffered.split("\n\n");
      buffered = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== null) yield event;
      }
    }
  }

  #send(method: string, path: string, call: ControlCall): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const { url, options, send } = this.#address(path, call);
    const request = send(url, {
      ...options,
      method,
      headers: this.#headers(call, body),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    const timeoutMs = call.timeoutMs ?? 30_000;
    request.setTimeout(timeoutMs, () => {
      request.destroy(new Error(`no answer for ${timeoutMs / 1000} s`));
    });
    request.on("response", resolve);
    request.on("error", (error) => reject(this.#connectionError(error, call.signal)));
    request.end(body);
    return promise;
  }

  #address(path: string, call: ControlCall) {
    const secure = this.target.kind === "url" && this.target.url.protocol === "https:";
    const base = this.target.kind === "url" ? this.target.url : "http://localhost";
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const options: RequestOptions =
      this.target.kind === "socket" ? { socketPath: this.target.path } : {};
    return { url, options, send: secure ? httpsRequest : httpRequest };
  }

  #headers(call: ControlCall, body: string | undefined): Record<string, string> {
    const key = call.key ?? (this.target.kind === "url" ? this.target.key : null);
    return {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(this.#namespace === null ? {} : { "x-cellphone-namespace": this.#namespace }),
    };
  }

  #connectionError(error: Error, signal: AbortSignal | undefined): Error {
    if (signal?.aborted === true) return error;
    const code = "code" in error ? String(error.code) : "";
    const { target } = this;
    if (target.kind === "url") {
      const reason = code === "ECONNREFUSED" ? "nothing listens there" : error.message;
      const message = `Cannot reach ${target.url.origin}: ${reason}`;
      return new CliError("cli.server_not_running", message, { cause: error });
    }
    if (code === "EACCES" || code === "EPERM") {
      const message = `The server on ${target.folder} belongs to another user`;
      return new CliError("cli.server_not_yours", message, { cause: error });
    }
    const absent = code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTDIR";
    const message = absent
      ? `No server runs on ${target.folder}`
      : `The server on ${target.folder} does not answer: ${error.message}`;
    return new CliError("cli.server_not_running", message, { cause: error });
  }
}

/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: unknown;
}

function parseEvent(block: string): ServerEvent | null {
  let event = "message";
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { event, id, data: parseJson(data.join("\n")) };
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = text.slice(0, 80).trim();
    const message = `The answer is no JSON: ${JSON.stringify(start)}`;
    throw new CliError("cli.server_refused", message, { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
