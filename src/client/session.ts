// Who we are to the server, and that we live: enrolment, registration, heartbeats. Comes back by
// itself after the server was away, and stops when another process took the name over.

import { backoffMs } from "./backoff.ts";
import type { IdentityClaim } from "./address.ts";
import { sleep } from "./duration.ts";
import { CellphoneClientError, clientError } from "./errors.ts";
import type { ClientLog } from "./log.ts";
import type { Runtime } from "./runtime.ts";
import { instanceId, parseInstanceId } from "./instance-id.ts";
import type { Transport } from "./transport.ts";
import type {
  AgentCommand,
  AgentInstance,
  AgentView,
  HeartbeatReply,
  JsonObject,
  ProfileOrder,
} from "./wire.ts";

/** What the agent says about itself when it registers; absent fields stay as the server has them. */
export interface AgentDescription {
  readonly kind?: string;
  readonly version?: string;
  readonly capabilities?: readonly string[];
  readonly endpoint?: string;
  readonly metadata?: JsonObject;
}

/** What a {@link Session} needs. */
export interface SessionOptions {
  readonly claim: IdentityClaim;
  readonly description: AgentDescription;
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly log: ClientLog;
  /** Leases held now: tokens, and the shortest lease in milliseconds (Infinity when none). */
  readonly held: () => { readonly tokens: readonly string[]; readonly leaseMs: number };
  readonly onPause: (paused: boolean) => void;
  readonly onProfile: (order: ProfileOrder) => void;
  /** Returns true when somebody acts on it; the order is then acknowledged. */
  readonly onRestart: () => boolean;
  /** The identity is gone for good: the key was replaced or revoked. */
  readonly onLost: (error: CellphoneClientError) => void;
}

/** Of the heartbeat's interval, how long one stays open: the next must be in time. */
const WAIT_SHARE = 0.9;
/** Longest that the server keeps one open. */
const WAIT_MAX_MS = 60_000;
/** Between heartbeats that bring no news. */
const SPACING_MS = 500;

/** Where the gateway is; absent from servers that know of none. */
interface GatewayNews {
  readonly gatewayUrl?: string | null;
}

/** One agent's standing with the server. */
export class Session {
  readonly #options: SessionOptions;
  readonly #closing = new AbortController();
  readonly #instance: AgentInstance;
  /** Under `cellphone run` the wrapper measures the whole process tree; we must not overwrite it. */
  readonly #wrapped: boolean;
  #agentId = "";
  #namespace = "default";
  #admin = false;
  #paused = false;
  #quarantined = false;
  #gatewayUrl: string | null = null;
  #intervalMs = 30_000;
  #acknowledged: string[] = [];
  /** Commands that others act on: the wrapper. */
  #leftToOthers: readonly string[] = [];
  /** The open heartbeat: what ends it, and until when it may stay open. */
  #open: { readonly cut: AbortController; readonly untilMs: number } | undefined;
  #loop: Promise<void> | undefined;
  #recovery: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { runtime } = options;
    const wrapper = runtime.environment("CELLPHONE_INSTANCE");
    this.#wrapped = wrapper !== undefined;
    this.#instance = {
      id: wrapper ?? instanceId(runtime),
      ...(runtime.host === undefined ? {} : { host: runtime.host }),
      ...(runtime.pid === undefined ? {} : { pid: runtime.pid }),
      runtime: runtime.name,
      startedAtMs: Date.now(),
    };
  }

  get agentId(): string {
    return this.#agentId;
  }

  get namespace(): string {
    return this.#namespace;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get quarantined(): boolean {
    return this.#quarantined;
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
    await this.#beat({ signal, retryForMs });
    this.#loop = this.#beatAll();
  }

  /** Leases were taken: the open heartbeat must not outlast half of the shortest. */
  wake(): void {
    const halfMs = this.#options.held().leaseMs / 2;
    if (this.#open !== undefined && this.#open.untilMs > performance.now() + halfMs) {
      this.#open.cut.abort();
    }
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
    await this.#loop;
    await this.#beat({ left: true, retryForMs: 0 });
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
          readonly heartbeatIntervalMs: number;
        }
      >("POST", "/api/v1/enrol", {
        body: { name, ...description, instance: this.#instance, ...(replace ? { replace } : {}) },
        key: enrolment,
        signal,
        retryForMs,
      });
      this.#agentId = answer.agentId;
      this.#namespace = answer.namespace;
      this.#intervalMs = answer.heartbeatIntervalMs;
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

  /** @returns whether the answer brought anything new. */
  async #beat(options: {
    readonly signal?: AbortSignal | undefined;
    readonly retryForMs: number;
    readonly left?: boolean;
    readonly waitMs?: number;
  }): Promise<boolean> {
    const { transport, runtime, held } = this.#options;
    const { waitMs = 0 } = options;
    const acknowledged = this.#acknowledged;
    const usage = this.#wrapped ? undefined : runtime.usage();
    const { tokens } = held();
    const knows = {
      paused: this.#paused,
      quarantined: this.#quarantined,
      commands: this.#leftToOthers,
    };
    const path = `/api/v1/agents/${encodeURIComponent(this.#agentId)}/heartbeat`;
    const reply = await transport.call<HeartbeatReply>("POST", path, {
      body: {
        instanceId: this.#instance.id,
        ...(usage === undefined ? {} : { process: usage }),
        ...(tokens.length === 0 ? {} : { leases: tokens }),
        ...(acknowledged.length === 0 ? {} : { ackCommands: acknowledged }),
        ...(options.left === true ? { left: true } : {}),
        ...(waitMs === 0 ? {} : { waitMs, knows }),
      },
      signal: options.signal,
      timeoutMs: waitMs + 10_000,
      retryForMs: options.retryForMs,
      quiet: waitMs > 0,
    });
    this.#acknowledged = this.#acknowledged.filter((id) => !acknowledged.includes(id));
    return this.#obey(reply);
  }

  #obey(reply: HeartbeatReply): boolean {
    this.#intervalMs = reply.intervalMs;
    let news = this.#paused !== reply.paused || this.#quarantined !== reply.quarantined;
    const left: string[] = [];
    for (const command of reply.commands) {
      if (this.#acknowledged.includes(command.id)) continue;
      if (!this.#leftToOthers.includes(command.id)) news = true;
      if (this.#carryOut(command)) this.#acknowledged.push(command.id);
      else left.push(command.id);
    }
    this.#leftToOthers = left;
    this.#quarantined = reply.quarantined;
    if (this.#paused !== reply.paused) {
      this.#paused = reply.paused;
      this.#options.onPause(reply.paused);
    }
    return news;
  }

  /** @returns false when it is left to others: a restart nobody listens for, to the wrapper. */
  #carryOut(command: AgentCommand): boolean {
    if (command.kind === "restart") return this.#options.onRestart();
    if (command.kind === "profile") this.#options.onProfile(command.profile);
    return true;
  }

  /** Keeps one heartbeat open, so that orders arrive at once; each counts when it is sent. */
  async #beatAll(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      const sentMs = performance.now();
      try {
        const news = await this.#beatOpen();
        failures = 0;
        // A server that drains, or too many lines of one agent: it answers early, without news.
        const early = sentMs + Math.min(SPACING_MS, this.#waitMs) - performance.now();
        if (!news && early > 0) await sleep(early, signal, true);
      } catch (error) {
        failures += 1;
        await this.#afterFailure(error);
        await sleep(backoffMs(failures, undefined), signal, true);
      }
    }
  }

  get #waitMs(): number {
    // A lease shorter than the interval is extended in time, twice.
    const periodMs = Math.min(this.#intervalMs, this.#options.held().leaseMs / 3);
    return Math.floor(Math.min(WAIT_MAX_MS, periodMs * WAIT_SHARE));
  }

  /** @returns whether to go on at once. */
  async #beatOpen(): Promise<boolean> {
    const { signal } = this.#closing;
    const waitMs = this.#waitMs;
    const cut = new AbortController();
    const close = (): void => cut.abort();
    signal.addEventListener("abort", close, { once: true });
    this.#open = { cut, untilMs: performance.now() + waitMs };
    try {
      return await this.#beat({ signal: cut.signal, retryForMs: 0, waitMs });
    } catch (error) {
      if (cut.signal.aborted) return true;
      throw error;
    } finally {
      this.#open = undefined;
      signal.removeEventListener("abort", close);
    }
  }

  async #afterFailure(error: unknown): Promise<void> {
    const { log } = this.#options;
    if (!(error instanceof CellphoneClientError)) return log.error(`Heartbeat: ${String(error)}`);
    if (this.#closing.signal.aborted) return;
    if ([401, 403, 404].includes(error.status)) return this.recover(error);
    if (error.code !== "client.unreachable") log.warn(`Heartbeat refused: ${error.message}`);
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
