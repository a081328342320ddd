// What the wrapper tells the server while a program runs: heartbeats, usage, the last lines. It
// claims that the process exists, never that it makes progress; and it outlives the server.

import type { AgentCommand, ProcessUsage } from "../../communication/index.ts";
import { ServerProblem } from "../control-client.ts";
import type { LogTail } from "./log-tail.ts";
import type { Membership, WrapperReport } from "./membership.ts";
import type { ProcessTreeMeter } from "./process-tree.ts";

/** Usage and commands should not wait longer than this, even where heartbeats may. */
const LONGEST_INTERVAL_MS = 10_000;
const FIRST_RETRY_MS = 500;
const LOG_DELAY_MS = 1000;
const LOG_BATCH_LINES = 200;

/** What happened that the wrapper acts on. */
export interface ReporterEvents {
  /** The server asks for something; told once per command. */
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
    try {
      const intervalMs = await this.#exchange(this.#reportOf(usage));
      this.#welcomeBack();
      this.#schedule(Math.min(intervalMs, LONGEST_INTERVAL_MS));
    } catch (error) {
      this.#failed(error);
    }
  }

  #reportOf(usage: ProcessUsage | null): WrapperReport {
    const report = { instanceId: this.#instanceId, ...this.#acknowledgements() };
    return usage === null ? report : { ...report, process: usage };
  }

  #acknowledgements(): { ackCommands?: readonly string[] } {
    return this.#acknowledge.length === 0 ? {} : { ackCommands: this.#acknowledge };
  }

  async #exchange(report: WrapperReport): Promise<number> {
    const reply = await this.#membership.heartbeat(report);
    const told = new Set(report.ackCommands);
    this.#acknowledge = this.#acknowledge.filter((id) => !told.has(id));
    for (const command of reply.commands) {
      if (this.#seen.has(command.id)) continue;
      this.#seen.add(command.id);
      this.#events.onCommand(command);
    }
    return reply.intervalMs;
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
