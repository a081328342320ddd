// Reads the server's live stream and turns it into updates. Reconnects by itself with growing
// pauses, resumes after the last event seen, and tells a missing session from a missing server.

import type { StreamUpdate } from "../model/stream.ts";
import type { AgentTile, Alert, FeedEvent, OverviewSummary, ServiceView } from "../model/wire.ts";

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8000;
/** The server sends a comment each 15 s, which an EventSource hides; so silence is asked about. */
const SILENCE_MS = 30_000;

/** Bodies of the stream's events, by event name. */
interface StreamBodies {
  readonly hello: { readonly epoch: string; readonly atMs: number };
  readonly summary: OverviewSummary;
  readonly agents: { readonly agents: readonly AgentTile[]; readonly removed?: readonly string[] };
  readonly feed: FeedEvent;
  readonly alerts: { readonly alerts: readonly Alert[] };
  readonly services: {
    readonly services: readonly ServiceView[];
    readonly removed?: readonly string[];
  };
  readonly message: { readonly conversationIds?: readonly string[] };
}

/** Owns one EventSource at a time. */
export class StreamSource {
  readonly #namespace: string | undefined;
  readonly #publish: (update: StreamUpdate) => void;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastEventId: number | undefined;
  #retryMs = RETRY_FIRST_MS;
  #heardAtMs = 0;
  #fleetExpected = true;
  #state: "connecting" | "live" | "lost" | "signed_out" = "connecting";

  constructor(namespace: string | undefined, publish: (update: StreamUpdate) => void) {
    this.#namespace = namespace;
    this.#publish = publish;
  }

  /** Connects now, whatever pause was running. */
  open(): void {
    this.close();
    const query = new URLSearchParams();
    if (this.#namespace !== undefined) query.set("namespace", this.#namespace);
    if (this.#lastEventId !== undefined) query.set("lastEventId", String(this.#lastEventId));
    const source = new EventSource(`/api/v1/stream?${query.toString()}`);
    this.#source = source;
    this.#fleetExpected = true;
    this.#listen(source);
    source.addEventListener("error", () => void this.#failed());
  }

  /** Stops reading. */
  close(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#timer);
  }

  #listen(source: EventSource): void {
    this.#on(source, "hello", (hello) => {
      this.#retryMs = RETRY_FIRST_MS;
      this.#say("live");
      const clockOffsetMs = hello.atMs - Date.now();
      this.#publish({ kind: "hello", epoch: hello.epoch, clockOffsetMs });
    });
    this.#on(source, "summary", (summary) => {
      this.#publish({ kind: "summary", summary });
    });
    this.#on(source, "agents", (body) => {
      const complete = this.#fleetExpected;
      this.#fleetExpected = false;
      const { agents, removed = [] } = body;
      this.#publish({ kind: "agents", agents, removed, complete });
    });
    this.#on(source, "feed", (event) => {
      this.#lastEventId = Math.max(this.#lastEventId ?? 0, event.id);
      this.#publish({ kind: "feed", events: [event] });
    });
    this.#on(source, "alerts", ({ alerts }) => {
      this.#publish({ kind: "alerts", alerts });
    });
    this.#on(source, "services", ({ services, removed = [] }) => {
      this.#publish({ kind: "services", services, removed });
    });
    this.#on(source, "message", (body) => {
      this.#publish({ kind: "conversations", conversationIds: body.conversationIds ?? [] });
    });
  }

  // The stream's contract; its types are shared with the server.
  #on<Name extends keyof StreamBodies>(
    source: EventSource,
    name: Name,
    handle: (body: StreamBodies[Name]) => void,
  ): void {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      if (source !== this.#source) return;
      this.#heardAtMs = Date.now();
      this.#watch();
      const body: StreamBodies[Name] = JSON.parse(event.data);
      handle(body);
    });
  }

  /** Asks after a long silence whether the server is still there. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#checkSilence(), SILENCE_MS);
  }

  async #checkSilence(): Promise<void> {
    const answers = await fetch("/healthz", { signal: AbortSignal.timeout(5000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (this.#source === undefined || Date.now() - this.#heardAtMs < SILENCE_MS) return;
    if (answers) this.#watch();
    else await this.#failed();
  }

  async #failed(): Promise<void> {
    this.close();
    const signedOut = await fetch("/api/v1/whoami", { credentials: "same-origin" }).then(
      (response) => response.status === 401,
      () => false,
    );
    this.#say(signedOut ? "signed_out" : "lost");
    // Signing in reloads the pages; a server that is away comes back.
    if (signedOut) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  #say(state: "live" | "lost" | "signed_out"): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#publish({ kind: "connection", state, sinceMs: Date.now() });
  }
}
