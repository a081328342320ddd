// The main thread's composition root: a configuration becomes a running system.
//
//   start  lock the folder ─ threads ─ identities ─ control plane listens ─ namespaces, which may
//          take long ─ gateway listens
//   close  control plane and gateway drain ─ namespaces write what they hold ─ threads ─ the lock
//          is let go

import { existsSync } from "node:fs";
import { join } from "node:path";

import { componentErrors } from "./component-errors.ts";
import { configurationRows } from "./configuration-rows.ts";
import type { CellphoneConfiguration } from "./configuration/index.ts";
import { DEFAULT_NAMESPACE, Listeners, noComponentLog, randomToken } from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import { EventNumbers } from "./dashboard/index.ts";
import type { FeedEvent } from "./dashboard/index.ts";
import { Exchanges } from "./exchanges.ts";
import { createDataPlane, gatewayOptionsOf, identityChange } from "./gateway-listener.ts";
import { ProfileSampler, SystemProbe } from "./profiler/index.ts";
import { AuditLog, IdentityService } from "./security/index.ts";
import type { Credential } from "./security/index.ts";
import { createControlPlane } from "./server/index.ts";
import type { ConfigurationRow, ControlPlane, Fleet, ServerFacts } from "./server/index.ts";
import { builtFiles, packageVersion } from "./package-files.ts";
import { pruneDaily } from "./prune-daily.ts";
import type { RestoreProgress } from "./restore-progress.ts";
import { watchServer } from "./server-watch.ts";
import { SystemHealth } from "./system-health.ts";
import { openDataFolder } from "./storage/index.ts";
import { LedgerClient, ProfileConversionThread, SeriesClient } from "./threads/index.ts";

/** Starts that are over sooner need no word of their progress. */
const PROGRESS_EVERY_MS = 2000;

/** What a system is started with. */
export interface SwitchboardOptions {
  readonly configuration: CellphoneConfiguration;
  /** @default says nothing */
  readonly log?: ComponentLog;
  /** Told every two seconds how far a start is that takes longer. @default nobody */
  readonly onProgress?: (progress: RestoreProgress) => void;
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
  /**
   * Resolves, with the reason, when the system can no longer store anything: close it and start
   * another process. While it works this stays pending.
   */
  readonly failed: Promise<Error>;
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
  readonly #health: SystemHealth;
  readonly #onProgress: (progress: RestoreProgress) => void;
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
    this.#onProgress = options.onProgress ?? ((): void => undefined);
    this.#health = new SystemHealth({
      ledger: () => this.#ledger?.namespaces(),
      series: () => this.#series?.snapshots(DEFAULT_NAMESPACE, 1),
      seriesTrouble: () => this.#exchanges?.seriesTrouble(),
      restoring: () => this.#exchanges?.progress(),
      isRunning: (name) => this.#exchanges?.isRunning(name) === true,
      gatewayWorkers: () => this.#plane.workers,
      folder: this.#folder,
    });
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
    const pruning = pruneDaily(identities, this.#log);
    this.#running.push(() => pruning[Symbol.dispose]());
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
      ({ name: namespace, dashboard }) => {
        dashboard.feed.onEvent((event) => this.#feed.emit({ namespace, event }));
      },
    );
    this.#exchanges = exchanges;
    this.#running.push(() => exchanges.stop());
    this.#running.push(() => this.#plane.close());
    // Before the namespaces: bringing a large backlog back takes long, and whoever asks is told.
    const port = await this.#listen(identities, audit);
    this.#folder.notePorts([port]);
    await this.#startNamespaces(exchanges);
    this.#folder.notePorts([port, (await this.#plane.listen()).port]);
    const about = { readiness: () => this.readiness(), states: () => exchanges.states() };
    const watch = watchServer(values.dashboard, about, this.#log);
    this.#running.push(async () => watch[Symbol.asyncDispose]());
  }

  async #startNamespaces(exchanges: Exchanges): Promise<void> {
    const saying = setInterval(() => {
      const progress = exchanges.progress();
      if (progress !== undefined) this.#onProgress(progress);
    }, PROGRESS_EVERY_MS);
    try {
      await exchanges.start();
    } finally {
      clearInterval(saying);
    }
  }

  /** Tells the gateway which keys count, and which no longer do. */
  async #publish(credentials: readonly Credential[]): Promise<void> {
    const changes = credentials.map(identityChange).filter((change) => change !== undefined);
    if (changes.length > 0) await this.#plane.applyIdentities(changes);
  }

  async #openStores(): Promise<[LedgerClient, SeriesClient]> {
    const open = (thread: "ledger" | "series") => ({
      log: this.#log,
      onFailure: (error: Error): void => {
        // Calls to the thread are rejected from now on; whoever runs the system ends it.
        this.#log.error("switchboard.thread_failed", { error });
        this.#health.noteEnd(thread, error);
      },
    });
    const opening = [
      LedgerClient.open(this.#folder.ledgerPath, open("ledger")),
      SeriesClient.open(this.#folder.seriesPath, open("series")),
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

  /** Opens the control plane; its port. */
  async #listen(identities: IdentityService, audit: AuditLog): Promise<number> {
    const { server } = this.#configuration.values;
    const socketPath = server.socketPath || join(this.#folder.path, "control.sock");
    const controlPlane = createControlPlane(
      { ...server, socketPath },
      { fleet: this, identities, audit, log: this.#log, errors: componentErrors, ...builtFiles() },
    );
    const address = await controlPlane.listen();
    this.#controlPlane = controlPlane;
    this.#running.push(() => controlPlane.close());
    this.#url = address.url;
    this.#socketPath = socketPath;
    return address.port;
  }

  get failed(): Promise<Error> {
    return this.#health.failed;
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
    return this.#health.checks();
  }

  isRestoring(): boolean {
    return this.#exchanges?.hasStarted !== true;
  }

  configuration(): readonly ConfigurationRow[] {
    return configurationRows(this.#configuration);
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
