// Who we are to the server: enrolment and registration. Comes back by itself after the server was
// away, and stops when another process took the name over.

import type { IdentityClaim } from "./address.ts";
import { CellphoneClientError, clientError } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { HeartbeatEvents } from "./heartbeat.ts";
import type { ClientLog } from "./log.ts";
import type { Runtime } from "./runtime.ts";
import { instanceId, parseInstanceId } from "./instance-id.ts";
import type { Transport } from "./transport.ts";
import type { AgentInstance, AgentView, JsonObject } from "./wire.ts";

/** What the agent says about itself when it registers; absent fields stay as the server has them. */
export interface AgentDescription {
  readonly kind?: string;
  readonly version?: string;
  readonly capabilities?: readonly string[];
  readonly endpoint?: string;
  readonly metadata?: JsonObject;
}

/** What a {@link Session} needs. */
export interface SessionOptions extends HeartbeatEvents {
  readonly claim: IdentityClaim;
  readonly description: AgentDescription;
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly log: ClientLog;
  /** The identity is gone for good: the key was replaced or revoked. */
  readonly onLost: (error: CellphoneClientError) => void;
}

/** Where the gateway is; absent from servers that know of none. */
interface GatewayNews {
  readonly gatewayUrl?: string | null;
}

/** One agent's standing with the server. */
export class Session {
  readonly #options: SessionOptions;
  readonly #closing = new AbortController();
  readonly #instance: AgentInstance;
  #agentId = "";
  #namespace = "default";
  #admin = false;
  readonly #heartbeat: Heartbeat;
  #gatewayUrl: string | null = null;
  #recovery: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { runtime } = options;
    const wrapper = runtime.environment("CELLPHONE_INSTANCE");
    this.#instance = {
      id: wrapper ?? instanceId(runtime),
      ...(runtime.host === undefined ? {} : { host: runtime.host }),
      ...(runtime.pid === undefined ? {} : { pid: runtime.pid }),
      runtime: runtime.name,
      startedAtMs: Date.now(),
    };
    this.#heartbeat = new Heartbeat({
      ...options,
      agentId: () => this.#agentId,
      instanceId: this.#instance.id,
      // Under `cellphone run` the wrapper measures the whole process tree; do not overwrite it.
      measures: wrapper === undefined,
      signal: this.#closing.signal,
      onRefused: (error) => this.recover(error),
    });
  }

  get agentId(): string {
    return this.#agentId;
  }

  get namespace(): string {
    return this.#namespace;
  }

  get paused(): boolean {
    return this.#heartbeat.paused;
  }

  get quarantined(): boolean {
    return this.#heartbeat.quarantined;
  }

  /** Where services are called through; null when the server runs no gateway. */
  get gatewayUrl(): string | null {
    return this.#gatewayUrl;
  }

  /** An admin key may act as any agent, and says on each call as which. */
  get senderFields(): { readonly senderId?: string } {
    return this.#admin ? { senderId: this.#agentId } : {};
  }

  /** Identifies, registers, sends the first heartbeat; goes on trying while nobody answers. */
  async open(signal: AbortSignal | undefined, retryForMs: number): Promise<void> {
    const { claim, transport } = this.#options;
    if (claim.namespace !== undefined) {
      transport.setHeader("x-cellphone-namespace", claim.namespace);
    }
    if (claim.enrolment !== undefined) await this.#enrol(signal, retryForMs);
    else {
      await this.#identify(signal, retryForMs);
      await this.#register(signal, retryForMs);
    }
    await this.#heartbeat.start(signal, retryForMs);
  }

  /** Leases were taken: the next heartbeat may be due sooner. */
  wake(): void {
    this.#heartbeat.wake();
  }

  /** Asks the server where its gateway is. */
  async findGateway(): Promise<string | null> {
    const path = "/api/v1/whoami";
    const { gatewayUrl } = await this.#options.transport.call<GatewayNews>("GET", path);
    this.#gatewayUrl = this.#reachable(gatewayUrl);
    return this.#gatewayUrl;
  }

  /** Tells the server that we leave, and stops. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#heartbeat.leave();
  }

  /**
   * The server refused us: registers again where it does not know the agent, enrols again where it
   * does not know the key. Calls at once share one recovery.
   */
  recover(refusal: CellphoneClientError): Promise<void> {
    this.#recovery ??= this.#recoverFrom(refusal).finally(() => {
      this.#recovery = undefined;
    });
    return this.#recovery;
  }

  async #recoverFrom(error: CellphoneClientError): Promise<void> {
    const { claim, log } = this.#options;
    if (this.#closing.signal.aborted) return;
    if (error.status === 403)
      return log.warn(`The server refuses ${this.#agentId}: ${error.message}`);
    const keyGone = error.status === 401;
    // Replaced or revoked: somebody meant it, and coming back would start a tug of war. Unknown: the
    // server's data is older than the key, so a new one is due.
    if (keyGone && (claim.enrolment === undefined || error.code !== "security.key_unknown")) {
      this.#closing.abort();
      return this.#options.onLost(error);
    }
    try {
      if (keyGone) await this.#enrol(this.#closing.signal, 0);
      else await this.#register(this.#closing.signal, 0);
      log.info(`Registered again as ${this.#agentId}`);
    } catch (failure) {
      const final = failure instanceof CellphoneClientError && !failure.retryable;
      if (!final) return;
      this.#closing.abort();
      this.#options.onLost(failure);
    }
  }

  async #enrol(
    signal: AbortSignal | undefined,
    retryForMs: number,
    replace = false,
  ): Promise<void> {
    const { claim, description, transport } = this.#options;
    const { enrolment = "", name = "" } = claim;
    try {
      const answer = await transport.call<
        GatewayNews & {
          readonly agentId: string;
          readonly key: string;
          readonly namespace: string;
        }
      >("POST", "/api/v1/enrol", {
        body: { name, ...description, instance: this.#instance, ...(replace ? { replace } : {}) },
        key: enrolment,
        signal,
        retryForMs,
      });
      this.#agentId = answer.agentId;
      this.#namespace = answer.namespace;
      this.#gatewayUrl = this.#reachable(answer.gatewayUrl);
      transport.setHeader("authorization", `Bearer ${answer.key}`);
    } catch (error) {
      if (replace || !this.#holderIsDead(error)) throw error;
      this.#options.log.info(`Taking over "${name}" from a process that has ended`);
      await this.#enrol(signal, retryForMs, true);
    }
  }

  /** The name is held by a process of this machine which no longer lives: it crashed, we follow. */
  #holderIsDead(error: unknown): boolean {
    const { runtime } = this.#options;
    if (!(error instanceof CellphoneClientError)) return false;
    if (error.code !== "security.name_in_use" || runtime.host === undefined) return false;
    const holder = parseInstanceId(error.details["instance"]);
    if (holder === undefined || holder.host !== runtime.host.slice(0, 64)) return false;
    return holder.pid === runtime.pid || !runtime.isAlive(holder.pid);
  }

  async #identify(signal: AbortSignal | undefined, retryForMs: number): Promise<void> {
    const { claim, transport } = this.#options;
    transport.setHeader("authorization", `Bearer ${claim.key ?? ""}`);
    const me = await transport.call<
      GatewayNews & {
        readonly kind: string;
        readonly id: string;
        readonly namespace: string | null;
      }
    >("GET", "/api/v1/whoami", { signal, retryForMs });
    this.#admin = me.kind !== "agent";
    this.#gatewayUrl = this.#reachable(me.gatewayUrl);
    this.#namespace = this.#admin ? (claim.namespace ?? "default") : (me.namespace ?? "default");
    if (this.#admin && claim.name === undefined) {
      throw clientError("client.name_missing", "An admin key names no agent");
    }
    if (!this.#admin && claim.name !== undefined && claim.name !== me.id) {
      const message = `The key belongs to agent "${me.id}", not to "${claim.name}"`;
      throw clientError("client.name_mismatch", message);
    }
    this.#agentId = this.#admin ? (claim.name ?? "") : me.id;
  }

  /** A gateway that names itself by loopback is where the server is, when that is elsewhere. */
  #reachable(gatewayUrl: string | null | undefined): string | null {
    if (typeof gatewayUrl !== "string") return null;
    const [gateway, server] = [new URL(gatewayUrl), new URL(this.#options.transport.baseUrl)];
    if (isLoopback(gateway) && !isLoopback(server)) gateway.hostname = server.hostname;
    return gateway.origin;
  }

  /**
   * Registering replaces the whole description; what we do not say stays as the wrapper or an
   * earlier registration has said it.
   */
  async #register(signal: AbortSignal | undefined, retryForMs: number): Promise<void> {
    const { transport, description } = this.#options;
    const path = `/api/v1/agents/${encodeURIComponent(this.#agentId)}`;
    const known = await transport
      .call<AgentView>("GET", path, { signal, retryForMs })
      .catch((error: unknown) => {
        if (error instanceof CellphoneClientError && error.status === 404) return undefined;
        throw error;
      });
    const body = {
      agentId: this.#agentId,
      ...(known === undefined ? {} : describedBefore(known)),
      ...description,
      instance: this.#instance,
    };
    await transport.call("POST", "/api/v1/agents", { body, signal, retryForMs });
  }
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

function describedBefore(agent: AgentView): object {
  const { name, kind, version, capabilities, endpoint, metadata } = agent;
  return {
    name,
    kind,
    capabilities,
    metadata,
    ...(version === null ? {} : { version }),
    ...(endpoint === null ? {} : { endpoint }),
  };
}
