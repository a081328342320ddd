// Real servers and connections for the data plane's contract and its adapters' tests.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestListener,
  Server,
  ServerResponse,
} from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";
import type { TestContext } from "node:test";

import type {
  CallBatch,
  DataPlane,
  IdentityChange,
  NamespacePlan,
  ServicePlan,
  TlsIdentity,
} from "./data-plane.ts";
import type { CallRecord } from "./model.ts";

/** A data plane under test, and what it may be made with. */
export interface PlaneSettings {
  readonly streamIdleMs?: number;
  readonly maxConcurrentCalls?: number;
  readonly maxUpstreamConnections?: number;
  readonly maxBodyBytes?: number;
  readonly port?: number;
  readonly tls?: TlsIdentity;
}

/** A certificate for 127.0.0.1, its own authority; undefined after marking the test as skipped. */
export type MakeCertificate = (t: TestContext) => TlsIdentity | undefined;

/** Makes a plane that is not listening yet, on a free port unless the settings name one. */
export type OpenPlane = (settings: PlaneSettings) => DataPlane | Promise<DataPlane>;

/** A listener that answers once it has read the body; a body that breaks off ends it. */
export function withBody(
  answer: (body: string, incoming: IncomingMessage, response: ServerResponse) => void,
): RequestListener {
  const read = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      answer(await bodyOf(incoming), incoming, response);
    } catch {
      response.destroy();
    }
  };
  return (incoming, response) => void read(incoming, response);
}

/** A listener that says what it got, as JSON. */
export const mirror: RequestListener = withBody((body, { method, url, headers }, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method, url, headers, body }));
});

/** The secret of an agent's key. */
export function secretOf(agentId: string): string {
  return `agent_${createHash("sha256").update(agentId).digest("hex").slice(0, 32)}`;
}

/** A key for an agent, or for an admin when `kind` says so. */
export function keyOf(
  agentId: string,
  changes: Partial<NonNullable<IdentityChange["identity"]>> = {},
): IdentityChange {
  return {
    secretHash: createHash("sha256").update(secretOf(agentId)).digest("hex"),
    identity: { kind: "agent", namespace: "default", agentId, expiresAtMs: null, ...changes },
  };
}

/** A service at `baseUrl` under `/v1/<id>/**`, without limits. */
export function servicePlan(
  id: string,
  baseUrl: string | readonly string[],
  changes: Partial<ServicePlan> = {},
): ServicePlan {
  const urls = typeof baseUrl === "string" ? [baseUrl] : baseUrl;
  return {
    id,
    version: "v1",
    routes: [{ template: `/v1/${id}/**`, strip: `/v1/${id}` }],
    isVersionDefault: false,
    rewrite: "prefix",
    endpoints: urls.map((url) => ({ baseUrl: url, weight: 1, healthy: true })),
    rateLimit: null,
    agentRateLimit: null,
    requestTimeoutMs: 5000,
    retries: 0,
    credential: null,
    ...changes,
  };
}

/** Servers of one test, stopped together. */
export class Upstreams {
  readonly #servers: (Server | TcpServer)[] = [];
  readonly #sockets = new Set<Socket>();

  /** A real HTTP server; its base URL. */
  async http(listener: RequestListener): Promise<string> {
    return this.#listen(createServer(listener));
  }

  /** The same with the server itself, for upgrades. */
  async server(
    listener: RequestListener,
  ): Promise<{ readonly url: string; readonly server: Server }> {
    const server = createServer(listener);
    return { url: await this.#listen(server), server };
  }

  /** A server that speaks whatever it likes. */
  async tcp(onSocket: (socket: Socket) => void): Promise<string> {
    return this.#listen(createTcpServer(onSocket));
  }

  /** A port where nobody listens. */
  async nobody(): Promise<string> {
    const server = createTcpServer();
    const url = await this.#listen(server);
    await new Promise((resolve) => server.close(resolve));
    return url;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#servers.length = 0;
  }

  async #listen(server: Server | TcpServer): Promise<string> {
    server.on("connection", (socket: Socket) => {
      socket.on("error", () => undefined);
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#servers.push(server);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** What to send. */
export interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** A plane that serves one growing plan, and remembers what it told. */
export class PlaneBench {
  readonly plane: DataPlane;
  readonly batches: CallBatch[] = [];
  readonly agent = new Agent({ keepAlive: true });
  #plan: NamespacePlan = {
    namespace: "default",
    revision: 0,
    services: [],
    held: {},
    slowCallMs: 60_000,
    anonymous: false,
  };
  readonly #waiting = new Set<() => void>();

  private constructor(plane: DataPlane) {
    this.plane = plane;
    plane.onBatch((batch) => {
      this.batches.push(batch);
      for (const look of this.#waiting) look();
    });
  }

  static async open(plane: DataPlane): Promise<PlaneBench> {
    const bench = new PlaneBench(plane);
    await plane.listen();
    await plane.applyIdentities([keyOf("alice"), keyOf("bob")]);
    return bench;
  }

  get port(): number {
    return this.plane.address?.port ?? 0;
  }

  /** Adds services, or replaces those of the same id. */
  async serve(...services: readonly ServicePlan[]): Promise<void> {
    const ids = new Set(services.map((service) => service.id));
    const others = this.#plan.services.filter((service) => !ids.has(service.id));
    await this.change({ services: [...others, ...services] });
  }

  async change(changes: Partial<NamespacePlan>): Promise<void> {
    this.#plan = { ...this.#plan, ...changes, revision: this.#plan.revision + 1 };
    await this.plane.apply(this.#plan);
  }

  /** A call with alice's key. */
  call(path: string, sent: Sent = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${secretOf("alice")}`, ...sent.headers };
    return send(this.port, path, { ...sent, headers }, this.agent);
  }

  /** A request with alice's key whose body and answer the test drives by hand. */
  start(path: string, method = "GET", headers: Record<string, string> = {}): ClientRequest {
    const outgoing = request({
      host: "127.0.0.1",
      port: this.port,
      path,
      method,
      headers: { authorization: `Bearer ${secretOf("alice")}`, ...headers },
      agent: false,
    });
    outgoing.on("error", () => undefined);
    return outgoing;
  }

  /** Sends bytes as they are and reads until the connection ends. */
  raw(text: string | Buffer): Promise<string> {
    return rawCall(this.port, text);
  }

  /** The record of a call, once it has been told. */
  async recordOf(which: (call: CallRecord) => boolean): Promise<CallRecord> {
    let found: CallRecord | undefined;
    await this.until(() => {
      found = this.batches.flatMap((batch) => [...batch.calls]).find(which);
      return found !== undefined;
    });
    if (found === undefined) throw new Error("The call was not recorded");
    return found;
  }

  /** Waits for batches until one of them makes it true. */
  async until(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!isTrue()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.plane.close(0);
  }
}

/** One request over HTTP. */
export async function send(port: number, path: string, sent: Sent, agent?: Agent): Promise<Answer> {
  const { method = "GET", headers = {}, body } = sent;
  const outgoing = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers,
    agent: agent ?? false,
  });
  outgoing.end(body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- node:http's response event
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: Buffer.concat(chunks).toString(),
  };
}

/** The head of an answer to a request driven by hand. */
export async function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [response]: IncomingMessage[] = await once(outgoing, "response");
  if (response === undefined) throw new Error("There was no response");
  return response;
}

/** Sends bytes on a connection of their own; what came until it ended. */
export async function rawCall(port: number, text: string | Buffer): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  socket.write(text);
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

/** Reads a request's body. */
export async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The gateway's own answer, taken apart. */
export function problemOf(answer: Pick<Answer, "body">): Record<string, unknown> {
  return JSON.parse(answer.body);
}
