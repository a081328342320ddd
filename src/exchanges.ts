// All namespaces of a server: which there are, with which options, and their running components.

import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import { communicationConfigSchema } from "./communication/index.ts";
import { DEFAULT_NAMESPACE, nameProblem, nearMatches } from "./core/index.ts";
import type { JsonObject, JsonValue } from "./core/index.ts";
import { dashboardConfigSchema } from "./dashboard/index.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeConfig, ExchangeServices } from "./exchange.ts";
import { gatewayConfigSchema } from "./gateway/index.ts";
import { profilerConfigSchema } from "./profiler/index.ts";
import { keepSecrets, maskSecrets } from "./namespace-secrets.ts";
import { ServerError } from "./server/index.ts";
import type { NamespaceView } from "./server/index.ts";
import type { NamespaceState } from "./server-watch.ts";
import type { IdentityService, NamespaceRecord, SecurityStore } from "./security/index.ts";
import { trackerConfigSchema } from "./tracker/index.ts";
import type { RestoreProgress } from "./restore-progress.ts";
import type { SeriesStore } from "./tracker/index.ts";

/** Everything that keeps something of a namespace. */
export interface NamespaceStores {
  /** Messages, feed, identities: all of a namespace but its series. */
  readonly ledger: SecurityStore;
  readonly series: SeriesStore & {
    /** Forgets everything of all namespaces but these. */
    deleteOtherNamespaces(kept: readonly string[]): Promise<void>;
  };
}

/** Makes, keeps and forgets namespaces. */
export class Exchanges {
  readonly #stores: NamespaceStores;
  readonly #identities: IdentityService;
  readonly #services: ExchangeServices;
  readonly #config: ExchangeConfig;
  readonly #running = new Map<string, Exchange>();
  /** Namespaces that do not run while they exist, and why, in words. */
  readonly #absent = new Map<string, string>();
  readonly #onStarted: (exchange: Exchange) => void;
  /** What the start is bringing back; undefined before and after it. */
  #restoring: { readonly namespaces: number; current: Exchange | undefined } | undefined;
  #started = false;
  /** Changes of namespaces happen one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param config the options in force for the server; a namespace's own override them.
   * @param onStarted told of every namespace that starts.
   */
  constructor(
    stores: NamespaceStores,
    identities: IdentityService,
    services: ExchangeServices,
    config: ExchangeConfig,
    onStarted: (exchange: Exchange) => void,
  ) {
    this.#stores = stores;
    this.#identities = identities;
    this.#services = services;
    this.#config = config;
    this.#onStarted = onStarted;
  }

  /**
   * Starts every stored namespace, and the default one; changes wait until all run. One that cannot
   * start is left out: its fault, be it in its options or its rows, must not take the others down
   * at every start.
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      const records = await this.#stores.ledger.namespaces();
      const isNew = !records.some((record) => record.name === DEFAULT_NAMESPACE);
      this.#restoring = { namespaces: records.length + Number(isNew), current: undefined };
      if (isNew) await this.#put(DEFAULT_NAMESPACE, {});
      for (const record of records) await this.#tryToRun(record);
      this.#restoring = undefined;
      this.#started = true;
      // All there should be: one that could not start keeps what it has.
      const kept = (await this.records()).map(({ name }) => name);
      void this.#inTurn(() => this.#forgetOthers(kept));
    });
  }

  /** False until every stored namespace runs. */
  get hasStarted(): boolean {
    return this.#started;
  }

  /** In words, what the series of all namespaces lost or could not write; undefined for nothing. */
  seriesTrouble(): string | undefined {
    const words = this.all().map(({ seriesHealth }) => seriesHealth.describe());
    return words.filter((one) => one !== undefined).join("; ") || undefined;
  }

  /** How far the start is; undefined once all namespaces run. */
  progress(): RestoreProgress | undefined {
    if (this.#started) return undefined;
    const { namespaces = 0, current } = this.#restoring ?? {};
    const started = this.all().map(({ communication }) => communication.restoredMessages);
    const messages = [...started, current?.communication.restoredMessages ?? 0];
    return {
      running: started.length,
      namespaces: Math.max(namespaces, started.length),
      messages: messages.reduce((sum, count) => sum + count, 0),
    };
  }

  /** A deletion that an end of the process cut short left rows that no namespace owns. */
  async #forgetOthers(kept: readonly string[]): Promise<void> {
    try {
      await this.#stores.series.deleteOtherNamespaces(kept);
    } catch (error) {
      this.#services.log.warn("exchanges.leftovers_kept", { error });
    }
  }

  /**
   * Undefined also for what the start has not come to yet.
   * @throws ServerError `server.namespace_unavailable` for one that exists and does not run.
   */
  get(name: string): Exchange | undefined {
    const reason = this.#absent.get(name);
    if (reason !== undefined && this.#started) {
      throw new ServerError("server.namespace_unavailable", `Namespace "${name}" ${reason}`);
    }
    return this.#running.get(name);
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  all(): readonly Exchange[] {
    return [...this.#running.values()];
  }

  /** All there should be, as they may be shown. */
  async views(): Promise<readonly NamespaceView[]> {
    return (await this.records()).map((record) => this.view(record));
  }

  /** A namespace as it may be shown. */
  view(record: NamespaceRecord): NamespaceView {
    const running = this.isRunning(record.name);
    return { ...record, config: maskSecrets(record.config), running };
  }

  /** Whether each namespace there should be judges its fleet. */
  async states(): Promise<readonly NamespaceState[]> {
    const records = await this.records();
    return records.map(({ name }) => ({
      name,
      isWell: this.#running.get(name)?.dashboard.isWell(),
    }));
  }

  /** With their secrets. */
  records(): Promise<readonly NamespaceRecord[]> {
    return this.#stores.ledger.namespaces();
  }

  /**
   * Makes a namespace, or gives an existing one other options; its agents stay.
   * @param config undefined leaves those of one that is there, and starts one that does not run.
   */
  put(
    name: string,
    config?: JsonObject,
  ): Promise<{ readonly record: NamespaceRecord; readonly created: boolean }> {
    return this.#inTurn(() => this.#put(name, config));
  }

  async #put(name: string, config?: JsonObject) {
    const problem = nameProblem(name);
    if (problem !== undefined) {
      throw new ServerError("server.input_invalid", `The namespace's name ${problem}`);
    }
    const existing = (await this.records()).find((record) => record.name === name);
    const createdAtMs = existing?.createdAtMs ?? Date.now();
    const before = existing?.config ?? {};
    const after = config === undefined ? before : keepSecrets(config, before);
    const record: NamespaceRecord = { name, createdAtMs, config: after };
    // Leases end with a restart: what changes nothing must not cause one.
    if (existing !== undefined && this.isRunning(name) && isDeepStrictEqual(before, after)) {
      return { record, created: false };
    }
    const exchange = this.#make(record); // refuses wrong options before anything is stored
    await this.#stores.ledger.putNamespace(record);
    await this.#takeOut(name, "is being started");
    await this.#startExchange(exchange);
    return { record, created: existing === undefined };
  }

  /** Stops a namespace and forgets everything in it; what cannot be forgotten runs on. */
  delete(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const record = (await this.records()).find((one) => one.name === name);
      await this.#takeOut(name, "is being deleted");
      try {
        await this.#stores.series.deleteNamespace(name);
        await this.#stores.ledger.deleteNamespace(name); // with its record, so it comes last
      } catch (error) {
        if (record !== undefined) await this.#run(record);
        throw error;
      }
      this.#absent.delete(name);
      await this.#identities.forgetNamespace(name);
    });
  }

  /** Stops all namespaces. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => undefined);
    await Promise.all(this.all().map(({ name }) => this.#takeOut(name, "is being stopped")));
  }

  /** Out of reach first: what still came in would be taken by components that are stopping. */
  async #takeOut(name: string, reason: string): Promise<void> {
    const exchange = this.#running.get(name);
    this.#absent.set(name, reason);
    this.#running.delete(name);
    if (exchange !== undefined) await this.#stopExchange(exchange);
  }

  /** What a namespace could not write is lost with it, be it stopped, replaced or deleted. */
  async #stopExchange(exchange: Exchange): Promise<void> {
    try {
      await exchange.stop();
    } catch (error) {
      this.#services.log.error("exchanges.stop_failed", { namespace: exchange.name, error });
    }
  }

  async #tryToRun(record: NamespaceRecord): Promise<void> {
    try {
      await this.#run(record);
    } catch (error) {
      this.#absent.set(record.name, COULD_NOT_START);
      this.#services.log.error("exchanges.start_failed", { namespace: record.name, error });
    }
  }

  async #run(record: NamespaceRecord): Promise<void> {
    await this.#startExchange(this.#make(record));
  }

  /** @throws ServerError `server.input_invalid` that names the option which cannot be used. */
  #make(record: NamespaceRecord): Exchange {
    const { config } = record;
    checkOptionNames(config);
    const own = (name: keyof ExchangeConfig): JsonObject => ({
      ...this.#config[name],
      ...section(config[name]),
    });
    const { deadManUrl } = section(config["dashboard"]);
    const onlyOwn = deadManUrl === undefined ? {} : { deadManUrl };
    const overridden: ExchangeConfig = {
      communication: own("communication"),
      gateway: own("gateway"),
      tracker: own("tracker"),
      profiler: own("profiler"),
      // The server's own URL is asked for all namespaces together, by the switchboard.
      dashboard: { ...own("dashboard"), deadManUrl: "", ...onlyOwn },
    };
    try {
      return new Exchange(record.name, overridden, this.#services);
    } catch (cause) {
      if (!(cause instanceof z.ZodError)) throw cause;
      const problems = cause.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      throw new ServerError("server.input_invalid", problems.join("; "), { cause });
    }
  }

  async #startExchange(exchange: Exchange): Promise<void> {
    if (this.#restoring !== undefined) this.#restoring.current = exchange;
    try {
      await exchange.start();
    } catch (error) {
      this.#absent.set(exchange.name, COULD_NOT_START);
      await this.#stopExchange(exchange); // what of it runs already must not go on by itself
      throw error;
    } finally {
      if (this.#restoring !== undefined) this.#restoring.current = undefined;
    }
    this.#absent.delete(exchange.name);
    this.#running.set(exchange.name, exchange);
    this.#onStarted(exchange);
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.catch(() => undefined).then(change);
    this.#turn = result;
    return result;
  }
}

const COULD_NOT_START = "could not be started";

/** Options of a namespace, by component. */
const SECTIONS: Readonly<Record<string, z.ZodObject>> = {
  communication: communicationConfigSchema,
  // What the listener of all namespaces has is no namespace's own.
  gateway: gatewayConfigSchema.omit({
    host: true,
    port: true,
    workers: true,
    middleware: true,
    maxConcurrentCalls: true,
    maxUpstreamConnections: true,
    maxBodyBytes: true,
    streamIdleTimeout: true,
  }),
  dashboard: dashboardConfigSchema,
  profiler: profilerConfigSchema,
  tracker: trackerConfigSchema,
};

function checkOptionNames(config: JsonObject): void {
  for (const [name, options] of Object.entries(config)) {
    const known = Object.hasOwn(SECTIONS, name) ? SECTIONS[name] : undefined;
    if (known === undefined) throw unknownName(name, Object.keys(SECTIONS));
    if (!isObject(options)) {
      const message = `"${name}" holds options by name: {"${name}":{...}}`;
      throw new ServerError("server.input_invalid", message);
    }
    for (const key of Object.keys(options)) {
      const names = Object.keys(known.shape);
      if (!names.includes(key)) throw unknownName(`${name}.${key}`, names);
    }
  }
}

function unknownName(name: string, known: readonly string[]): ServerError {
  const near = nearMatches(name.split(".").at(-1) ?? name, known);
  const hint =
    near.length > 0 ? `did you mean ${near.join(" or ")}?` : `known: ${known.join(", ")}`;
  return new ServerError("server.input_invalid", `"${name}" is no option of a namespace; ${hint}`);
}

function section(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
