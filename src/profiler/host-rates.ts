// From two readings of the host's counters to what it used between them. Pure.

import type { HostReading } from "./host-reader.ts";
import type { CpuTimes, InterfaceCounters } from "./proc-files.ts";
import type {
  CpuMetrics,
  NetworkInterfaceMetrics,
  NetworkMetrics,
  SystemMetrics,
} from "./system-model.ts";

/** What the machine used between two readings; without a first one, rates are null. */
export function systemMetrics(before: HostReading | null, now: HostReading): SystemMetrics {
  const { receiveBytesPerSecond, transmitBytesPerSecond } = networkMetrics(before, now).total;
  return {
    atMs: now.atMs,
    hostname: now.hostname,
    platform: now.platform,
    uptimeSeconds: now.uptimeSeconds,
    cpu: cpuMetrics(before, now),
    memory: now.memory,
    container: now.container,
    disk: now.disk,
    network: { receiveBytesPerSecond, transmitBytesPerSecond },
  };
}

/** What the interfaces carried between two readings. */
export function networkMetrics(before: HostReading | null, now: HostReading): NetworkMetrics {
  const intervalMs = before === null ? 0 : now.monotonicMs - before.monotonicMs;
  const earlier = new Map(before?.interfaces.map((one) => [one.name, one]));
  const interfaces = now.interfaces.map((one): NetworkInterfaceMetrics => {
    const rate = (field: "receivedBytes" | "transmittedBytes"): number | null =>
      byteRate(earlier.get(one.name), one, field, intervalMs);
    return {
      ...one,
      receiveBytesPerSecond: rate("receivedBytes"),
      transmitBytesPerSecond: rate("transmittedBytes"),
    };
  });
  const outside = interfaces.filter((one) => !one.loopback);
  const measured = intervalMs > 0;
  const sum = (
    field:
      | "receivedBytes"
      | "transmittedBytes"
      | "receiveBytesPerSecond"
      | "transmitBytesPerSecond",
  ): number => outside.reduce((total, one) => total + (one[field] ?? 0), 0);
  return {
    atMs: now.atMs,
    intervalMs: measured ? intervalMs : null,
    interfaces,
    total: {
      receivedBytes: sum("receivedBytes"),
      transmittedBytes: sum("transmittedBytes"),
      receiveBytesPerSecond: measured ? sum("receiveBytesPerSecond") : null,
      transmitBytesPerSecond: measured ? sum("transmitBytesPerSecond") : null,
    },
  };
}

function cpuMetrics(before: HostReading | null, now: HostReading): CpuMetrics {
  const part = (field: "busy" | "user" | "system" | "wait"): number | null =>
    percentOf(before?.cpu.all, now.cpu.all, field);
  const perCorePercent: number[] = [];
  for (const [index, core] of now.cpu.cores.entries()) {
    const percent = percentOf(before?.cpu.cores[index], core, "busy");
    if (percent !== null) perCorePercent.push(percent);
  }
  return {
    cores: now.cpu.cores.length,
    usagePercent: part("busy"),
    userPercent: part("user"),
    systemPercent: part("system"),
    waitPercent: now.platform === "linux" ? part("wait") : null,
    perCorePercent,
    loadAverage: now.loadAverage,
  };
}

function percentOf(
  before: CpuTimes | null | undefined,
  now: CpuTimes | null,
  field: "busy" | "user" | "system" | "wait",
): number | null {
  if (before === null || before === undefined || now === null) return null;
  const total = now.total - before.total;
  if (total <= 0) return null;
  // Linux' counters of idle and waiting time may step back by a tick.
  return Math.min(100, Math.max(0, (100 * (now[field] - before[field])) / total));
}

/** Null for an interface that is new, or whose counters began again. */
function byteRate(
  before: InterfaceCounters | undefined,
  now: InterfaceCounters,
  field: "receivedBytes" | "transmittedBytes",
  intervalMs: number,
): number | null {
  if (before === undefined || intervalMs <= 0) return null;
  const bytes = now[field] - before[field];
  return bytes < 0 ? null : (bytes * 1000) / intervalMs;
}
