// What the wrapper tells the server while a program runs: heartbeats, usage, the last lines. It
// claims that the process exists, never that it makes progress; and it outlives the server.

import type { AgentCommand, ProcessUsage } from "../../communication/index.ts";
import { ServerProblem } from "../control-client.ts";
import type { LogTail } from "./log-tail.ts";
import type { Membership, WrapperReport } from "./membership.ts";
import type { ProcessTreeMeter } from "./process-tree.ts";

/** Usage should not wait longer than this, even where heartbeats may. */
const LONGEST_INTERVAL_MS = 10_000;
/** Of the interval, how long a heartbeat stays open for orders. */
const WAIT_SHARE = 0.9;
/** Between heartbeats that bring no news. */
const SPACING_MS = 500;
/** How long a program has to take note of an order for itself before the wrapper answers it. */
const PROFILE_PATIENCE_MS = 6000;
const FIRST_RETRY_MS = 500;
const LOG_DELAY_MS = 1000;
const LOG_BATCH_LINES = 200;

/** What happened that the wrapper acts on. */
export interface ReporterEvents {
  /** The server asks for something; told once per command. A profile: the program takes none. */
  onCommand(command: AgentCommand): void;
  /** Another process took the name over: this one's key is worth nothing. */
  onReplaced(reason: string): void;
  /** Words for whoever reads along. */
  onNotice(text: string): void;
}

/** Reports on one run of the program. */
export class Reporter {
  readonly #membership: Membership;
  readonly #instanceId: string;
  readonly #meter: ProcessTreeMeter;
  readonly #log: LogTail;
  readonly #events: ReporterEvents;
  readonly #seen = new Set<string>();
  /** Orders the program should carry out, and since when they wait. */
  readonly #forProgram = new Map<string, number>();
  readonly #closing = new AbortController();
  #waiting: readonly string[] = [];
  #intervalMs = 0;
  #acknowledge: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #logTimer: NodeJS.Timeout | undefined;
  #sendingLog: Promise<void> = Promise.resolve();
  #beating: Promise<void> = Promise.resolve();
  #away = false;
  #retryMs = FIRST_RETRY_MS;
  #stopped = false;

  constructor(
    membership: Membership,
    instanceId: string,
    meter: ProcessTreeMeter,
    log: LogTail,
    events: ReporterEvents,
  ) {
    this.#membership = membership;
    this.#instanceId = instanceId;
    this.#meter = meter;
    this.#log = log;
    this.#events = events;
  }

  /** Sends the first heartbeat and goes on until {@link finish}. */
  start(): void {
    this.#schedule(0);
  }

  /** Takes note that the program printed something. */
  noteOutput(): void {
    if (this.#stopped || this.#logTimer !== undefined || !this.#log.pending) return;
    this.#logTimer = setTimeout(() => {
      this.#logTimer = undefined;
      this.#sendingLog = this.#sendLog();
    }, LOG_DELAY_MS);
  }

  /** Marks a command as carried out; the next heartbeat says so. */
  acknowledge(command: AgentCommand): void {
    this.#acknowledge.push(command.id);
  }

  /**
   * Says how the program ended and sends its last lines, trying once.
   * @param end `exitCode` null when it ended because it is being restarted; `left` when it will
   * not be started again.
   */
  async finish(end: { readonly exitCode: number | null; readonly left: boolean }): Promise<void> {
    this.#stopped = true;
    this.#closing.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#logTimer);
    await Promise.all([this.#beating, this.#sendingLog]);
    await this.#sendLog();
    const report: WrapperReport = {
      instanceId: this.#instanceId,
      ...(end.exitCode === null ? {} : { exitCode: end.exitCode }),
      ...(end.left ? { left: true } : {}),
      ...this.#acknowledgements(),
    };
    await this.#exchange(report).catch(() => undefined);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat();
    }, delayMs);
  }

  async #beat(): Promise<void> {
    const usage = await this.#meter.measure().catch(() => null);
    const sentMs = performance.now();
    try {
      const news = await this.#exchange(this.#reportOf(usage), this.#closing.signal);
      this.#welcomeBack();
      // An answer that came early without news: the server is about to go, or cuts us short.
      const earlyMs = sentMs + Math.min(SPACING_MS, this.#intervalMs) - performance.now();
      this.#schedule(news ? 0 : Math.max(0, earlyMs));
    } catch (error) {
      if (!this.#stopped) this.#failed(error);
    }
  }

  /** Until the next report is due, or an order of the program's has waited long enough. */
  get #waitMs(): number {
    const periodMs = Math.floor(Math.min(this.#intervalMs, LONGEST_INTERVAL_MS) * WAIT_SHARE);
    const oldestMs = Math.min(Infinity, ...this.#forProgram.values());
    return Math.max(0, Math.min(periodMs, oldestMs + PROFILE_PATIENCE_MS - performance.now()));
  }

  #reportOf(usage: ProcessUsage | null): WrapperReport {
    const waitMs = Math.ceil(this.#waitMs);
    const report = {
      instanceId: this.#instanceId,
      ...this.#acknowledgements(),
      ...(waitMs === 0 ? {} : { waitMs, knows: { commands: this.#waiting } }),
    };
    return usage === null ? report : { ...report, process: usage };
  }

  #acknowledgements(): { ackCommands?: readonly string[] } {
    return this.#acknowledge.length === 0 ? {} : { ackCommands: this.#acknowledge };
  }

  /** @returns whether there was anything new. */
  async #exchange(report: WrapperReport, signal?: AbortSignal): Promise<boolean> {
    const reply = await this.#membership.heartbeat(report, signal);
    const told = new Set(report.ackCommands);
    this.#acknowledge = this.#acknowledge.filter((id) => !told.has(id));
    this.#intervalMs = reply.intervalMs;
    const waiting = reply.commands.filter(({ id }) => !told.has(id));
    this.#waiting = waiting.map(({ id }) => id);
    for (const id of this.#forProgram.keys()) {
      if (!this.#waiting.includes(id)) this.#forProgram.delete(id);
    }
    let news = false;
    for (const command of waiting) {
      const known = this.#seen.has(command.id);
      this.#seen.add(command.id);
      news ||= !known;
      if (command.kind === "profile") this.#leaveToProgram(command, known);
      else if (!known) this.#events.onCommand(command);
    }
    return news || this.#acknowledge.length > 0;
  }

  /** The program's SDK takes note of it within moments, or has none. */
  #leaveToProgram(command: AgentCommand, known: boolean): void {
    const nowMs = performance.now();
    if (!known) this.#forProgram.set(command.id, nowMs);
    const sinceMs = this.#forProgram.get(command.id);
    if (sinceMs === undefined || nowMs - sinceMs < PROFILE_PATIENCE_MS) return;
    this.#forProgram.delete(command.id);
    this.#events.onCommand(command);
  }

  #failed(error: unknown): void {
    if (error instanceof ServerProblem) {
      const gone = error.status === 401 || error.status === 403 || error.status === 404;
      if (error.code === "security.key_replaced") return this.#events.onReplaced(error.message);
      if (gone) {
        this.#events.onNotice(`${error.message}. The program goes on, unseen by the fleet.`);
        return;
      }
    }
    if (!this.#away) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#events.onNotice(`${reason}. The program goes on; trying again.`);
    }
    this.#away = true;
    this.#schedule(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_INTERVAL_MS);
    // oxlint-disable-next-line typescript/no-floating-promises -- it settles, and is tried again
    this.#membership.findServerAgain();
  }

  #welcomeBack(): void {
    if (this.#away) this.#events.onNotice("The server answers again.");
    this.#away = false;
    this.#retryMs = FIRST_RETRY_MS;
    this.noteOutput();
  }

  async #sendLog(): Promise<void> {
    while (this.#log.pending) {
      const lines = this.#log.take(LOG_BATCH_LINES);
      try {
        await this.#membership.log(lines);
      } catch {
        // Kept for when the server is back; the heartbeat finds out when that is.
        this.#log.putBack(lines);
        return;
      }
    }
  }
}
