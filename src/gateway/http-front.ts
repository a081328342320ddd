// Where callers connect: node's strict HTTP/1.1 parser, and everything about connections that is
// not about one call: floods, slow heads, what cannot be parsed, stopping.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createPlainServer } from "node:net";
import type { Server as PlainServer, Socket } from "node:net";
import type { Duplex } from "node:stream";

import { toProblem } from "../core/index.ts";
import type { CellphoneError } from "../core/index.ts";

import type { CallPipeline } from "./call-pipeline.ts";
import type { DataPlaneAddress, TlsIdentity } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { HttpCaller } from "./http-front-caller.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";
import { PROBLEM_TYPE } from "./running-call.ts";
import { UpgradeTunnel } from "./upgrade-tunnel.ts";

/** Where to listen. */
export interface HttpFrontOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Shares the port with other workers; whoever starts them has looked that it is free. */
  readonly reusePort: boolean;
}

/** What is known of one connection. */
interface Connection {
  /** Calls on it that are not over. */
  calls: number;
  last: HttpCaller | undefined;
}

/** Listens for one pipeline. */
export class HttpFront {
  readonly #pipeline: CallPipeline;
  readonly #server: Server;
  readonly #scheme: "http" | "https";
  /** Connections below TLS, whose handshakes may never end. */
  readonly #bare = new Set<Socket>();
  readonly #connections = new Map<Duplex, Connection>();
  readonly #gone = Promise.withResolvers<void>();
  #isClosing = false;

  /** @param tls speaks TLS with it; undefined for plain HTTP. */
  constructor(pipeline: CallPipeline, tls: TlsIdentity | undefined) {
    this.#pipeline = pipeline;
    this.#server = makeServer(tls);
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server.maxConnections = dataPlaneLimits.callerConnections.value;
    if (tls !== undefined) this.#server.on("connection", (socket) => this.#shakesHands(socket));
    const connected = tls === undefined ? "connection" : "secureConnection";
    this.#server.on(connected, (socket: Socket) => this.#connected(socket));
    this.#server.on("request", (request, response) => this.#request(request, response));
    this.#server.on("checkContinue", (request, response) => this.#request(request, response));
    this.#server.on("checkExpectation", (request, response) => this.#request(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("connect", (_request, socket) => {
      refuse(socket, new GatewayError("gateway.method_refused", "CONNECT is not carried"));
    });
    this.#server.on("clientError", (error, socket) => this.#broken(error, socket));
    this.#server.on("dropRequest", (_request, socket) => socket.destroy());
  }

  /** @throws GatewayError `gateway.port_in_use`, `gateway.listen_failed`. */
  async listen({ host, port, reusePort }: HttpFrontOptions): Promise<DataPlaneAddress> {
    try {
      await listenOn(this.#server, { host, port, reusePort });
    } catch (cause) {
      throw listenProblem(cause, host, port);
    }
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("No port is listened on");
    return { url: `${this.#scheme}://${urlHost(host)}:${address.port}`, port: address.port };
  }

  /** Accepts no more; answers that begin from now on close their connection. */
  stop(): void {
    this.#isClosing = true;
    this.#server.close(() => this.#gone.resolve());
    for (const [socket, connection] of this.#connections) {
      if (connection.calls === 0) socket.destroy();
    }
  }

  /** Resolves when every connection is gone, once it was stopped. */
  closed(): Promise<void> {
    return this.#gone.promise;
  }

  /** Destroys whatever is still connected. */
  destroy(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
    for (const socket of this.#bare) socket.destroy();
  }

  #shakesHands(socket: Socket): void {
    this.#bare.add(socket);
    socket.once("close", () => this.#bare.delete(socket));
  }

  #connected(socket: Socket): void {
    const connection: Connection = { calls: 0, last: undefined };
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(request.socket);
    const caller = new HttpCaller(request, response);
    const call = this.#pipeline.open(caller);
    if (call.fields.host === null && request.httpVersion !== "1.0") {
      call.fields.problem ??= "it has no Host header";
    }
    if (call.fields.isChunked && request.httpVersion === "1.0") {
      call.fields.problem ??= "HTTP/1.0 has no chunks";
    }
    if (this.#isClosing || call.fields.problem !== null) response.shouldKeepAlive = false;
    if (connection !== undefined) {
      connection.calls += 1;
      connection.last = caller;
    }
    const { isChunked, contentLength, expectsContinue } = call.fields;
    const hasBody = isChunked || (contentLength ?? 0) > 0;
    caller.attach(call, hasBody, expectsContinue, () => {
      if (connection === undefined) return;
      connection.calls -= 1;
      if (this.#isClosing && connection.calls === 0) request.socket.destroySoon();
    });
    this.#pipeline.carry(call);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) {
      connection.calls += 1;
      connection.last = undefined;
    }
    new UpgradeTunnel(this.#pipeline, request, socket, head).start();
  }

  /** What came is no HTTP, or came too slowly. */
  #broken(error: Error, socket: Duplex): void {
    const code = "code" in error ? String(error.code) : "";
    const connection = this.#connections.get(socket);
    if (connection === undefined) {
      // Its handshake failed: there is no way to say so in words.
      socket.destroy();
      return;
    }
    // Words of ours in the middle of an answer would be taken for its body.
    const mayAnswer = connection.calls === 0 || connection.last?.hasBegun === false;
    if (code === "ECONNRESET" || !socket.writable || !mayAnswer) {
      socket.destroy();
      return;
    }
    refuse(socket, requestProblem(code));
  }
}

function makeServer(tls: TlsIdentity | undefined): Server {
  const options: ServerOptions = {
    insecureHTTPParser: false,
    // A missing Host is answered by ourselves, in our form.
    requireHostHeader: false,
    maxHeaderSize: dataPlaneLimits.callerHeadBytes.value,
    headersTimeout: dataPlaneLimits.callerHeadMs.value,
    connectionsCheckingInterval: 1000,
    // Bodies may take as long as they move; the call's patience watches them.
    requestTimeout: 0,
    keepAliveTimeout: dataPlaneLimits.callerIdleMs.value,
    // Other protocols than a WebSocket's and the like are refused by answering in HTTP/1.1.
    shouldUpgradeCallback: isTunnel,
  };
  if (tls === undefined) return createServer(options);
  const handshakeTimeout = dataPlaneLimits.callerHeadMs.value;
  return createTlsServer({ ...options, cert: tls.cert, key: tls.key, handshakeTimeout });
}

/** What to write into a link: an address to listen on everywhere is nobody's address. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** `h2c` and the like are offers that may be ignored (RFC 9110, section 7.8). */
function isTunnel(request: IncomingMessage): boolean {
  const upgrade = request.headers.upgrade?.toLowerCase() ?? "";
  return upgrade !== "" && !/^(?:h2c|http\/|tls\/)/.test(upgrade);
}

function requestProblem(code: string): CellphoneError {
  if (code === "HPE_HEADER_OVERFLOW" || code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") {
    const most = dataPlaneLimits.callerHeadBytes.value;
    return new GatewayError("gateway.head_too_large", `The headers take more than ${most} bytes`);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const seconds = dataPlaneLimits.callerHeadMs.value / 1000;
    const message = `The headers did not arrive within ${seconds} s`;
    return new GatewayError("gateway.request_too_slow", message);
  }
  const words = code.replace(/^HPE_/, "").toLowerCase().replaceAll("_", " ");
  return new GatewayError("gateway.request_invalid", `The request is not valid HTTP/1.1: ${words}`);
}

/** Answers on the bare connection and closes it. */
export function refuse(socket: Duplex, error: CellphoneError): void {
  const body = Buffer.from(JSON.stringify(toProblem(error)));
  const head =
    `HTTP/1.1 ${error.status} ${error.code}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
    `content-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  socket.on("error", () => undefined);
  socket.end(Buffer.concat([Buffer.from(head), body]));
  lingerThenDestroy(socket);
}

/** A caller that is still sending may read the answer first. */
export function lingerThenDestroy(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), dataPlaneLimits.lingerMs.value);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
}

/**
 * Looks that nobody listens on a port, by binding it without sharing.
 * @throws GatewayError `gateway.port_in_use`, `gateway.listen_failed`.
 */
export async function probePort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const probe = createPlainServer();
  try {
    await listenOn(probe, { host, port, reusePort: false });
  } catch (cause) {
    throw listenProblem(cause, host, port);
  }
  await new Promise((resolve) => probe.close(resolve));
}

function listenOn(server: PlainServer, where: HttpFrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...where, exclusive: true, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function listenProblem(cause: unknown, host: string, port: number): GatewayError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const details = { host, port };
  if (code === "EADDRINUSE") {
    const message = `Port ${port} on ${host} is taken by another program`;
    return new GatewayError("gateway.port_in_use", message, { cause, details });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The gateway cannot listen on ${host}, port ${port}: ${reason}`;
  return new GatewayError("gateway.listen_failed", message, { cause, details });
}
