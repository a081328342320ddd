// One live viewer. While its connection takes nothing more, only what it will need is kept: ids
// of changed agents, services and conversations, the newest state of changed alerts, and the
// number of the last event it has seen.

import type { Writable } from "node:stream";

import { nextTurn } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import type { FeedEvent, OverviewSummary } from "../dashboard/index.ts";

import type { FleetNamespace } from "./fleet.ts";
import { serverLimits } from "./limits.ts";
import type { ViewerRequest } from "./live-stream.ts";

/** What a viewer reads of its hub. */
export interface ViewerSource {
  readonly namespace: FleetNamespace;
  readonly clock: Clock;
  tail(): readonly FeedEvent[];
  /** The tile of an agent as JSON, made once for all viewers; undefined when there is no such. */
  readonly tileText: (agentId: string) => string | undefined;
  summary(): { readonly frame: string; readonly version: number };
  /** Brings the services up to date, for a viewer that begins. */
  readonly renewServices: () => Promise<void>;
  serviceIds(): Iterable<string>;
  readonly serviceText: (serviceId: string) => string | undefined;
}

/** One server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function frame(event: string, data: unknown, id?: number): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return `event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`;
}

/** A frame about some agents or services, to be written whole. */
export interface ItemsFrame {
  readonly ids: readonly string[];
  readonly text: string;
}

/** An item as JSON, made once for all viewers; undefined when there is no such. */
type ItemText = (id: string) => string | undefined;

/** Frames about these items, each small enough to wait in a connection that takes nothing. */
export function itemsFrames(
  name: "agents" | "services",
  textOf: ItemText,
  ids: readonly string[],
): readonly ItemsFrame[] {
  const limit = name === "agents" ? "viewerFrameAgents" : "viewerFrameRecords";
  return inFrames(ids, serverLimits[limit].value).map((some) => ({
    ids: some,
    text: itemsFrame(name, textOf, some),
  }));
}

/** Items as they are now; ids without an item are removed ones. */
function itemsFrame(name: "agents" | "services", textOf: ItemText, ids: readonly string[]): string {
  const items: string[] = [];
  const removed: string[] = [];
  for (const id of ids) {
    const text = textOf(id);
    if (text === undefined) removed.push(id);
    else items.push(text);
  }
  const data = `{"${name}":[${items.join(",")}],"removed":${JSON.stringify(removed)}}`;
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** Frames with alerts as JSON, by their ids. */
export function alertsFrames(alerts: ReadonlyMap<string, string>): readonly string[] {
  return inFrames([...alerts.values()], serverLimits.viewerFrameRecords.value).map((texts) =>
    alertsFrame(texts),
  );
}

function alertsFrame(texts: readonly string[]): string {
  return `event: alerts\ndata: {"alerts":[${texts.join(",")}]}\n\n`;
}

function inFrames<Item>(items: readonly Item[], most: number): readonly (readonly Item[])[] {
  const frames: Item[][] = [];
  for (let start = 0; start < items.length; start += most) {
    frames.push(items.slice(start, start + most));
  }
  return frames;
}

export function summaryFrame(summary: OverviewSummary): string {
  return frame("summary", summary);
}

export function messageFrame(conversationIds: Iterable<string>): string {
  return frame("message", { conversationIds: [...conversationIds] });
}

/** Writes to one connection, conflating what it cannot take. */
export class LiveViewer {
  readonly #response: Writable;
  readonly #source: ViewerSource;
  readonly #isAllowed: () => boolean;
  readonly #missedAgents = new Set<string>();
  readonly #missedConversations = new Set<string>();
  /** Alerts as JSON, by id: the newest state of each. */
  readonly #missedAlerts = new Map<string, string>();
  readonly #missedServices = new Set<string>();
  /** Whether the first frame of each has been sent, which is there even when it is empty. */
  #alertsBegun = false;
  #servicesBegun = false;
  /** Number of the last feed event written. */
  #cursor: number;
  readonly #resuming: boolean;
  #live = false;
  #catchingUp = false;
  #behind = false;
  #summaryVersion = -1;
  #blockedSinceMs: number | undefined;

  constructor(request: ViewerRequest, source: ViewerSource) {
    this.#response = request.response;
    this.#source = source;
    this.#isAllowed = request.isAllowed;
    this.#resuming = request.lastEventId !== undefined;
    this.#cursor = request.lastEventId ?? 0;
  }

  /** Says hello, sends what was missed, then everything as it is now. */
  start(epoch: string): void {
    const { name } = this.#source.namespace;
    const atMs = this.#source.clock.now();
    this.#response.on("drain", () => {
      this.#blockedSinceMs = undefined;
      void this.#catchUp();
    });
    this.#write("retry: 2000\n");
    this.#write(frame("hello", { epoch, namespace: name, atMs }));
    void this.#catchUp();
  }

  takeEvent(event: FeedEvent): void {
    if (this.#ready && !this.#behind) this.#writeEvent(event);
    else this.#behind = true;
  }

  takeAgents(frames: readonly ItemsFrame[]): void {
    for (const { ids, text } of frames) {
      if (this.#ready) this.#write(text);
      // While it starts, everything is sent at the end anyway; after that the number of agents is
      // the bound, and a removed agent's id costs as much as a present one's.
      else if (this.#live) for (const id of ids) this.#missedAgents.add(id);
    }
  }

  takeServices(frames: readonly ItemsFrame[]): void {
    for (const { ids, text } of frames) {
      if (this.#ready) this.#write(text);
      else for (const id of ids) this.#missedServices.add(id);
    }
  }

  takeAlerts(alerts: ReadonlyMap<string, string>, frames: readonly string[]): void {
    for (const text of frames) {
      if (this.#ready) this.#write(text);
      else return this.#missAlerts(alerts);
    }
  }

  /** A viewer that has missed too many begins anew, with all that fire. */
  #missAlerts(alerts: ReadonlyMap<string, string>): void {
    for (const [id, text] of alerts) this.#missedAlerts.set(id, text);
    if (this.#missedAlerts.size > serverLimits.viewerAlerts.value) this.#response.destroy();
  }

  takeConversations(ids: readonly string[], text: string): void {
    if (text === "") return;
    if (this.#ready) this.#write(text);
    else {
      for (const id of ids) {
        if (this.#missedConversations.size >= serverLimits.viewerConversations.value) return;
        this.#missedConversations.add(id);
      }
    }
  }

  takeSummary(): void {
    if (!this.#ready) return;
    const { frame: text, version } = this.#source.summary();
    if (version === this.#summaryVersion) return;
    this.#summaryVersion = version;
    this.#write(text);
  }

  /** Shows that the line is open; closes it when nobody takes anything or the key is void. */
  keepalive(): void {
    if (!this.#isAllowed()) {
      this.end();
      return;
    }
    if (!this.#isBlocked) {
      this.#write(":keepalive\n\n");
      return;
    }
    const sinceMs = this.#blockedSinceMs ?? this.#source.clock.monotonic();
    const blockedMs = this.#source.clock.monotonic() - sinceMs;
    if (blockedMs >= serverLimits.viewerBlockedMs.value) this.#response.destroy();
  }

  end(): void {
    if (this.#isBlocked) this.#response.destroy();
    else this.#response.end();
  }

  get #isBlocked(): boolean {
    return this.#response.writableNeedDrain;
  }

  get #isGone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  get #isMissingSome(): boolean {
    const isOld = this.#source.summary().version !== this.#summaryVersion;
    const missed = this.#missedAgents.size + this.#missedAlerts.size + this.#missedServices.size;
    return isOld || this.#behind || missed > 0;
  }

  get #ready(): boolean {
    return this.#live && !this.#catchingUp && !this.#isBlocked && !this.#isGone;
  }

  /** Brings the viewer from wherever it is to now, as far as its connection takes it. */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      if (!this.#live) await this.#findPlace();
      // What happens while something is sent is missed in turn, until nothing is.
      do {
        while (this.#behind && !this.#isBlocked && !this.#isGone) {
          this.#behind = false;
          await this.#sendMissedEvents();
        }
        if (!this.#isBlocked && !this.#isGone) await this.#sendState();
      } while (this.#isMissingSome && !this.#isBlocked && !this.#isGone);
    } catch {
      this.#response.destroy(); // the store cannot be read: the page reconnects and resumes
    } finally {
      this.#catchingUp = false;
    }
  }

  /** Where to go on: after what was seen, or with the next event. */
  async #findPlace(): Promise<void> {
    const [newest] = await this.#source.namespace.dashboard.events({ limit: 1 });
    const newestId = Math.max(newest?.id ?? 0, this.#source.tail().at(-1)?.id ?? 0);
    // Beyond the newest: the number is of another data folder, and nothing is known to be missed.
    if (!this.#resuming || this.#cursor > newestId) this.#cursor = newestId;
    else this.#behind = true;
    await this.#findAlertsAndServices();
  }

  /** What fires, and all services; what changes while they are read is newer and stays. */
  async #findAlertsAndServices(): Promise<void> {
    const limit = serverLimits.viewerAlerts.value;
    const query = { state: "firing", limit } as const;
    const firing = await this.#source.namespace.dashboard.getAlerts(query);
    for (const alert of firing) {
      const known = this.#missedAlerts.get(alert.id);
      this.#missedAlerts.set(alert.id, known ?? JSON.stringify(alert));
    }
    await this.#source.renewServices();
    for (const id of this.#source.serviceIds()) this.#missedServices.add(id);
  }

  async #sendMissedEvents(): Promise<void> {
    const limit = serverLimits.viewerReplay.value;
    const stored = await this.#source.namespace.dashboard.events({ afterId: this.#cursor, limit });
    const byId = new Map(stored.map((event) => [event.id, event]));
    const last = stored.length === limit ? (stored.at(-1)?.id ?? 0) : Number.POSITIVE_INFINITY;
    for (const event of this.#source.tail()) {
      if (event.id > this.#cursor && event.id <= last) byId.set(event.id, event);
    }
    const missed = [...byId.values()].sort((a, b) => a.id - b.id);
    for (const event of missed) {
      if (this.#isBlocked || this.#isGone) {
        this.#behind = true;
        return;
      }
      this.#writeEvent(event);
    }
    if (stored.length === limit) this.#behind = true;
  }

  async #sendState(): Promise<void> {
    const { frame: text, version } = this.#source.summary();
    if (!this.#live || version !== this.#summaryVersion) this.#write(text);
    this.#summaryVersion = version;
    if (!this.#live) this.#sendFirstAgents();
    await this.#sendMissedAgents();
    this.#sendMissedAlerts();
    this.#sendMissedServices();
    if (this.#missedConversations.size > 0) this.#write(messageFrame(this.#missedConversations));
    this.#missedConversations.clear();
  }

  /** The first frame is there even when nobody is; the rest goes as the connection takes it. */
  #sendFirstAgents(): void {
    const ids = [...this.#source.namespace.dashboard.agentIds()];
    const most = serverLimits.viewerFrameAgents.value;
    this.#write(itemsFrame("agents", this.#source.tileText, ids.slice(0, most)));
    this.#live = true;
    this.#missedAgents.clear();
    for (const id of ids.slice(most)) this.#missedAgents.add(id);
  }

  /** Between two frames others have their turn; who changes meanwhile is missed again. */
  async #sendMissedAgents(): Promise<void> {
    while (this.#missedAgents.size > 0 && !this.#isBlocked && !this.#isGone) {
      const ids: string[] = [];
      for (const id of this.#missedAgents) {
        if (ids.length >= serverLimits.viewerFrameAgents.value) break;
        ids.push(id);
        this.#missedAgents.delete(id);
      }
      this.#write(itemsFrame("agents", this.#source.tileText, ids));
      if (this.#missedAgents.size > 0) await nextTurn();
    }
  }

  #sendMissedAlerts(): void {
    while (this.#owes(this.#alertsBegun, this.#missedAlerts)) {
      this.#alertsBegun = true;
      const some = [...this.#missedAlerts].slice(0, serverLimits.viewerFrameRecords.value);
      this.#write(alertsFrame(some.map(([, text]) => text)));
      for (const [id] of some) this.#missedAlerts.delete(id);
    }
  }

  #sendMissedServices(): void {
    while (this.#owes(this.#servicesBegun, this.#missedServices)) {
      this.#servicesBegun = true;
      const some = [...this.#missedServices].slice(0, serverLimits.viewerFrameRecords.value);
      this.#write(itemsFrame("services", this.#source.serviceText, some));
      for (const id of some) this.#missedServices.delete(id);
    }
  }

  #owes(begun: boolean, missed: { readonly size: number }): boolean {
    return (!begun || missed.size > 0) && !this.#isBlocked && !this.#isGone;
  }

  #writeEvent(event: FeedEvent): void {
    this.#cursor = event.id;
    this.#write(frame("feed", event, event.id));
  }

  #write(text: string): void {
    if (this.#isGone || this.#response.write(text)) return;
    this.#blockedSinceMs ??= this.#source.clock.monotonic();
  }
}
