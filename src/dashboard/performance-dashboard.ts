// PerformanceDashboard: what a person should look at now. It listens to the fleet, keeps the
// overview and the tiles current, and writes the feed. It never holds up what it watches.

import { formatDuration, Listeners, noComponentLog, systemClock } from "../core/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";

import { dashboardConfigSchema } from "./config.ts";
import type { DashboardOptions } from "./config.ts";
import { CostMeter } from "./cost-meter.ts";
import { EventNumbers, Feed } from "./feed.ts";
import type { AgentTile, Cause, FeedEvent, OverviewSummary } from "./model.ts";
import { OutcomeWindow } from "./outcome-window.ts";
import { buildSummary, buildTile } from "./overview.ts";
import type { FleetEvent, FleetSource, HostUsage } from "./ports.ts";
import type { FeedStore } from "./store.ts";
import { VolatileFeedStore } from "./volatile-feed-store.ts";

/** What the dashboard works with; all but the fleet have defaults for use as a library. */
export interface DashboardDependencies {
  readonly fleet: FleetSource;
  /** @default "default" */
  readonly namespace?: string;
  /** @default a bounded list in memory */
  readonly feedStore?: FeedStore;
  /** @default numbers from 1 */
  readonly eventNumbers?: EventNumbers;
  /** Usage of the server's machine, for the health score. @default unknown */
  readonly hostUsage?: () => HostUsage | null;
  readonly clock?: Clock;
  readonly log?: ComponentLog;
}

/** Which agents look different, and which are gone. */
export interface DashboardChange {
  readonly agentIds: ReadonlySet<string>;
  readonly removed: readonly string[];
}

/** Overview, tiles and feed of one namespace. */
export class PerformanceDashboard {
  readonly namespace: string;
  readonly feed: Feed;
  readonly costs = new CostMeter();
  readonly #fleet: FleetSource;
  readonly #store: FeedStore;
  readonly #clock: Clock;
  readonly #log: ComponentLog;
  readonly #hostUsage: () => HostUsage | null;
  readonly #outcomes = new OutcomeWindow();
  readonly #changes = new Listeners<DashboardChange>();
  readonly #updates = new Listeners<OverviewSummary>();
  readonly #causeDelayMs: number;
  readonly #announced = new Map<string, Cause>();
  readonly #firstSeenMs = new Map<string, number>();
  #refreshIntervalMs: number;
  #subscription: Disposable | undefined;
  #timer: Disposable | undefined;

  constructor(options: DashboardOptions, dependencies: DashboardDependencies) {
    const parsed = dashboardConfigSchema.parse(options);
    this.namespace = dependencies.namespace ?? "default";
    this.#fleet = dependencies.fleet;
    this.#clock = dependencies.clock ?? systemClock;
    this.#log = dependencies.log ?? noComponentLog;
    this.#hostUsage = dependencies.hostUsage ?? (() => null);
    this.#store = dependencies.feedStore ?? new VolatileFeedStore();
    this.#refreshIntervalMs = parsed.refreshInterval * 1000;
    this.#causeDelayMs = parsed.causeDelay * 1000;
    const numbers = dependencies.eventNumbers ?? new EventNumbers(0);
    this.feed = new Feed(this.namespace, this.#store, numbers, this.#clock);
  }

  /** Starts listening to the fleet and renewing the overview. */
  start(): void {
    this.#subscription ??= this.#fleet.onEvent((event) => this.#take(event));
    this.#timer ??= this.#schedule();
  }

  /** Stops listening; waits until the feed is stored. */
  async stop(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#timer = undefined;
    await this.feed.flush();
  }

  /** @param seconds between two calls of update callbacks; at least 0.1. */
  setRefreshInterval(seconds: number): void {
    if (!(seconds >= 0.1)) throw new RangeError(`refresh interval ${seconds} s is under 0.1 s`);
    this.#refreshIntervalMs = seconds * 1000;
    if (this.#timer === undefined) return;
    this.#timer[Symbol.dispose]();
    this.#timer = this.#schedule();
  }

  /** Headline, counts, causes and health, as of now. */
  summary(): OverviewSummary {
    const nowMs = this.#clock.now();
    return buildSummary({
      namespace: this.namespace,
      nowMs,
      fleet: this.#fleet.digest(),
      deadLetters: this.#fleet.deadLetters(),
      costSince: (agentId, sinceMs) => this.costs.since(agentId, sinceMs),
      costPerHourUsd: this.costs.perHour(nowMs),
      errorRatio: this.#outcomes.ratio(nowMs),
      host: this.#hostUsage(),
    });
  }

  /** The tiles of all agents, in order of registration. */
  tiles(): readonly AgentTile[] {
    return this.#fleet.agents().map((agent) => this.#tile(agent));
  }

  /** The tile of one agent; undefined when there is no such agent. */
  tile(agentId: string): AgentTile | undefined {
    const agent = this.#fleet.agent(agentId);
    return agent === undefined ? undefined : this.#tile(agent);
  }

  /** Ids of all agents, in order of registration. */
  agentIds(): Iterable<string> {
    return this.#fleet.agentIds();
  }

  /** Lines of the feed: after a number, or the newest. */
  async events(query: {
    readonly afterId?: number;
    readonly agentId?: string;
    readonly limit?: number;
  }): Promise<readonly FeedEvent[]> {
    await this.feed.flush();
    return this.#store.events(this.namespace, query);
  }

  /** Called at once when agents look different. */
  onChange(callback: (change: DashboardChange) => void): Disposable {
    return this.#changes.add(callback);
  }

  /** Called with a fresh summary every refresh interval. */
  addUpdateCallback(callback: (summary: OverviewSummary) => void): Disposable {
    return this.#updates.add(callback);
  }

  #tile(agent: Parameters<typeof buildTile>[0]): AgentTile {
    return buildTile(agent, (agentId, sinceMs) => this.costs.since(agentId, sinceMs));
  }

  #take(event: FleetEvent): void {
    switch (event.kind) {
      case "agents-changed":
        this.#changes.emit({ agentIds: new Set(event.agentIds), removed: [] });
        return;
      case "agent-removed":
        this.costs.forget(event.agentId);
        this.#changes.emit({ agentIds: new Set(), removed: [event.agentId] });
        return;
      case "settled":
        this.#outcomes.add(this.#clock.now(), event.failed);
        return;
      case "feed":
        this.feed.add({
          kind: event.feedKind,
          level: event.level,
          agentId: event.agentId,
          text: event.text,
        });
        return;
    }
  }

  #schedule(): Disposable {
    return this.#clock.after(this.#refreshIntervalMs, () => {
      this.#timer = this.#schedule();
      const summary = this.summary();
      this.#announce(summary.causes);
      this.#updates.emit(summary);
    });
  }

  /** Feed lines for causes that have held long enough, and for those that are over. */
  #announce(all: readonly Cause[]): void {
    const nowMs = this.#clock.now();
    // What a person did has its own line already.
    const causes = all.filter((cause) => cause.level !== "info");
    const current = new Map(causes.map((cause) => [cause.id, cause]));
    for (const cause of causes) {
      const sinceMs = this.#firstSeenMs.get(cause.id) ?? nowMs;
      this.#firstSeenMs.set(cause.id, sinceMs);
      if (this.#announced.has(cause.id) || nowMs - sinceMs < this.#causeDelayMs) continue;
      this.#announced.set(cause.id, cause);
      this.#log.debug("cause raised", { id: cause.id, text: cause.text });
      const agentId = cause.agentIds[0] ?? null;
      this.feed.add({ kind: "cause", level: cause.level, agentId, text: cause.text });
    }
    for (const id of this.#firstSeenMs.keys()) {
      if (!current.has(id)) this.#firstSeenMs.delete(id);
    }
    for (const [id, cause] of this.#announced) {
      if (current.has(id)) continue;
      this.#announced.delete(id);
      const agentId = cause.agentIds[0] ?? null;
      const text = `${cause.text}: over after ${formatDuration(nowMs - cause.sinceMs)}`;
      this.feed.add({ kind: "cause_resolved", level: "info", agentId, text });
    }
  }
}
