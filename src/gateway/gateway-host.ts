// The life of a gateway: its start with the first call, its stop, who listens to it, and what can
// be seen of it without waiting.

import {
  DEFAULT_NAMESPACE,
  Listeners,
  nameProblem,
  noComponentLog,
  noTelemetry,
  systemClock,
} from "../core/index.ts";
import type { Clock, ComponentLog, Telemetry } from "../core/index.ts";
import type { Middleware } from "./call.ts";
import { gatewaySettings } from "./config.ts";
import type { GatewayOptions, GatewaySettings } from "./config.ts";
import type { DataPlane, DataPlaneAddress, GatewayIdentity } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { GatewayRuntime } from "./gateway-runtime.ts";
import { loadMiddleware } from "./middleware-chain.ts";
import type { CallRecord, ServiceView } from "./model.ts";
import type { Environment } from "./plan-compiler.ts";
import type { CallStore, ServiceStore } from "./store.ts";
import { VolatileCallStore } from "./volatile-call-store.ts";
import { VolatileServiceStore } from "./volatile-service-store.ts";

/** What a gateway stands on; every part has a default for use as a library. */
export interface GatewayDependencies {
  /** @default "default" */
  readonly namespace?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default none */
  readonly log?: ComponentLog;
  /** @default none */
  readonly telemetry?: Telemetry;
  /** @default a VolatileServiceStore */
  readonly serviceStore?: ServiceStore;
  /** @default a VolatileCallStore of maxHistory calls */
  readonly callStore?: CallStore;
  /** Carries calls from the network for several namespaces. @default its own, in this thread */
  readonly plane?: DataPlane;
  /** Whom a key in a routeRequest() belongs to. @default nobody knows keys: all are anonymous */
  readonly identify?: (secret: string) => GatewayIdentity | null | undefined;
  /** Values for `${NAME}` in credentials. @default the process's environment */
  readonly environment?: Environment;
}

/** What a gateway has done since its start. */
export interface GatewayStatistics {
  readonly services: number;
  readonly calls: number;
  /** Answered 5xx, or not answered. */
  readonly failed: number;
  /** Refused by a rate limit. */
  readonly limited: number;
  readonly inFlight: number;
  /** Counted and measured, but not in the history, because there were too many at once. */
  readonly omitted: number;
  /** Not in the history, because its store did not take them in time. */
  readonly dropped: number;
  /** Waiting for the store. */
  readonly pending: number;
}

/** A service in short, for whoever judges the whole. */
export type ServiceDigest = Pick<
  ServiceView,
  "id" | "name" | "reason" | "recent" | "status" | "statusSinceMs"
>;

/** What every gateway object has, whatever it offers above. */
export class GatewayHost implements AsyncDisposable {
  readonly namespace: string;
  readonly settings: GatewaySettings;
  protected readonly identify: GatewayDependencies["identify"];
  protected readonly middleware: Middleware[] = [];
  protected readonly held = new Map<string, "paused" | "quarantined">();
  protected readonly clock: Clock;
  protected readonly sharedPlane: DataPlane | undefined;
  protected runtime: GatewayRuntime | undefined;
  readonly #serviceEvents = new Listeners<ServiceView>();
  readonly #callEvents = new Listeners<CallRecord>();
  readonly #anonymous: boolean;
  readonly #log: ComponentLog;
  readonly #telemetry: Telemetry;
  readonly #serviceStore: ServiceStore;
  readonly #callStore: CallStore;
  readonly #environment: Environment;
  #fromModules = 0;
  #starting: Promise<GatewayRuntime> | undefined;
  #stopping: Promise<void> | undefined;
  #stopped = false;

  /** @throws z.ZodError on options, GatewayError on a namespace that cannot be used. */
  constructor(options: GatewayOptions = {}, dependencies: GatewayDependencies = {}) {
    const { namespace = DEFAULT_NAMESPACE, identify, plane } = dependencies;
    const problem = nameProblem(namespace);
    if (problem !== undefined) {
      throw new GatewayError("gateway.argument_invalid", `The namespace "${namespace}" ${problem}`);
    }
    this.namespace = namespace;
    this.settings = gatewaySettings(options);
    const { maxHistory: keep, maxNotableHistory: keepNotable } = this.settings;
    // A library without identities cannot tell callers apart; refusing all would be no gateway.
    const knowsNobody = identify === undefined && plane === undefined;
    this.#anonymous = options.anonymous === undefined ? knowsNobody : this.settings.anonymous;
    this.identify = identify;
    this.sharedPlane = plane;
    this.clock = dependencies.clock ?? systemClock;
    this.#log = dependencies.log ?? noComponentLog;
    this.#telemetry = dependencies.telemetry ?? noTelemetry;
    this.#serviceStore = dependencies.serviceStore ?? new VolatileServiceStore();
    this.#callStore = dependencies.callStore ?? new VolatileCallStore({ keep, keepNotable });
    this.#environment = dependencies.environment ?? process.env;
  }

  /** Loads what the stores remember, serves and checks. Starting twice is one start. */
  async start(): Promise<void> {
    // A run that still ends would hold the port and the stores.
    await this.#stopping;
    this.#stopped = false;
    await this.open();
  }

  /** Lets calls under way finish for some seconds, and waits for what is being stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping ??= this.#end().finally(() => {
      this.#stopping = undefined;
    });
    await this.#stopping;
  }

  /** The same as {@link start}, for the name's sake: what is stored is loaded when it starts. */
  load(): Promise<void> {
    return this.start();
  }

  /**
   * Takes calls from the network, at `host` and `port` of the options.
   * @throws GatewayError `gateway.port_in_use`, `gateway.listen_failed`.
   */
  async startGateway(): Promise<DataPlaneAddress> {
    await this.start();
    const runtime = await this.open();
    const plane = this.sharedPlane ?? runtime.ownPlane;
    return plane.address ?? plane.listen();
  }

  /** The same as {@link stop}. */
  stopGateway(): Promise<void> {
    return this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Where calls from the network arrive; undefined before {@link startGateway}. */
  get address(): DataPlaneAddress | undefined {
    return (this.sharedPlane ?? this.runtime?.ownPlane)?.address;
  }

  /** What is known of every service now, from memory; empty before the start. */
  views(): readonly ServiceView[] {
    return this.runtime?.board.views() ?? [];
  }

  /** Every service in short, from memory; empty before the start. */
  digests(): readonly ServiceDigest[] {
    return this.views().map(({ id, name, reason, recent, status, statusSinceMs }) => ({
      id,
      name,
      reason,
      recent,
      status,
      statusSinceMs,
    }));
  }

  /** What it has done since its start; zeros before. */
  statistics(): GatewayStatistics {
    const { runtime } = this;
    runtime?.collect();
    const { calls, failed, limited, omitted } = runtime?.totals ?? NOTHING;
    return {
      services: runtime?.registry.size ?? 0,
      calls,
      failed,
      limited,
      inFlight: runtime?.board.inFlight() ?? 0,
      omitted,
      dropped: runtime?.history.dropped ?? 0,
      pending: runtime?.history.pending ?? 0,
    };
  }

  /** Called with every call once it has ended, numbered. */
  addCallCallback(callback: (call: CallRecord) => void): Disposable {
    return this.#callEvents.add(callback);
  }

  /** Called with a service when it was registered, changed, or looks different, once a second. */
  addServiceCallback(callback: (service: ServiceView) => void): Disposable {
    return this.#serviceEvents.add(callback);
  }

  /** The running parts; starts them with the first call. */
  protected async open(): Promise<GatewayRuntime> {
    if (this.#stopped) {
      const message = `The gateway of namespace "${this.namespace}" is stopped`;
      throw new GatewayError("gateway.closed", message);
    }
    if (this.runtime !== undefined) return this.runtime;
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  async #end(): Promise<void> {
    const runtime = await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    this.runtime = undefined;
    await runtime?.stop();
  }

  async #begin(): Promise<GatewayRuntime> {
    try {
      const modules = await loadMiddleware(this.settings.middleware);
      // Those of the options come first, also after a stop and another start.
      this.middleware.splice(0, this.#fromModules, ...modules);
      this.#fromModules = modules.length;
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
    return this.#run();
  }

  async #run(): Promise<GatewayRuntime> {
    const runtime = new GatewayRuntime({
      namespace: this.namespace,
      settings: this.settings,
      anonymous: this.#anonymous,
      clock: this.clock,
      log: this.#log,
      telemetry: this.#telemetry,
      serviceStore: this.#serviceStore,
      callStore: this.#callStore,
      environment: this.#environment,
      middleware: this.middleware,
      sharedPlane: this.sharedPlane,
      serviceEvents: this.#serviceEvents,
      callEvents: this.#callEvents,
      held: this.held,
    });
    try {
      await runtime.start();
    } catch (error) {
      this.#starting = undefined;
      await runtime.stop().catch(() => undefined);
      throw error;
    }
    this.runtime = runtime;
    return runtime;
  }
}

const NOTHING = { calls: 0, failed: 0, limited: 0, omitted: 0 };
