// One process's CPU, memory and files. The own one is asked of the runtime, others of /proc.

import { readdir, readFile } from "node:fs/promises";
import { uptime } from "node:os";

import type { Clock } from "../core/index.ts";
import { ProfilerError } from "./errors.ts";
import { parseProcessStat } from "./proc-files.ts";
import type { EventLoopMetrics, ProcessMetrics } from "./system-model.ts";

/** Clock ticks a second in /proc: a constant of Linux' user interface (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Counters of one process at one instant. */
export interface ProcessReading extends Omit<ProcessMetrics, "cpuPercent" | "eventLoop"> {
  readonly monotonicMs: number;
}

/**
 * Reads one process without blocking.
 * @throws ProfilerError `profiler.process_unknown`.
 */
export async function readProcess(clock: Clock, pid: number): Promise<ProcessReading> {
  return pid === process.pid ? readOwnProcess(clock) : readOtherProcess(clock, pid);
}

/** What a process used between two readings. */
export function processMetrics(
  before: ProcessReading | null,
  now: ProcessReading,
  eventLoop: EventLoopMetrics | null,
): ProcessMetrics {
  const { monotonicMs, ...counters } = now;
  const elapsedMs = before === null ? 0 : monotonicMs - before.monotonicMs;
  return { ...counters, cpuPercent: cpuPercent(before, now, elapsedMs), eventLoop };
}

function cpuPercent(
  before: ProcessReading | null,
  now: ProcessReading,
  elapsedMs: number,
): number | null {
  if (before === null || elapsedMs <= 0) return null;
  const usedSeconds =
    now.cpuUserSeconds + now.cpuSystemSeconds - (before.cpuUserSeconds + before.cpuSystemSeconds);
  return Math.max(0, (100_000 * usedSeconds) / elapsedMs);
}

async function readOwnProcess(clock: Clock): Promise<ProcessReading> {
  const { user, system } = process.cpuUsage();
  const memory = process.memoryUsage();
  const linux = process.platform === "linux";
  const stat = linux ? parseProcessStat(await readFile("/proc/self/stat", "utf8")) : undefined;
  return {
    atMs: clock.now(),
    monotonicMs: clock.monotonic(),
    pid: process.pid,
    name: process.title,
    uptimeSeconds: process.uptime(),
    cpuUserSeconds: user / 1e6,
    cpuSystemSeconds: system / 1e6,
    residentBytes: memory.rss,
    virtualBytes: stat?.virtualBytes ?? null,
    threads: stat?.threads ?? null,
    openFiles: linux ? await countFiles("self") : null,
    heap: {
      usedBytes: memory.heapUsed,
      totalBytes: memory.heapTotal,
      externalBytes: memory.external,
    },
  };
}

async function readOtherProcess(clock: Clock, pid: number): Promise<ProcessReading> {
  if (!Number.isSafeInteger(pid) || pid <= 0) throw unknown(pid);
  let texts: readonly [string, string];
  try {
    texts = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/status`, "utf8"),
    ]);
  } catch (error) {
    throw unknown(pid, error);
  }
  const stat = parseProcessStat(texts[0]);
  if (stat === undefined) throw unknown(pid);
  // In kB, so that the size of a page need not be known.
  const residentKb = /^VmRSS:\s+(\d+) kB$/m.exec(texts[1])?.[1];
  return {
    atMs: clock.now(),
    monotonicMs: clock.monotonic(),
    pid,
    name: stat.name,
    uptimeSeconds: Math.max(0, uptime() - stat.startTicks / TICKS_PER_SECOND),
    cpuUserSeconds: stat.userTicks / TICKS_PER_SECOND,
    cpuSystemSeconds: stat.systemTicks / TICKS_PER_SECOND,
    residentBytes: residentKb === undefined ? 0 : Number(residentKb) * 1024,
    virtualBytes: stat.virtualBytes,
    threads: stat.threads,
    openFiles: await countFiles(pid),
    heap: null,
  };
}

/** Null when the process belongs to someone else. */
async function countFiles(pid: number | "self"): Promise<number | null> {
  try {
    return (await readdir(`/proc/${pid}/fd`)).length;
  } catch {
    return null;
  }
}

function unknown(pid: number, cause?: unknown): ProfilerError {
  const message = `There is no process ${pid} that can be read`;
  return new ProfilerError("profiler.process_unknown", message, { cause });
}
