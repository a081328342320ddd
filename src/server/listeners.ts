// Where the server listens: a TCP port, with TLS if asked, and a Unix socket that only this user
// may open. Every way in which listening can fail has its own words.

import { readFileSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer as createPlainServer, isIP } from "node:net";
import type { ListenOptions, Server as PlainServer, Socket } from "node:net";
import { createSecureContext } from "node:tls";

import { ServerError } from "./errors.ts";
import { serverLimits } from "./limits.ts";

/** A certificate chain and its key, both PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads the files of a certificate and its key, and looks whether they belong together; undefined
 * when neither is named.
 * @throws ServerError `server.tls_unreadable`
 */
export function readTlsFiles(certPath: string, keyPath: string): TlsPair | undefined {
  if (certPath === "" && keyPath === "") return undefined;
  try {
    const pair = { cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `TLS certificate ${certPath} with key ${keyPath}: ${reason}`;
    throw new ServerError("server.tls_unreadable", message, { cause });
  }
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

/**
 * Refuses to send keys over a network in the clear.
 * @throws ServerError `server.insecure_binding`
 */
export function checkBinding(
  option: "server.host" | "gateway.host",
  host: string,
  tls: TlsPair | undefined,
  allowInsecure: boolean,
): void {
  if (isLoopback(host) || tls !== undefined || allowInsecure) return;
  const message = `Listening on ${host} (${option}) would let the network read every key`;
  throw new ServerError("server.insecure_binding", message);
}

/** An HTTP server that can be drained. */
export class DrainableServer {
  /** Not yet listening. */
  readonly http: Server;
  /** Requests under way, by socket. */
  readonly #sockets = new Map<Socket, number>();

  constructor(listener: RequestListener, tls: TlsPair | undefined) {
    this.http = makeServer(listener, tls);
    this.http.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.#sockets.set(socket, 0);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.http.on("request", ({ socket }, response) => {
      this.#count(socket, 1);
      response.once("close", () => this.#count(socket, -1));
    });
  }

  /** Stops accepting and waits until all requests have ended; cuts them off after the limit. */
  async drain(limitMs: number = serverLimits.drainMs.value): Promise<void> {
    if (!this.http.listening) return;
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.#closeIdle();
    const idleSweep = setInterval(() => this.#closeIdle(), 50);
    const cut = setTimeout(() => this.http.closeAllConnections(), limitMs);
    await closed;
    clearInterval(idleSweep);
    clearTimeout(cut);
  }

  /**
   * node's closeIdleConnections() leaves sockets alone that were opened ahead and never sent a
   * request, as fetch and browsers do.
   */
  #closeIdle(): void {
    for (const [socket, requests] of this.#sockets) if (requests === 0) socket.destroy();
  }

  #count(socket: Socket, change: 1 | -1): void {
    const requests = this.#sockets.get(socket);
    if (requests !== undefined) this.#sockets.set(socket, requests + change);
  }
}

function makeServer(listener: RequestListener, tls: TlsPair | undefined): Server {
  const options = {
    maxHeaderSize: serverLimits.headerBytes.value,
    headersTimeout: serverLimits.headersTimeout.value,
    requestTimeout: serverLimits.requestTimeout.value,
    keepAliveTimeout: 65_000, // longer than a long poll, so that pollers keep their connection
  };
  const server =
    tls === undefined
      ? createHttpServer(options, listener)
      : createHttpsServer({ ...options, ...tls }, listener);
  server.setTimeout(serverLimits.stillMs.value);
  server.maxConnections = serverLimits.connections.value;
  return server;
}

/**
 * Listens on a TCP port. A plain bind is tried first: it never shares a port with anybody.
 * @returns the port, also when 0 was asked for.
 * @throws ServerError `server.port_taken`, `server.port_forbidden`, `server.address_unavailable`.
 */
export async function listenOnPort(server: Server, host: string, port: number): Promise<number> {
  const where = { host, port, exclusive: true };
  try {
    if (port !== 0) {
      const probe = createPlainServer();
      await listen(probe, where);
      await new Promise((resolve) => probe.close(resolve));
    }
    await listen(server, where);
  } catch (cause) {
    throw listenError(cause, host, port);
  }
  return portOf(server);
}

/**
 * Listens on a Unix socket of mode 0600; removes one left behind by a server that has died.
 * @throws ServerError `server.socket_taken`, `server.socket_unusable`.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > 107) {
    const message = `The control socket's path is longer than 107 bytes: ${path}`;
    throw new ServerError("server.socket_unusable", message);
  }
  if (await answers(path)) {
    const message = `A server answers on ${path} already`;
    throw new ServerError("server.socket_taken", message);
  }
  const mask = process.umask(0o177); // so that there is no moment in which others may connect
  try {
    await rm(path, { force: true });
    const listening = listen(server, { path });
    process.umask(mask);
    await listening;
    await chmod(path, 0o600);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The control socket ${path} cannot be made: ${reason}`;
    throw new ServerError("server.socket_unusable", message, { cause });
  } finally {
    process.umask(mask);
  }
}

function listen(server: PlainServer, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function listenError(cause: unknown, host: string, port: number): Error {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (code === "EADDRINUSE") {
    const message = `Port ${port} on ${host} is taken by another program`;
    return new ServerError("server.port_taken", message, { cause, details: { host, port } });
  }
  if (code === "EACCES") {
    return new ServerError("server.port_forbidden", `This user may not listen on ${where}`, {
      cause,
    });
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    const message = `${host} is not an address of this machine (${code})`;
    return new ServerError("server.address_unavailable", message, { cause });
  }
  return cause instanceof Error ? cause : new Error(String(cause));
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port is listened on");
  return address.port;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
