// Live viewers of a namespace (server-sent events). One subscription per namespace serves all
// its viewers; what changes within a moment is sent as one frame, made once. A viewer that does
// not keep up gets the newest state when it can take it, never a queue of old ones.

import type { Writable } from "node:stream";

import type { Clock } from "../core/index.ts";
import type { Alert, FeedEvent } from "../dashboard/index.ts";

import { ServerError } from "./errors.ts";
import type { FleetNamespace } from "./fleet.ts";
import { serverLimits } from "./limits.ts";
import { LiveServices } from "./live-services.ts";
import {
  alertsFrames,
  itemsFrames,
  LiveViewer,
  messageFrame,
  summaryFrame,
} from "./live-viewer.ts";

/** Changes within this time travel together. */
const GATHER_MS = 200;
/** A summary is sent at most this often, and looked at anew at least this often. */
const SUMMARY_MIN_MS = 1000;
const SUMMARY_MAX_MS = 5000;
const KEEPALIVE_MS = 15_000;

/** Who wants to watch, and from where on. */
export interface ViewerRequest {
  /** The answer's body; its head is written already. */
  readonly response: Writable;
  /** The last feed event the viewer has seen; undefined to start now. */
  readonly lastEventId: number | undefined;
  /** Whether the viewer's key or session still counts. */
  readonly isAllowed: () => boolean;
}

/** All live viewers of the server. */
export class LiveStreams {
  readonly #hubs = new Map<string, LiveHub>();
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #viewersMax: number;
  #viewers = 0;

  constructor(clock: Clock, epoch: string, viewersMax: number = serverLimits.viewers.value) {
    this.#clock = clock;
    this.#epoch = epoch;
    this.#viewersMax = viewersMax;
  }

  get viewers(): number {
    return this.#viewers;
  }

  /**
   * Refuses a viewer too many; call before the answer's head is written.
   * @throws ServerError `server.too_many_viewers`
   */
  refuseWhenFull(): void {
    if (this.#viewers < this.#viewersMax) return;
    const message = `${this.#viewers} viewers are watching, as many as may`;
    throw new ServerError("server.too_many_viewers", message, { retryAfterSeconds: 10 });
  }

  /** Serves a viewer until it leaves. */
  open(namespace: FleetNamespace, request: ViewerRequest): void {
    let hub = this.#hubs.get(namespace.name);
    if (hub === undefined || hub.namespace !== namespace) {
      hub?.close();
      hub = new LiveHub(namespace, this.#clock, this.#epoch);
      this.#hubs.set(namespace.name, hub);
    }
    const serving = hub;
    this.#viewers += 1;
    const viewer = serving.add(request);
    request.response.once("close", () => {
      this.#viewers -= 1;
      serving.remove(viewer);
      if (serving.size > 0) return;
      serving.close();
      if (this.#hubs.get(namespace.name) === serving) this.#hubs.delete(namespace.name);
    });
  }

  /** Ends all streams, or those of one namespace; viewers reconnect. */
  close(namespaceName?: string): void {
    for (const [name, hub] of this.#hubs) {
      if (namespaceName === undefined || name === namespaceName) hub.endViewers();
    }
  }
}

/** The viewers of one namespace. */
class LiveHub {
  readonly namespace: FleetNamespace;
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #viewers = new Set<LiveViewer>();
  readonly #subscriptions: readonly Disposable[];
  /** The newest feed events, to bridge between reading the store and going live. */
  readonly #tail: FeedEvent[] = [];
  /** Tiles as the viewers have them, until the agent changes. */
  readonly #tileTexts = new Map<string, string>();
  readonly #changedAgents = new Set<string>();
  readonly #changedConversations = new Set<string>();
  readonly #changedAlerts = new Map<string, Alert>();
  readonly #services = new LiveServices();
  #servicesDue = false;
  #summary = { text: "", frame: "", version: 0, atMs: Number.NEGATIVE_INFINITY };
  #summaryDue = false;
  #flushing: Disposable | undefined;
  #refreshing: Disposable;
  #keepalive: Disposable;

  constructor(namespace: FleetNamespace, clock: Clock, epoch: string) {
    this.namespace = namespace;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#subscriptions = [
      namespace.dashboard.onChange((change) => {
        for (const ids of [change.agentIds, change.removed]) {
          for (const id of ids) {
            this.#tileTexts.delete(id);
            this.#changedAgents.add(id);
          }
        }
        this.#soon(true);
      }),
      namespace.dashboard.feed.onEvent((event) => this.#takeEvent(event)),
      namespace.dashboard.onAlert((alert) => {
        this.#changedAlerts.set(alert.id, alert);
        this.#soon(true);
      }),
      namespace.gateway.addServiceCallback(() => {
        this.#servicesDue = true;
        this.#soon(true);
      }),
      namespace.onConversationChange((conversationId) => {
        if (this.#changedConversations.size < serverLimits.viewerConversations.value) {
          this.#changedConversations.add(conversationId);
        }
        this.#soon(true);
      }),
    ];
    this.#refreshing = this.#refreshLater();
    this.#keepalive = this.#keepaliveLater();
  }

  get size(): number {
    return this.#viewers.size;
  }

  add(request: ViewerRequest): LiveViewer {
    this.#renewSummary();
    const viewer = new LiveViewer(request, {
      namespace: this.namespace,
      clock: this.#clock,
      tail: () => this.#tail,
      tileText: (agentId) => this.#tileText(agentId),
      summary: () => this.#summary,
      renewServices: () => this.#renewServices(),
      serviceIds: () => this.#services.ids(),
      serviceText: (serviceId) => this.#services.text(serviceId),
    });
    this.#viewers.add(viewer);
    viewer.start(this.#epoch);
    return viewer;
  }

  remove(viewer: LiveViewer): void {
    this.#viewers.delete(viewer);
  }

  endViewers(): void {
    for (const viewer of this.#viewers) viewer.end();
  }

  close(): void {
    this.endViewers();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#flushing?.[Symbol.dispose]();
    this.#refreshing[Symbol.dispose]();
    this.#keepalive[Symbol.dispose]();
  }

  #tileText(agentId: string): string | undefined {
    const known = this.#tileTexts.get(agentId);
    if (known !== undefined) return known;
    const tile = this.namespace.dashboard.tile(agentId);
    if (tile === undefined) return undefined;
    const text = JSON.stringify(tile);
    this.#tileTexts.set(agentId, text);
    return text;
  }

  #takeEvent(event: FeedEvent): void {
    this.#tail.push(event);
    if (this.#tail.length > serverLimits.viewerFeedTail.value) this.#tail.shift();
    for (const viewer of this.#viewers) viewer.takeEvent(event);
    this.#soon(true);
  }

  #soon(summaryDue: boolean): void {
    this.#summaryDue ||= summaryDue;
    this.#flushing ??= this.#clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#flushing = undefined;
    const agentIds = [...this.#changedAgents];
    const conversationIds = [...this.#changedConversations];
    this.#changedAgents.clear();
    this.#changedConversations.clear();
    const agents = itemsFrames("agents", (id) => this.#tileText(id), agentIds);
    const messages = conversationIds.length === 0 ? "" : messageFrame(conversationIds);
    this.#flushSummary();
    for (const viewer of this.#viewers) {
      viewer.takeAgents(agents);
      viewer.takeConversations(conversationIds, messages);
      viewer.takeSummary();
    }
    this.#flushAlerts();
    if (this.#servicesDue) void this.#renewServices();
  }

  #flushAlerts(): void {
    if (this.#changedAlerts.size === 0) return;
    const texts = new Map<string, string>();
    for (const [id, alert] of this.#changedAlerts) texts.set(id, JSON.stringify(alert));
    this.#changedAlerts.clear();
    const frames = alertsFrames(texts);
    for (const viewer of this.#viewers) viewer.takeAlerts(texts, frames);
  }

  /** Looks at the services anew: their figures change with every call, unannounced. */
  async #renewServices(): Promise<void> {
    this.#servicesDue = false;
    // A gateway that cannot tell now is asked again at the next look.
    const services = await this.namespace.gateway.getAllServices().catch(() => undefined);
    if (services === undefined) return;
    const { changed, removed } = this.#services.renew(services);
    if (changed.length + removed.length === 0) return;
    const text = (id: string): string | undefined => this.#services.text(id);
    const frames = itemsFrames("services", text, [...changed, ...removed]);
    for (const viewer of this.#viewers) viewer.takeServices(frames);
  }

  #flushSummary(): void {
    if (!this.#summaryDue) return;
    const waitMs = this.#summary.atMs + SUMMARY_MIN_MS - this.#clock.monotonic();
    if (waitMs > 0) this.#flushing ??= this.#clock.after(waitMs, () => this.#flush());
    else this.#renewSummary();
  }

  /** Looks at the fleet anew; only what differs beyond its time of day counts as a change. */
  #renewSummary(): void {
    this.#summaryDue = false;
    const summary = this.namespace.dashboard.summary();
    const text = JSON.stringify({ ...summary, atMs: 0 });
    const atMs = this.#clock.monotonic();
    if (text === this.#summary.text) this.#summary = { ...this.#summary, atMs };
    else {
      const version = this.#summary.version + 1;
      this.#summary = { text, frame: summaryFrame(summary), version, atMs };
    }
  }

  #refreshLater(): Disposable {
    return this.#clock.after(SUMMARY_MAX_MS, () => {
      this.#refreshing = this.#refreshLater();
      this.#servicesDue = true;
      this.#soon(true);
    });
  }

  #keepaliveLater(): Disposable {
    return this.#clock.after(KEEPALIVE_MS, () => {
      this.#keepalive = this.#keepaliveLater();
      for (const viewer of this.#viewers) viewer.keepalive();
    });
  }
}
