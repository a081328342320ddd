// That we live, and what we are told: one heartbeat is kept open, so that orders arrive at once.
// It counts when it is sent; how long it stays open proves nothing.

import { backoffMs } from "./backoff.ts";
import { sleep } from "./duration.ts";
import { CellphoneClientError } from "./errors.ts";
import type { ClientLog } from "./log.ts";
import type { Runtime } from "./runtime.ts";
import type { Transport } from "./transport.ts";
import type { AgentCommand, HeartbeatReply, ProfileOrder } from "./wire.ts";

/** What heartbeats tell of the agent, and whom they tell what the server says. */
export interface HeartbeatEvents {
  /** Leases held now: tokens, and the shortest lease in milliseconds (Infinity when none). */
  readonly held: () => { readonly tokens: readonly string[]; readonly leaseMs: number };
  readonly onPause: (paused: boolean) => void;
  readonly onProfile: (order: ProfileOrder) => void;
  /** Whether somebody acts on a restart; without, the order is left to the wrapper. */
  readonly hearsRestart: () => boolean;
  /** Called once the server knows that the order came: whoever hears it may end the process. */
  readonly onRestart: () => void;
}

/** What a {@link Heartbeat} needs. */
export interface HeartbeatOptions extends HeartbeatEvents {
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly log: ClientLog;
  readonly agentId: () => string;
  readonly instanceId: string;
  /** Whether it reports what this process uses. */
  readonly measures: boolean;
  /** Ends it, and the one that is open. */
  readonly signal: AbortSignal;
  /** The server does not know us or the key; resolves when to go on. */
  readonly onRefused: (error: CellphoneClientError) => Promise<void>;
}

/** Of the heartbeat's interval, how long one stays open: the next must be in time. */
const WAIT_SHARE = 0.9;
/** Longest that the server keeps one open. */
const WAIT_MAX_MS = 60_000;
/** Between heartbeats that bring no news. */
const SPACING_MS = 500;

/** One agent's heartbeats. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #paused = false;
  #quarantined = false;
  #intervalMs = 30_000;
  #acknowledged: string[] = [];
  /** Restarts that are told of once they are acknowledged, or the next start would find them. */
  readonly #untold = new Set<string>();
  /** Commands that others act on: the wrapper. */
  #leftToOthers: readonly string[] = [];
  /** The open heartbeat: what ends it, and until when it may stay open. */
  #open: { readonly cut: AbortController; readonly untilMs: number } | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get quarantined(): boolean {
    return this.#quarantined;
  }

  /** Sends the first and goes on until the signal; rejects when the first fails for good. */
  async start(signal: AbortSignal | undefined, retryForMs: number): Promise<void> {
    await this.#beat({ signal, retryForMs });
    this.#loop = this.#beatAll();
  }

  /** Leases were taken: the open heartbeat must not outlast half of the shortest. */
  wake(): void {
    const halfMs = this.#options.held().leaseMs / 2;
    if (this.#open !== undefined && this.#open.untilMs > performance.now() + halfMs) {
      this.#open.cut.abort();
    }
  }

  /** Says good-bye, after the signal. */
  async leave(): Promise<void> {
    await this.#loop;
    await this.#beat({ left: true, retryForMs: 0 });
  }

  /** @returns whether the answer brought anything new. */
  async #beat(options: {
    readonly signal?: AbortSignal | undefined;
    readonly retryForMs: number;
    readonly left?: boolean;
    readonly waitMs?: number;
  }): Promise<boolean> {
    const { agentId, held, instanceId, measures, runtime, transport } = this.#options;
    const { waitMs = 0 } = options;
    const acknowledged = this.#acknowledged;
    const usage = measures ? runtime.usage() : undefined;
    const { tokens } = held();
    const knows = {
      paused: this.#paused,
      quarantined: this.#quarantined,
      commands: this.#leftToOthers,
    };
    const path = `/api/v1/agents/${encodeURIComponent(agentId())}/heartbeat`;
    const reply = await transport.call<HeartbeatReply>("POST", path, {
      body: {
        instanceId,
        ...(usage === undefined ? {} : { process: usage }),
        ...(tokens.length === 0 ? {} : { leases: tokens }),
        ...(acknowledged.length === 0 ? {} : { ackCommands: acknowledged }),
        ...(options.left === true ? { left: true } : {}),
        ...(waitMs === 0 ? {} : { waitMs, knows }),
      },
      signal: options.signal,
      timeoutMs: waitMs + 10_000,
      retryForMs: options.retryForMs,
      quiet: waitMs > 0,
    });
    this.#acknowledged = this.#acknowledged.filter((id) => !acknowledged.includes(id));
    const news = this.#obey(reply);
    return this.#tellRestart(acknowledged) || news;
  }

  /** @returns whether the orders acknowledged were one to restart. */
  #tellRestart(acknowledged: readonly string[]): boolean {
    const due = acknowledged.filter((id) => this.#untold.delete(id));
    if (due.length > 0) this.#options.onRestart();
    return due.length > 0;
  }

  #obey(reply: HeartbeatReply): boolean {
    this.#intervalMs = reply.intervalMs;
    let news = this.#paused !== reply.paused || this.#quarantined !== reply.quarantined;
    const left: string[] = [];
    for (const command of reply.commands) {
      if (this.#acknowledged.includes(command.id)) continue;
      if (!this.#leftToOthers.includes(command.id)) news = true;
      if (this.#carryOut(command)) this.#acknowledged.push(command.id);
      else left.push(command.id);
    }
    this.#leftToOthers = left;
    this.#quarantined = reply.quarantined;
    if (this.#paused !== reply.paused) {
      this.#paused = reply.paused;
      this.#options.onPause(reply.paused);
    }
    return news;
  }

  /** @returns false when it is left to others: a restart nobody listens for, to the wrapper. */
  #carryOut(command: AgentCommand): boolean {
    if (command.kind === "restart") {
      if (!this.#options.hearsRestart()) return false;
      this.#untold.add(command.id);
    }
    if (command.kind === "profile") this.#options.onProfile(command.profile);
    return true;
  }

  /** Keeps one heartbeat open, so that orders arrive at once; each counts when it is sent. */
  async #beatAll(): Promise<void> {
    const { signal } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const sentMs = performance.now();
      try {
        const news = await this.#beatOpen();
        failures = 0;
        // A server that drains, or too many lines of one agent: it answers early, without news.
        const early = sentMs + Math.min(SPACING_MS, this.#waitMs) - performance.now();
        if (!news && early > 0) await sleep(early, signal, true);
      } catch (error) {
        failures += 1;
        await this.#afterFailure(error);
        await sleep(backoffMs(failures, undefined), signal, true);
      }
    }
  }

  get #waitMs(): number {
    // A lease shorter than the interval is extended in time, twice.
    const periodMs = Math.min(this.#intervalMs, this.#options.held().leaseMs / 3);
    return Math.floor(Math.min(WAIT_MAX_MS, periodMs * WAIT_SHARE));
  }

  /** @returns whether to go on at once. */
  async #beatOpen(): Promise<boolean> {
    const { signal } = this.#options;
    const waitMs = this.#untold.size > 0 ? 0 : this.#waitMs;
    const cut = new AbortController();
    const close = (): void => cut.abort();
    signal.addEventListener("abort", close, { once: true });
    this.#open = { cut, untilMs: performance.now() + waitMs };
    try {
      return await this.#beat({ signal: cut.signal, retryForMs: 0, waitMs });
    } catch (error) {
      if (cut.signal.aborted) return true;
      throw error;
    } finally {
      this.#open = undefined;
      signal.removeEventListener("abort", close);
    }
  }

  async #afterFailure(error: unknown): Promise<void> {
    const { log } = this.#options;
    if (!(error instanceof CellphoneClientError)) return log.error(`Heartbeat: ${String(error)}`);
    if (this.#options.signal.aborted) return;
    if ([401, 403, 404].includes(error.status)) return this.#options.onRefused(error);
    if (error.code !== "client.unreachable") log.warn(`Heartbeat refused: ${error.message}`);
  }
}
