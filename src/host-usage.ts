// How busy the machine is that the server runs on, for the health score. Read from the kernel's
// counters through node:os; between two readings, so the first one is unknown.

import { cpus, freemem, totalmem } from "node:os";
import { readFileSync } from "node:fs";

import type { HostUsage } from "./dashboard/index.ts";

interface CpuTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Measures the host between calls of {@link HostUsageMeter.read}, at most once a second. */
export class HostUsageMeter {
  readonly #monotonic: () => number;
  #last: CpuTimes;
  #lastReadMs: number;
  #usage: HostUsage | null = null;

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
    this.#last = readCpuTimes();
    this.#lastReadMs = monotonic();
  }

  /** CPU over the time since the last reading and memory now; null until a second has passed. */
  read(): HostUsage | null {
    const nowMs = this.#monotonic();
    if (nowMs - this.#lastReadMs < 1000) return this.#usage;
    this.#lastReadMs = nowMs;
    const times = readCpuTimes();
    const totalMs = times.totalMs - this.#last.totalMs;
    const busyMs = times.busyMs - this.#last.busyMs;
    this.#last = times;
    const cpuPercent = totalMs <= 0 ? 0 : (100 * busyMs) / totalMs;
    this.#usage = { cpuPercent, memoryPercent: memoryPercent() };
    return this.#usage;
  }
}

function readCpuTimes(): CpuTimes {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const active = times.user + times.nice + times.sys + times.irq;
    busyMs += active;
    totalMs += active + times.idle;
  }
  return { busyMs, totalMs };
}

/** Linux counts reclaimable page cache as available; elsewhere only what is free. */
function memoryPercent(): number {
  const totalBytes = totalmem();
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(readMemoryInfo())?.[1];
  const availableBytes = available === undefined ? freemem() : Number(available) * 1024;
  return (100 * (totalBytes - availableBytes)) / totalBytes;
}

function readMemoryInfo(): string {
  try {
    return readFileSync("/proc/meminfo", "utf8");
  } catch {
    return "";
  }
}
