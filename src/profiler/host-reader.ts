// One reading of the host's counters. What systeminformation gives by reading files is taken from
// it (memory). Its CPU load, disk and network calls start shells on Linux, CPU even while the
// event loop waits; those come from /proc and statfs here, all read without blocking.

import { readFile, statfs } from "node:fs/promises";
import { cpus, hostname, loadavg, networkInterfaces, uptime } from "node:os";

import si from "systeminformation";

import type { Clock } from "../core/index.ts";
import { readContainerLimits } from "./container-limits.ts";
import { ProfilerError } from "./errors.ts";
import { parseCpuTimes, parseInterfaces } from "./proc-files.ts";
import type { CpuTimes, InterfaceCounters } from "./proc-files.ts";
import type { ContainerMetrics, DiskMetrics, MemoryMetrics } from "./system-model.ts";

/** Counters and levels at one instant; rates need two of them. */
export interface HostReading {
  readonly atMs: number;
  readonly monotonicMs: number;
  readonly hostname: string;
  readonly platform: string;
  readonly uptimeSeconds: number;
  readonly cpu: { readonly all: CpuTimes | null; readonly cores: readonly CpuTimes[] };
  readonly loadAverage: readonly [number, number, number] | null;
  readonly memory: MemoryMetrics;
  readonly container: ContainerMetrics | null;
  readonly disk: DiskMetrics | null;
  readonly interfaces: readonly InterfaceCounters[];
}

/**
 * Reads the host once, in about a millisecond, without blocking the event loop and on Linux
 * without starting a process.
 * @param diskPath a folder on the file system to watch.
 * @throws ProfilerError `profiler.system_unreadable`.
 */
export async function readHost(clock: Clock, diskPath: string): Promise<HostReading> {
  try {
    const [cpu, memory, container, disk, interfaces] = await Promise.all([
      readCpu(),
      readMemory(),
      process.platform === "linux" ? readContainerLimits() : null,
      readDisk(diskPath),
      readInterfaces(),
    ]);
    const [one = 0, five = 0, fifteen = 0] = loadavg();
    return {
      atMs: clock.now(),
      monotonicMs: clock.monotonic(),
      hostname: hostname(),
      platform: process.platform,
      uptimeSeconds: uptime(),
      cpu,
      loadAverage: process.platform === "win32" ? null : [one, five, fifteen],
      memory,
      container,
      disk,
      interfaces,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Cannot read the host's metrics: ${reason}`;
    throw new ProfilerError("profiler.system_unreadable", message, { cause: error });
  }
}

async function readCpu(): Promise<HostReading["cpu"]> {
  // os.cpus() reads the clock speed of every core while the event loop waits.
  if (process.platform === "linux") return parseCpuTimes(await readFile("/proc/stat", "utf8"));
  const cores = cpus().map(({ times }) => {
    const busy = times.user + times.nice + times.sys + times.irq;
    const total = busy + times.idle;
    return { user: times.user + times.nice, system: times.sys + times.irq, wait: 0, total, busy };
  });
  const all = { user: 0, system: 0, wait: 0, total: 0, busy: 0 };
  for (const core of cores) {
    all.user += core.user;
    all.system += core.system;
    all.total += core.total;
    all.busy += core.busy;
  }
  return { all: cores.length === 0 ? null : all, cores };
}

async function readMemory(): Promise<MemoryMetrics> {
  const { total, available, swaptotal, swapused } = await si.mem();
  return {
    totalBytes: total,
    usedBytes: total - available,
    availableBytes: available,
    usagePercent: total === 0 ? 0 : (100 * (total - available)) / total,
    swapTotalBytes: swaptotal,
    swapUsedBytes: swapused,
  };
}

/** A folder that is not there yet has no file system to tell of. */
async function readDisk(path: string): Promise<DiskMetrics | null> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(path);
    const used = blocks - bfree;
    return {
      path,
      totalBytes: blocks * bsize,
      usedBytes: used * bsize,
      availableBytes: bavail * bsize,
      usagePercent: used + bavail === 0 ? 0 : (100 * used) / (used + bavail),
    };
  } catch {
    return null;
  }
}

async function readInterfaces(): Promise<InterfaceCounters[]> {
  if (process.platform === "linux") return parseInterfaces(await readFile("/proc/net/dev", "utf8"));
  const internal = new Set(
    Object.entries(networkInterfaces())
      .filter(([, addresses]) => addresses?.every((address) => address.internal))
      .map(([name]) => name),
  );
  // Elsewhere the system's own tools are the only way to the counters.
  const statistics = await si.networkStats("*");
  return statistics.map((one) => ({
    name: one.iface,
    loopback: internal.has(one.iface),
    receivedBytes: one.rx_bytes,
    receiveErrors: one.rx_errors,
    receiveDropped: one.rx_dropped,
    transmittedBytes: one.tx_bytes,
    transmitErrors: one.tx_errors,
    transmitDropped: one.tx_dropped,
  }));
}
