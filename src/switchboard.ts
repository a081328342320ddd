// The main thread's composition root: a configuration becomes a running system.
//
//   start  lock the folder ─ threads ─ identities ─ namespaces ─ gateway and control plane listen
//   close  control plane and gateway drain ─ namespaces write what they hold ─ threads ─ the lock
//          is let go

import { existsSync } from "node:fs";
import { join } from "node:path";

import { communicationErrors } from "./communication/index.ts";
import type { CellphoneConfiguration } from "./configuration/index.ts";
import { Listeners, noComponentLog, randomToken, systemClock } from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import { dashboardErrors, DeadMan, EventNumbers } from "./dashboard/index.ts";
import type { FeedEvent } from "./dashboard/index.ts";
import { Exchanges } from "./exchanges.ts";
import { createDataPlane, gatewayOptionsOf, identityChange } from "./gateway-listener.ts";
import { gatewayErrors } from "./gateway/index.ts";
import { ProfileSampler, profilerErrors, SystemProbe } from "./profiler/index.ts";
import { AuditLog, IdentityService } from "./security/index.ts";
import type { Credential } from "./security/index.ts";
import { createControlPlane, SECRET_MASK } from "./server/index.ts";
import type { ConfigurationRow, ControlPlane, Fleet, ServerFacts } from "./server/index.ts";
import { builtFiles, packageVersion } from "./package-files.ts";
import { checkReadiness } from "./readiness.ts";
import { serverProblem } from "./server-problem.ts";
import { openDataFolder, storageErrors } from "./storage/index.ts";
import { LedgerClient, ProfileConversionThread, SeriesClient } from "./threads/index.ts";
import { trackerErrors } from "./tracker/index.ts";

const DAY_MS = 86_400_000;

/** What a system is started with. */
export interface SwitchboardOptions {
  readonly configuration: CellphoneConfiguration;
  /** @default says nothing */
  readonly log?: ComponentLog;
}

/** A line of a namespace's feed. */
export interface NamespacedFeedEvent {
  readonly namespace: string;
  readonly event: FeedEvent;
}

/** A running system. */
export interface Switchboard extends AsyncDisposable {
  /** Base URL of the control plane and the pages. */
  readonly url: string;
  readonly socketPath: string;
  readonly dataFolder: string;
  /** True when the folder held no data before this start. */
  readonly fresh: boolean;
  facts(): ServerFacts;
  /** A link that signs a browser in, once, within the code's validity. */
  loginUrl(): string;
  /** A new admin key; the one before stops working. */
  rotateAdminKey(): Promise<string>;
  /** Every line of every namespace's feed, as it happens. */
  onFeed(callback: (line: NamespacedFeedEvent) => void): Disposable;
  /** Drains and stops everything; what was acknowledged is on disk. */
  close(): Promise<void>;
}

/**
 * Starts the whole system.
 * @throws StorageError when the data folder cannot be used, ServerError when the port cannot.
 */
export async function startSwitchboard(options: SwitchboardOptions): Promise<Switchboard> {
  const system = new System(options);
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

class System implements Switchboard, Fleet {
  readonly epoch = randomToken(40);
  readonly fresh: boolean;
  readonly #configuration: CellphoneConfiguration;
  readonly #log: ComponentLog;
  readonly #startedAtMs = Date.now();
  readonly #folder;
  readonly #feed = new Listeners<NamespacedFeedEvent>();
  /** What was started, to be stopped in reverse. */
  readonly #running: (() => Promise<void> | void)[] = [];
  readonly #plane;
  #identities: IdentityService | undefined;
  #exchanges: Exchanges | undefined;
  #controlPlane: ControlPlane | undefined;
  #ledger: LedgerClient | undefined;
  #series: SeriesClient | undefined;
  #url = "";
  #socketPath = "";
  #closing: Promise<void> | undefined;

  constructor(options: SwitchboardOptions) {
    this.#configuration = options.configuration;
    this.#log = options.log ?? noComponentLog;
    // First of all: it may refuse the configuration, and holds nothing yet.
    this.#plane = createDataPlane(options.configuration, this.#log);
    this.#folder = openDataFolder(options.configuration.values.storage.folder);
    this.fresh = !existsSync(this.#folder.ledgerPath);
    this.#running.push(() => this.#folder[Symbol.dispose]());
  }

  async start(): Promise<void> {
    const { values } = this.#configuration;
    const [ledger, series] = await this.#openStores();

    const identities = new IdentityService(values.security, {
      store: ledger,
      publish: (credential) => this.#publish([credential]),
    });
    await identities.load();
    await this.#publish(identities.credentialsInForce());
    this.#identities = identities;
    this.#pruneDaily(identities);
    const audit = new AuditLog({ store: ledger, log: this.#log });
    this.#running.push(() => audit.close());

    const probe = new SystemProbe({ log: this.#log, diskPath: this.#folder.path });
    this.#running.push(() => probe[Symbol.dispose]());
    const conversion = new ProfileConversionThread();
    this.#running.push(() => conversion.close());
    const exchanges = new Exchanges(
      { ledger, series },
      identities,
      {
        stores: {
          communication: ledger,
          services: ledger,
          alerts: ledger,
          feed: ledger,
          series,
          calls: series,
          profiles: series,
        },
        eventNumbers: new EventNumbers(await ledger.lastEventId()),
        plane: this.#plane,
        probe,
        sampler: new ProfileSampler(),
        conversion,
        audit,
        log: this.#log,
      },
      { ...values, gateway: gatewayOptionsOf(values.gateway) },
      (exchange) => {
        exchange.dashboard.feed.onEvent((event) =>
          this.#feed.emit({ namespace: exchange.name, event }),
        );
      },
    );
    this.#exchanges = exchanges;
    this.#running.push(() => exchanges.stop());
    await exchanges.start();
    this.#running.push(() => this.#plane.close());
    await this.#plane.listen();
    await this.#listen(identities, audit);
    this.#pingWatcher();
  }

  /** Tells the gateway which keys count, and which no longer do. */
  async #publish(credentials: readonly Credential[]): Promise<void> {
    const changes = credentials.map(identityChange).filter((change) => change !== undefined);
    if (changes.length > 0) await this.#plane.applyIdentities(changes);
  }

  async #openStores(): Promise<[LedgerClient, SeriesClient]> {
    const onFailure = (error: Error): void => {
      // Readiness says so too; calls to the thread are rejected from now on.
      this.#log.error("switchboard.thread_failed", { error });
    };
    const options = { onFailure, log: this.#log };
    const opening = [
      LedgerClient.open(this.#folder.ledgerPath, options),
      SeriesClient.open(this.#folder.seriesPath, options),
    ] as const;
    // Both are waited for, so that one's failure leaves no other running.
    const [ledger, series] = await Promise.allSettled(opening);
    for (const opened of [ledger, series]) {
      if (opened.status === "fulfilled") this.#running.push(() => opened.value.close());
    }
    this.#ledger = await opening[0];
    this.#series = await opening[1];
    return [this.#ledger, this.#series];
  }

  /** Forgets keys that no longer work and audit rows past their retention, now and every day. */
  #pruneDaily(identities: IdentityService): void {
    let timer: Disposable | undefined;
    const prune = (): void => {
      timer = systemClock.after(DAY_MS, prune);
      identities.prune().catch((error: unknown) => {
        this.#log.warn("switchboard.prune_failed", { error });
      });
    };
    prune();
    this.#running.push(() => timer?.[Symbol.dispose]());
  }

  /** One ping for the whole server: a namespace of many must not say that all is well. */
  #pingWatcher(): void {
    const { deadManUrl: url, deadManInterval } = this.#configuration.values.dashboard;
    if (url === "") return;
    const problem = async (): Promise<string | null> =>
      serverProblem(await this.readiness(), await this.#started(this.#exchanges).states());
    const intervalMs = deadManInterval * 1000;
    const log = this.#log;
    const deadMan = new DeadMan({ url, intervalMs, problem, clock: systemClock, log });
    deadMan.start();
    this.#running.push(() => deadMan.stop());
  }

  async #listen(identities: IdentityService, audit: AuditLog): Promise<void> {
    const { server } = this.#configuration.values;
    const configured = server.socketPath;
    const socketPath = configured === "" ? join(this.#folder.path, "control.sock") : configured;
    const errors = {
      ...communicationErrors,
      ...gatewayErrors,
      ...trackerErrors,
      ...profilerErrors,
      ...dashboardErrors,
      ...storageErrors,
    };
    const controlPlane = createControlPlane(
      { ...server, socketPath },
      { fleet: this, identities, audit, log: this.#log, errors, ...builtFiles() },
    );
    const address = await controlPlane.listen();
    this.#controlPlane = controlPlane;
    this.#running.push(() => controlPlane.close());
    this.#url = address.url;
    this.#socketPath = socketPath;
    const gateway = this.#plane.address;
    this.#folder.notePorts(gateway === undefined ? [address.port] : [address.port, gateway.port]);
  }

  get url(): string {
    return this.#url;
  }

  get socketPath(): string {
    return this.#socketPath;
  }

  get dataFolder(): string {
    return this.#folder.path;
  }

  loginUrl(): string {
    return `${this.#url}/in#${this.#started(this.#identities).createLoginCode().code}`;
  }

  rotateAdminKey(): Promise<string> {
    return this.#started(this.#identities).rotateAdminKey();
  }

  onFeed(callback: (line: NamespacedFeedEvent) => void): Disposable {
    return this.#feed.add(callback);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const stop of this.#running.toReversed()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error("switchboard.stop_failed", { error: String(error) });
      }
    }
  }

  // The system as the control plane sees it.

  namespace(name: string) {
    return this.#exchanges?.get(name);
  }

  namespaces() {
    return this.#started(this.#exchanges).views();
  }

  // Streams end afterwards as well: whoever came back meanwhile watches what has been stopped.

  async putNamespace(...change: Parameters<Fleet["putNamespace"]>) {
    const [name] = change;
    this.#controlPlane?.endStreams(name);
    const exchanges = this.#started(this.#exchanges);
    const { record, created } = await exchanges.put(...change);
    if (!created) this.#controlPlane?.endStreams(name);
    return { record: exchanges.view(record), created };
  }

  async deleteNamespace(name: string): Promise<void> {
    this.#controlPlane?.endStreams(name);
    try {
      await this.#started(this.#exchanges).delete(name);
    } finally {
      this.#controlPlane?.endStreams(name);
    }
  }

  readiness(): ReturnType<Fleet["readiness"]> {
    return checkReadiness({
      ledger: () => this.#started(this.#ledger),
      series: () => this.#started(this.#series),
      folder: this.#folder,
      isRunning: (name) => this.namespace(name) !== undefined,
      plane: this.#plane,
    });
  }

  configuration(): readonly ConfigurationRow[] {
    return this.#configuration.entries.map((entry) => ({
      key: entry.key,
      value: entry.secret ? SECRET_MASK : entry.value,
      source: entry.source,
      unit: entry.unit,
      description: entry.description,
      default: entry.default,
    }));
  }

  facts(): ServerFacts {
    return {
      version: packageVersion(),
      startedAtMs: this.#startedAtMs,
      dataFolder: this.#folder.path,
      dashboardUrl: this.#url,
      gatewayUrl: this.#plane.address?.url ?? null,
      pid: process.pid,
      node: process.version,
      threads: [
        "main",
        "ledger",
        "ledger reader",
        "series",
        "series reader",
        ...Array.from({ length: this.#plane.workers }, (_, index) => `gateway ${index + 1}`),
      ],
    };
  }

  #started<Part>(part: Part | undefined): Part {
    if (part === undefined) throw new Error("The switchboard is still starting.");
    return part;
  }
}
