// What the live stream says, as signals. All tabs of a browser share one stream through a
// SharedWorker; where there is none, the tab opens its own.

import { batch, signal } from "@preact/signals";
import { applyAgents, mergeAlerts, mergeEvents, mergeServices } from "../model/stream.ts";
import type { ConnectionState, StreamUpdate } from "../model/stream.ts";
import type { AgentTile, Alert, FeedEvent, OverviewSummary, ServiceView } from "../model/wire.ts";
import { StreamSource } from "./stream-source.ts";

/** The fleet as of now. */
export class LiveFleet {
  readonly connection = signal<{ readonly state: ConnectionState; readonly sinceMs: number }>({
    state: "connecting",
    sinceMs: Date.now(),
  });
  readonly summary = signal<OverviewSummary | null>(null);
  /** Null until the server has said who is there. */
  readonly agents = signal<ReadonlyMap<string, AgentTile> | null>(null);
  readonly events = signal<readonly FeedEvent[]>([]);
  /** Alerts that the stream or a page has brought, in their newest version. */
  readonly alerts = signal<ReadonlyMap<string, Alert>>(new Map());
  /** Services that the stream or a page has brought, in their newest version. */
  readonly services = signal<ReadonlyMap<string, ServiceView>>(new Map());
  /** Whether services seen before may be gone: the stream was away. */
  #servicesAreOld = false;
  /** Conversations that changed last; the version counts changes. */
  readonly changedConversations = signal<{
    readonly ids: readonly string[];
    readonly version: number;
  }>({ ids: [], version: 0 });
  /** Server's clock minus ours. */
  readonly clockOffsetMs = signal(0);
  /** Counts (re)connections, so that pages can ask again what the stream does not carry. */
  readonly connections = signal(0);
  #reopen: () => void = () => undefined;

  /** Starts reading the stream of a namespace. */
  start(namespace: string | undefined): void {
    if (typeof SharedWorker === "undefined") this.#startHere(namespace);
    else this.#startShared(namespace);
  }

  /** Tries again now. */
  reconnect(): void {
    this.#reopen();
  }

  /** Takes one update in. */
  apply(update: StreamUpdate): void {
    batch(() => this.#apply(update));
  }

  #apply(update: StreamUpdate): void {
    if (update.kind === "connection") {
      this.connection.value = { state: update.state, sinceMs: update.sinceMs };
    } else if (update.kind === "hello") {
      this.clockOffsetMs.value = update.clockOffsetMs;
      this.connections.value += 1;
      // What was resolved while the stream was away is not said again; what fires is.
      this.alerts.value = new Map();
      this.#servicesAreOld = true; // all of them follow
    } else if (update.kind === "summary") {
      this.summary.value = update.summary;
    } else if (update.kind === "agents") {
      this.agents.value = applyAgents(this.agents.value ?? new Map(), update);
    } else if (update.kind === "feed") {
      this.events.value = mergeEvents(this.events.value, update.events);
    } else if (update.kind === "alerts") {
      this.alerts.value = mergeAlerts(this.alerts.value, update.alerts);
    } else if (update.kind === "services") {
      const { services, removed } = update;
      const known = this.#servicesAreOld ? new Map() : this.services.value;
      this.#servicesAreOld = false;
      this.services.value = mergeServices(known, services, removed);
    } else {
      const { version } = this.changedConversations.value;
      this.changedConversations.value = { ids: update.conversationIds, version: version + 1 };
    }
  }

  #startShared(namespace: string | undefined): void {
    const worker = new SharedWorker(new URL("./stream-worker.ts", import.meta.url), {
      type: "module",
      name: namespace ?? "",
    });
    worker.addEventListener("error", () => this.#startHere(namespace), { once: true });
    worker.port.addEventListener("message", (event: MessageEvent<StreamUpdate>) => {
      this.apply(event.data);
    });
    worker.port.start();
    this.#reopen = () => worker.port.postMessage("reconnect", []);
    addEventListener("pagehide", () => worker.port.postMessage("bye", []));
    // A page restored from the back-forward cache had left.
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
  }

  #startHere(namespace: string | undefined): void {
    const source = new StreamSource(namespace, (update) => this.apply(update));
    source.open();
    this.#reopen = () => source.open();
  }
}
