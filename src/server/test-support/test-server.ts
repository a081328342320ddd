// A listening control plane over a test fleet, and a client that says what it gets.

import { Agent, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { GatewayIdentity } from "../../gateway/index.ts";
import { AuditLog, IdentityService, VolatileSecurityStore } from "../../security/index.ts";
import type { ServerOptions } from "../config.ts";
import { createControlPlane } from "../control-plane.ts";
import type { ControlPlane, ControlPlaneDependencies } from "../control-plane.ts";
import { TestFleet } from "./test-fleet.ts";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed when it is JSON; an empty object otherwise. */
  readonly body: Record<string, unknown>;
}

/** How to ask. */
export interface Ask {
  readonly key?: string | undefined;
  readonly body?: unknown;
  /** Sent as they are, instead of a body. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Over the control socket instead of TCP. */
  readonly viaSocket?: boolean;
}

/** A running control plane. */
export class TestServer implements AsyncDisposable {
  readonly fleet = new TestFleet((secret) => this.#identify(secret));
  readonly store = new VolatileSecurityStore();
  readonly identities: IdentityService;
  readonly audit: AuditLog;
  readonly folder: string;
  readonly socketPath: string;
  adminKey = "";
  url = "";
  #controlPlane: ControlPlane | undefined;
  readonly #connections = new Agent({ keepAlive: true });

  private constructor(folder: string) {
    this.folder = folder;
    this.socketPath = join(folder, "control.sock");
    this.identities = new IdentityService({}, { store: this.store });
    this.audit = new AuditLog({ store: this.store });
  }

  static async start(
    options: ServerOptions = {},
    more: Partial<ControlPlaneDependencies> = {},
  ): Promise<TestServer> {
    const server = new TestServer(await mkdtemp(join(tmpdir(), "cellphone-server-")));
    await server.fleet.start();
    await server.identities.load();
    server.adminKey = await server.identities.rotateAdminKey();
    const { fleet, identities, audit, socketPath } = server;
    const given = { port: 0, socketPath, ...options };
    server.#controlPlane = createControlPlane(given, { fleet, identities, audit, ...more });
    server.url = (await server.#controlPlane.listen()).url;
    return server;
  }

  /** Whom a key in a call through the gateway belongs to. */
  #identify(secret: string): GatewayIdentity | undefined {
    try {
      const { principal } = this.identities.authenticate(secret);
      const { namespace, id, kind } = principal;
      if (kind === "agent") return { kind, namespace, agentId: id };
      return kind === "admin" ? { kind, namespace, agentId: null } : undefined;
    } catch {
      return undefined;
    }
  }

  get controlPlane(): ControlPlane {
    if (this.#controlPlane === undefined) throw new Error("The server has not been started");
    return this.#controlPlane;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections.destroy();
    await this.#controlPlane?.close();
    await this.audit.close();
    await this.fleet.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Asks without a key, unless one is given. */
  ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const json = ask.body === undefined ? undefined : JSON.stringify(ask.body);
    const payload = ask.bytes ?? json;
    const headers = {
      ...(payload === undefined
        ? {}
        : {
            "content-type": "application/json",
            "content-length": String(Buffer.byteLength(payload)),
          }),
      ...(ask.key === undefined ? {} : { authorization: `Bearer ${ask.key}` }),
      ...ask.headers,
    };
    const { hostname, port } = new URL(this.url);
    const where = ask.viaSocket === true ? { socketPath: this.socketPath } : { hostname, port };
    return new Promise((resolve, reject) => {
      const options = { ...where, method, path, headers, agent: this.#connections };
      const request = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const status = response.statusCode ?? 0;
          resolve({ status, headers: response.headers, text, body: parsed(text) });
        });
      });
      request.on("error", reject);
      request.end(payload);
    });
  }

  /** Asks as admin. */
  admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.ask(method, path, { key: this.adminKey, body });
  }

  /** Enrols an agent of the default namespace; returns its key. */
  async enrol(name: string, more: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.admin("POST", "/api/v1/enrol", { name, ...more });
    if (answer.status !== 201) throw new Error(`enrol ${name}: ${answer.text}`);
    return String(answer.body["key"]);
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
