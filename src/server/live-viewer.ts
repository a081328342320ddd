// One live viewer. While its connection takes nothing more, only what it will need is kept: ids
// of changed agents and conversations, and the number of the last event it has seen.

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
}

/** One server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function frame(event: string, data: unknown, id?: number): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return `event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`;
}

/** A frame about some agents, to be written whole. */
export interface AgentsFrame {
  readonly ids: readonly string[];
  readonly text: string;
}

/** Frames about these agents, each small enough to wait in a connection that takes nothing. */
export function agentsFrames(
  tileText: ViewerSource["tileText"],
  agentIds: readonly string[],
): readonly AgentsFrame[] {
  const most = serverLimits.viewerFrameAgents.value;
  const frames: AgentsFrame[] = [];
  for (let start = 0; start < agentIds.length; start += most) {
    const ids = agentIds.slice(start, start + most);
    frames.push({ ids, text: agentsFrame(tileText, ids) });
  }
  return frames;
}

/** Tiles of these agents as they are now; ids without an agent are removed ones. */
function agentsFrame(tileText: ViewerSource["tileText"], agentIds: Iterable<string>): string {
  const agents: string[] = [];
  const removed: string[] = [];
  for (const id of agentIds) {
    const text = tileText(id);
    if (text === undefined) removed.push(id);
    else agents.push(text);
  }
  const data = `{"agents":[${agents.join(",")}],"removed":${JSON.stringify(removed)}}`;
  return `event: agents\ndata: ${data}\n\n`;
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

  takeAgents(frames: readonly AgentsFrame[]): void {
    for (const { ids, text } of frames) {
      if (this.#ready) this.#write(text);
      // While it starts, everything is sent at the end anyway; after that the number of agents is
      // the bound, and a removed agent's id costs as much as a present one's.
      else if (this.#live) for (const id of ids) this.#missedAgents.add(id);
    }
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
    return isOld || this.#behind || this.#missedAgents.size > 0;
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
    if (this.#missedConversations.size > 0) this.#write(messageFrame(this.#missedConversations));
    this.#missedConversations.clear();
  }

  /** The first frame is there even when nobody is; the rest goes as the connection takes it. */
  #sendFirstAgents(): void {
    const ids = [...this.#source.namespace.dashboard.agentIds()];
    const most = serverLimits.viewerFrameAgents.value;
    this.#write(agentsFrame(this.#source.tileText, ids.slice(0, most)));
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
      this.#write(agentsFrame(this.#source.tileText, ids));
      if (this.#missedAgents.size > 0) await nextTurn();
    }
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
