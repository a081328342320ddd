// The main thread's composition root: a configuration becomes a running system.
//
//   start  lock the folder ─ threads ─ identities ─ namespaces ─ control plane listens
//   close  control plane drains ─ namespaces write what they hold ─ threads ─ the lock is let go

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { communicationErrors } from "./communication/index.ts";
import type { CellphoneConfiguration } from "./configuration/index.ts";
import {
  DEFAULT_NAMESPACE,
  Listeners,
  noComponentLog,
  randomToken,
  systemClock,
} from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import { EventNumbers } from "./dashboard/index.ts";
import type { FeedEvent } from "./dashboard/index.ts";
import { checkDisk } from "./disk-check.ts";
import { Exchanges } from "./exchanges.ts";
import { HostUsageMeter } from "./host-usage.ts";
import { AuditLog, IdentityService } from "./security/index.ts";
import { createControlPlane } from "./server/index.ts";
import type { ConfigurationRow, ControlPlane, Fleet, ServerFacts } from "./server/index.ts";
import { openDataFolder, storageErrors } from "./storage/index.ts";
import { LedgerClient, SeriesClient } from "./threads/index.ts";
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
    this.#folder = openDataFolder(options.configuration.values.storage.folder);
    this.fresh = !existsSync(this.#folder.ledgerPath);
    this.#running.push(() => this.#folder[Symbol.dispose]());
  }

  async start(): Promise<void> {
    const { values } = this.#configuration;
    const [ledger, series] = await this.#openStores();

    const identities = new IdentityService(values.security, { store: ledger });
    await identities.load();
    this.#identities = identities;
    this.#pruneDaily(identities);
    const audit = new AuditLog({ store: ledger, log: this.#log });
    this.#running.push(() => audit.close());

    const host = new HostUsageMeter();
    const exchanges = new Exchanges(
      { ledger, series },
      identities,
      {
        communicationStore: ledger,
        seriesStore: series,
        feedStore: ledger,
        eventNumbers: new EventNumbers(await ledger.lastEventId()),
        hostUsage: () => host.read(),
        log: this.#log,
      },
      values,
      (exchange) => {
        exchange.dashboard.feed.onEvent((event) =>
          this.#feed.emit({ namespace: exchange.name, event }),
        );
      },
    );
    this.#exchanges = exchanges;
    this.#running.push(() => exchanges.stop());
    await exchanges.start();
    await this.#listen(identities, audit);
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

  async #listen(identities: IdentityService, audit: AuditLog): Promise<void> {
    const { server } = this.#configuration.values;
    const configured = server.socketPath;
    const socketPath = configured === "" ? join(this.#folder.path, "control.sock") : configured;
    const errors = { ...communicationErrors, ...trackerErrors, ...storageErrors };
    const controlPlane = createControlPlane(
      { ...server, socketPath },
      { fleet: this, identities, audit, log: this.#log, errors, ...builtFiles() },
    );
    const address = await controlPlane.listen();
    this.#controlPlane = controlPlane;
    this.#running.push(() => controlPlane.close());
    this.#url = address.url;
    this.#socketPath = socketPath;
    this.#folder.notePorts([address.port]);
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
    return this.#started(this.#exchanges).records();
  }

  // Streams end afterwards as well: whoever came back meanwhile watches what has been stopped.

  async putNamespace(...change: Parameters<Fleet["putNamespace"]>) {
    const [name] = change;
    this.#controlPlane?.endStreams(name);
    const result = await this.#started(this.#exchanges).put(...change);
    if (!result.created) this.#controlPlane?.endStreams(name);
    return result;
  }

  async deleteNamespace(name: string): Promise<void> {
    this.#controlPlane?.endStreams(name);
    try {
      await this.#started(this.#exchanges).delete(name);
    } finally {
      this.#controlPlane?.endStreams(name);
    }
  }

  async readiness(): ReturnType<Fleet["readiness"]> {
    const [ledger, series] = await Promise.all([
      check(() => this.#started(this.#ledger).namespaces()),
      check(() => this.#started(this.#series).snapshots(DEFAULT_NAMESPACE, 1)),
    ]);
    const namespaces = { ok: this.namespace(DEFAULT_NAMESPACE) !== undefined };
    const { path, ledgerPath, seriesPath } = this.#folder;
    const disk = await checkDisk(path, [ledgerPath, seriesPath]);
    return { ledger, series, disk, namespaces };
  }

  configuration(): readonly ConfigurationRow[] {
    return this.#configuration.entries.map((entry) => ({
      key: entry.key,
      value: entry.secret ? "(secret)" : entry.value,
      source: entry.source,
      unit: entry.unit,
      description: entry.description,
      default: entry.default,
    }));
  }

  facts(): ServerFacts {
    return {
      version: version(),
      startedAtMs: this.#startedAtMs,
      dataFolder: this.#folder.path,
      dashboardUrl: this.#url,
      gatewayUrl: null,
      pid: process.pid,
      node: process.version,
      threads: ["main", "ledger", "ledger reader", "series", "series reader"],
    };
  }

  #started<Part>(part: Part | undefined): Part {
    if (part === undefined) throw new Error("The switchboard is still starting.");
    return part;
  }
}

async function check(probe: () => Promise<unknown>): Promise<{ ok: boolean; detail?: string }> {
  try {
    await probe();
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** The built pages and SDK files, whether we run from src/ or from dist/. */
function builtFiles(): { webFolder: string; sdkFiles: Record<string, string> } {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const built = existsSync(join(here, "web", "vite.config.ts")) ? join(here, "../dist") : here;
  return {
    webFolder: join(built, "web"),
    sdkFiles: {
      "agent_cellphone.py": join(here, "../sdk/python/agent_cellphone.py"),
      "agent-cellphone.js": join(built, "sdk/agent-cellphone.js"),
    },
  };
}

function version(): string {
  const path = new URL("../package.json", import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
  const found = typeof parsed === "object" && parsed !== null && "version" in parsed;
  return found ? String(parsed.version) : "unknown";
}
