// The one reader of host and process in a server: however many namespaces record the host, it is
// read once for all that ask at the same interval.

import { setTimeout } from "node:timers/promises";

import { Listeners, noComponentLog, systemClock } from "../core/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";
import { EventLoopWatch } from "./event-loop-watch.ts";
import { networkMetrics, systemMetrics } from "./host-rates.ts";
import { readHost } from "./host-reader.ts";
import type { HostReading } from "./host-reader.ts";
import { processMetrics, readProcess } from "./process-reader.ts";
import type { ProcessReading } from "./process-reader.ts";
import type { NetworkMetrics, ProcessMetrics, SystemMetrics } from "./system-model.ts";

/** Rates over less than this say more about the clock's ticks than about the machine. */
const SHORTEST_MS = 250;
/** Readings older than this are renewed when someone looks at {@link SystemProbe.latest}. */
const FRESH_MS = 1000;
/** Other processes whose last reading is kept for their next rate. */
const KEPT_PROCESSES = 64;

/** Host, network and process at one instant. */
export interface ProbeReading {
  readonly system: SystemMetrics;
  readonly network: NetworkMetrics;
  readonly process: ProcessMetrics;
}

/** How busy the machine is, as far as a health score needs it. */
export interface HostLoad {
  /** 0 to 100, over all cores. */
  readonly cpuPercent: number;
  /** 0 to 100, of the container's limit where there is one. */
  readonly memoryPercent: number;
}

/** What a {@link SystemProbe} works with. */
export interface SystemProbeDependencies {
  readonly clock?: Clock;
  readonly log?: ComponentLog;
  /** A folder on the file system to watch. @default the working directory */
  readonly diskPath?: string;
  /** Waits between the first two readings; keeps the process alive. @default a timer */
  readonly pause?: (delayMs: number) => Promise<unknown>;
}

interface Counters {
  readonly host: HostReading;
  readonly process: ProcessReading;
}

interface Loop {
  readonly listeners: Listeners<ProbeReading>;
  stop(): void;
}

/** What one reader measures: from its last reading to the next, whoever reads in between. */
class ReadingWindow implements Disposable {
  readonly #watch = new EventLoopWatch();
  #before: Counters | undefined;

  get isOpen(): boolean {
    return this.#before !== undefined;
  }

  open(counters: Counters): void {
    this.#before ??= counters;
  }

  /** The reading from the last one to `now`, which begins the next. */
  close(now: Counters): ProbeReading {
    const before = this.#before;
    this.#before = now;
    return {
      system: systemMetrics(before?.host ?? null, now.host),
      network: networkMetrics(before?.host ?? null, now.host),
      process: processMetrics(before?.process ?? null, now.process, this.#watch.take()),
    };
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}

/**
 * Reads host, network and process, with rates since the reading before.
 *
 * @example
 * using probe = new SystemProbe();
 * const { system, process } = await probe.read();
 * console.assert(system.memory.totalBytes > 0 && process.residentBytes > 0);
 */
export class SystemProbe implements Disposable {
  readonly #clock: Clock;
  readonly #log: ComponentLog;
  readonly #diskPath: string;
  readonly #pause: (delayMs: number) => Promise<unknown>;
  readonly #loops = new Map<number, Loop>();
  readonly #others = new Map<number, ProcessReading>();
  /** Of those who ask for a reading now. */
  #window: ReadingWindow | undefined;
  #counters: Counters | undefined;
  #reading: ProbeReading | undefined;
  #underWay: Promise<ProbeReading> | undefined;

  constructor(dependencies: SystemProbeDependencies = {}) {
    this.#clock = dependencies.clock ?? systemClock;
    this.#log = dependencies.log ?? noComponentLog;
    this.#diskPath = dependencies.diskPath ?? process.cwd();
    this.#pause = dependencies.pause ?? ((delayMs): Promise<void> => setTimeout(delayMs));
  }

  /**
   * Everything now; rates are since the last reading. The first one takes a quarter of a second,
   * and readings within that time of one another share one answer.
   * @throws ProfilerError `profiler.system_unreadable`.
   */
  read(): Promise<ProbeReading> {
    const last = this.#counters?.host.monotonicMs ?? Number.NEGATIVE_INFINITY;
    if (this.#reading !== undefined && this.#clock.monotonic() - last < SHORTEST_MS) {
      return Promise.resolve(this.#reading);
    }
    this.#underWay ??= this.#readNow().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /**
   * One process; CPU is since it was last asked for, or over a quarter of a second.
   * @param pid default: this process.
   * @throws ProfilerError `profiler.process_unknown`.
   */
  async readProcess(pid: number = process.pid): Promise<ProcessMetrics> {
    if (pid === process.pid) return (await this.read()).process;
    let before = this.#others.get(pid);
    if (before === undefined) {
      before = await readProcess(this.#clock, pid);
      await this.#pause(SHORTEST_MS);
    }
    const now = await readProcess(this.#clock, pid);
    // A process id that was given to another process begins anew.
    const isSame = now.cpuUserSeconds >= before.cpuUserSeconds && now.name === before.name;
    this.#others.delete(pid);
    this.#others.set(pid, now);
    const [oldest] = this.#others.keys();
    if (this.#others.size > KEPT_PROCESSES && oldest !== undefined) this.#others.delete(oldest);
    return processMetrics(isSame ? before : null, now, null);
  }

  /**
   * CPU and memory as last read, without waiting; null until the first reading is there. A
   * reading older than a second is renewed in the background.
   */
  latest(): HostLoad | null {
    const reading = this.#reading;
    const ageMs = this.#clock.monotonic() - (this.#counters?.host.monotonicMs ?? -Infinity);
    if (ageMs >= FRESH_MS) this.read().catch((error: unknown) => this.#warn(error));
    const cpuPercent = reading?.system.cpu.usagePercent ?? null;
    if (reading === undefined || cpuPercent === null) return null;
    return { cpuPercent, memoryPercent: memoryPercent(reading.system) };
  }

  /**
   * Calls back with a reading every `intervalMs`; all with the same interval share it.
   * @throws RangeError when the interval is not positive.
   */
  every(intervalMs: number, callback: (reading: ProbeReading) => void): Disposable {
    if (!(intervalMs > 0)) throw new RangeError(`${intervalMs} ms is no interval`);
    const loop = this.#loops.get(intervalMs) ?? this.#startLoop(intervalMs);
    const registration = loop.listeners.add(callback);
    return {
      [Symbol.dispose]: () => {
        registration[Symbol.dispose]();
        if (loop.listeners.size > 0) return;
        loop.stop();
        this.#loops.delete(intervalMs);
      },
    };
  }

  /** Stops all readings. */
  [Symbol.dispose](): void {
    for (const loop of this.#loops.values()) loop.stop();
    this.#loops.clear();
    this.#window?.[Symbol.dispose]();
    this.#window = undefined;
  }

  #startLoop(intervalMs: number): Loop {
    const listeners = new Listeners<ProbeReading>();
    const window = new ReadingWindow();
    let stopped = false;
    const run = async (): Promise<void> => {
      try {
        const counters = await this.#readCounters();
        // The first turn only opens the window: rates need two.
        if (window.isOpen && !stopped) listeners.emit(window.close(counters));
        else window.open(counters);
      } catch (error) {
        this.#warn(error);
      }
      if (!stopped) timer = this.#clock.after(intervalMs, () => void run());
    };
    let timer: Disposable = this.#clock.after(0, () => void run());
    const stop = (): void => {
      stopped = true;
      timer[Symbol.dispose]();
      window[Symbol.dispose]();
    };
    const loop = { listeners, stop };
    this.#loops.set(intervalMs, loop);
    return loop;
  }

  async #readNow(): Promise<ProbeReading> {
    this.#window ??= new ReadingWindow();
    const window = this.#window;
    if (!window.isOpen) {
      window.open(await this.#readCounters());
      await this.#pause(SHORTEST_MS);
    }
    this.#counters = await this.#readCounters();
    this.#reading = window.close(this.#counters);
    return this.#reading;
  }

  async #readCounters(): Promise<Counters> {
    const [host, own] = await Promise.all([
      readHost(this.#clock, this.#diskPath),
      readProcess(this.#clock, process.pid),
    ]);
    return { host, process: own };
  }

  #warn(error: unknown): void {
    this.#log.warn("profiler.system_unreadable", { reason: String(error) });
  }
}

/** Of the container's limit where one is set: that is what runs out first. */
export function memoryPercent(system: SystemMetrics): number {
  return system.container?.memoryUsagePercent ?? system.memory.usagePercent;
}
