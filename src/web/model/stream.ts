// What travels from the one shared stream to every open tab, and how a late tab catches up.

import type { AgentTile, Alert, FeedEvent, OverviewSummary, ServiceView } from "./wire.ts";

/** How the stream is doing. */
export type ConnectionState = "connecting" | "live" | "lost" | "signed_out";

/** One update for a tab. */
export type StreamUpdate =
  | {
      readonly kind: "connection";
      readonly state: ConnectionState;
      /** On this browser's clock. */
      readonly sinceMs: number;
    }
  | {
      readonly kind: "hello";
      readonly epoch: string;
      /** Server's clock minus this browser's, in milliseconds. */
      readonly clockOffsetMs: number;
    }
  | { readonly kind: "summary"; readonly summary: OverviewSummary }
  | {
      readonly kind: "agents";
      readonly agents: readonly AgentTile[];
      readonly removed: readonly string[];
      /** True when `agents` is the whole fleet. */
      readonly complete: boolean;
    }
  | { readonly kind: "feed"; readonly events: readonly FeedEvent[] }
  | { readonly kind: "alerts"; readonly alerts: readonly Alert[] }
  | {
      readonly kind: "services";
      readonly services: readonly ServiceView[];
      readonly removed: readonly string[];
    }
  | { readonly kind: "conversations"; readonly conversationIds: readonly string[] };

/** Feed events kept in a tab; the server keeps the rest. */
export const FEED_EVENTS_MAX = 200;

/** Applies an agents update to a fleet; returns the same map when nothing changed. */
export function applyAgents(
  fleet: ReadonlyMap<string, AgentTile>,
  update: Extract<StreamUpdate, { kind: "agents" }>,
): ReadonlyMap<string, AgentTile> {
  if (!update.complete && update.agents.length === 0 && update.removed.length === 0) return fleet;
  const next = update.complete ? new Map<string, AgentTile>() : new Map(fleet);
  for (const id of update.removed) next.delete(id);
  for (const tile of update.agents) next.set(tile.id, tile);
  return next;
}

/** Alerts kept in a tab beside those that fire; the server keeps the rest. */
export const RESOLVED_ALERTS_MAX = 200;

/** Puts changed alerts in place of older versions of themselves; old resolved ones go. */
export function mergeAlerts(
  known: ReadonlyMap<string, Alert>,
  changed: readonly Alert[],
): ReadonlyMap<string, Alert> {
  const next = new Map(known);
  for (const alert of changed) {
    const old = next.get(alert.id);
    if (old === undefined || old.updatedAtMs <= alert.updatedAtMs) next.set(alert.id, alert);
  }
  const resolved = [...next.values()].filter(({ state }) => state === "resolved");
  if (resolved.length <= RESOLVED_ALERTS_MAX) return next;
  resolved.sort((a, b) => b.updatedAtMs - a.updatedAtMs);
  for (const { id } of resolved.slice(RESOLVED_ALERTS_MAX)) next.delete(id);
  return next;
}

/** Puts changed services in, takes removed ones out. */
export function mergeServices(
  known: ReadonlyMap<string, ServiceView>,
  changed: readonly ServiceView[],
  removed: readonly string[],
): ReadonlyMap<string, ServiceView> {
  const next = new Map(known);
  for (const id of removed) next.delete(id);
  for (const service of changed) next.set(service.id, service);
  return next;
}

/** Adds events to a feed, newest first, each once, bounded. */
export function mergeEvents(
  feed: readonly FeedEvent[],
  events: readonly FeedEvent[],
): readonly FeedEvent[] {
  const byId = new Map<number, FeedEvent>();
  for (const event of feed) byId.set(event.id, event);
  for (const event of events) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, FEED_EVENTS_MAX);
}

/** Remembers what a stream said, so that a tab opened later starts from the same picture. */
export class StreamMemory {
  #connection: Extract<StreamUpdate, { kind: "connection" }> | undefined;
  #hello: StreamUpdate | undefined;
  #summary: StreamUpdate | undefined;
  #fleet: ReadonlyMap<string, AgentTile> | undefined;
  #feed: readonly FeedEvent[] = [];
  #alerts: ReadonlyMap<string, Alert> = new Map();
  #services: ReadonlyMap<string, ServiceView> = new Map();

  /** Takes note of an update. */
  apply(update: StreamUpdate): void {
    if (update.kind === "connection") this.#connection = update;
    else if (update.kind === "hello") {
      this.#hello = update;
      this.#alerts = new Map();
    } else if (update.kind === "summary") this.#summary = update;
    else if (update.kind === "agents") this.#fleet = applyAgents(this.#fleet ?? new Map(), update);
    else if (update.kind === "feed") this.#feed = mergeEvents(this.#feed, update.events);
    else if (update.kind === "alerts") this.#alerts = mergeAlerts(this.#alerts, update.alerts);
    else if (update.kind === "services") {
      this.#services = mergeServices(this.#services, update.services, update.removed);
    }
  }

  /** True when the stream was last refused for want of a session. */
  get signedOut(): boolean {
    return this.#connection?.state === "signed_out";
  }

  /** Everything a new tab needs, in the order in which a stream would have said it. */
  replay(): readonly StreamUpdate[] {
    const said: readonly (StreamUpdate | undefined)[] = [
      this.#connection,
      this.#hello,
      this.#summary,
    ];
    const updates = said.filter((update) => update !== undefined);
    if (this.#fleet !== undefined) {
      const agents = [...this.#fleet.values()];
      updates.push({ kind: "agents", agents, removed: [], complete: true });
    }
    if (this.#feed.length > 0) updates.push({ kind: "feed", events: this.#feed });
    if (this.#alerts.size > 0) {
      updates.push({ kind: "alerts", alerts: [...this.#alerts.values()] });
    }
    if (this.#services.size > 0) {
      updates.push({ kind: "services", services: [...this.#services.values()], removed: [] });
    }
    return updates;
  }
}
