// All namespaces of a server: which there are, with which options, and their running components.

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
import type { NamespaceState } from "./server-problem.ts";
import type { IdentityService, NamespaceRecord, SecurityStore } from "./security/index.ts";
import { trackerConfigSchema } from "./tracker/index.ts";
import type { SeriesStore } from "./tracker/index.ts";

/** Everything that keeps something of a namespace. */
export interface NamespaceStores {
  /** Messages, feed, identities: all of a namespace but its series. */
  readonly ledger: SecurityStore;
  readonly series: SeriesStore;
}

/** Makes, keeps and forgets namespaces. */
export class Exchanges {
  readonly #stores: NamespaceStores;
  readonly #identities: IdentityService;
  readonly #services: ExchangeServices;
  readonly #config: ExchangeConfig;
  readonly #running = new Map<string, Exchange>();
  readonly #onStarted: (exchange: Exchange) => void;
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
   * Starts every stored namespace, and the default one. One that cannot start is left out: its
   * fault, be it in its options or its rows, must not take the others down at every start.
   */
  async start(): Promise<void> {
    const records = await this.#stores.ledger.namespaces();
    if (!records.some((record) => record.name === DEFAULT_NAMESPACE)) {
      await this.put(DEFAULT_NAMESPACE, {});
    }
    for (const record of records) await this.#tryToRun(record);
  }

  get(name: string): Exchange | undefined {
    return this.#running.get(name);
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
    const running = this.#running.has(record.name);
    return { ...record, config: maskSecrets(record.config), running };
  }

  /** Whether each namespace there should be judges its fleet. */
  async states(): Promise<readonly NamespaceState[]> {
    const records = await this.records();
    return records.map(({ name }) => ({ name, isWell: this.get(name)?.dashboard.isWell() }));
  }

  /** With their secrets. */
  records(): Promise<readonly NamespaceRecord[]> {
    return this.#stores.ledger.namespaces();
  }

  /** Makes a namespace, or gives an existing one other options; its agents stay. */
  put(
    name: string,
    config: JsonObject,
  ): Promise<{ readonly record: NamespaceRecord; readonly created: boolean }> {
    return this.#inTurn(async () => {
      const problem = nameProblem(name);
      if (problem !== undefined) {
        throw new ServerError("server.input_invalid", `The namespace's name ${problem}`);
      }
      const existing = (await this.records()).find((record) => record.name === name);
      const createdAtMs = existing?.createdAtMs ?? Date.now();
      const kept = keepSecrets(config, existing?.config ?? {});
      const record: NamespaceRecord = { name, createdAtMs, config: kept };
      const exchange = this.#make(record); // refuses wrong options before anything is stored
      await this.#stores.ledger.putNamespace(record);
      await this.#stopExchange(name);
      await this.#startExchange(exchange);
      return { record, created: existing === undefined };
    });
  }

  /** Stops a namespace and forgets everything in it; what cannot be forgotten runs on. */
  delete(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const record = (await this.records()).find((one) => one.name === name);
      await this.#stopExchange(name);
      this.#running.delete(name);
      try {
        await this.#stores.series.deleteNamespace(name);
        await this.#stores.ledger.deleteNamespace(name); // with its record, so it comes last
      } catch (error) {
        if (record !== undefined) await this.#run(record);
        throw error;
      }
      await this.#identities.forgetNamespace(name);
    });
  }

  /** Stops all namespaces. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => undefined);
    await Promise.all(this.all().map((exchange) => this.#stopExchange(exchange.name)));
    this.#running.clear();
  }

  /** What a namespace could not write is lost with it, be it stopped, replaced or deleted. */
  async #stopExchange(name: string): Promise<void> {
    try {
      await this.#running.get(name)?.stop();
    } catch (error) {
      this.#services.log.error("exchanges.stop_failed", { namespace: name, error });
    }
  }

  async #tryToRun(record: NamespaceRecord): Promise<void> {
    const { log } = this.#services;
    const namespace = record.name;
    let exchange: Exchange | undefined;
    try {
      exchange = this.#make(record);
      await this.#startExchange(exchange);
    } catch (error) {
      log.error("exchanges.start_failed", { namespace, error });
      await exchange?.stop().catch((stopError: unknown) => {
        log.error("exchanges.stop_failed", { namespace, error: stopError });
      });
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
    await exchange.start();
    this.#running.set(exchange.name, exchange);
    this.#onStarted(exchange);
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.catch(() => undefined).then(change);
    this.#turn = result;
    return result;
  }
}

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
