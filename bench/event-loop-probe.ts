// Loaded into the server under test with --import: watches the delay of its main thread's event
// loop from inside, and reports over the IPC channel. The product knows nothing of it.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** How often the loop is looked at; a delay is what a look comes late by. */
const RESOLUTION_MS = 1;
/** A timer of 1 ms fires each millisecond at best, which is no delay. */
const IDLE_NS = RESOLUTION_MS * 1e6;
/** How often it is asked whether a delay was the thread's own work or another process' turn. */
const LOOK_MS = 5;

/** What the probe saw since it was last told to begin. */
export interface EventLoopFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How often the loop stood still for longer than 20 and 50 ms. */
  readonly over20Ms: number;
  readonly over50Ms: number;
  /** How often, and for how long at most, it did so by its own work: by CPU time it took. */
  readonly busyOver20Ms: number;
  readonly busyOver50Ms: number;
  readonly busyMaxMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** Of one core: 100 is one core, all threads counted. */
  readonly cpuPercent: number;
  /** Of one core, by the main thread alone. */
  readonly mainPercent: number;
}

/** CPU time of this thread so far. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function ms(ns: number): number {
  return Math.max(0, ns - IDLE_NS) / 1e6;
}

function startProbe(): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let stalls: { readonly lateMs: number; readonly busyMs: number }[] = [];
  let seenMs = performance.now();
  let seenCpuUs = cpuUs();
  setInterval(() => {
    const nowMs = performance.now();
    const nowCpuUs = cpuUs();
    const lateMs = nowMs - seenMs - LOOK_MS;
    if (lateMs > 20) stalls.push({ lateMs, busyMs: (nowCpuUs - seenCpuUs) / 1000 });
    seenMs = nowMs;
    seenCpuUs = nowCpuUs;
  }, LOOK_MS).unref();
  let from = { atMs: performance.now(), cpu: process.cpuUsage(), main: process.threadCpuUsage() };
  process.on("message", (command) => {
    if (command === "begin") {
      delays.reset();
      stalls = [];
      from = { atMs: performance.now(), cpu: process.cpuUsage(), main: process.threadCpuUsage() };
      return;
    }
    const tookUs = (performance.now() - from.atMs) * 1000;
    const cpu = process.cpuUsage(from.cpu);
    const main = process.threadCpuUsage(from.main);
    const memory = process.memoryUsage();
    const figures: EventLoopFigures = {
      p50Ms: ms(delays.percentile(50)),
      p99Ms: ms(delays.percentile(99)),
      maxMs: ms(delays.max),
      over20Ms: stalls.length,
      over50Ms: stalls.filter(({ lateMs }) => lateMs > 50).length,
      busyOver20Ms: stalls.filter(({ busyMs }) => busyMs > 20).length,
      busyOver50Ms: stalls.filter(({ busyMs }) => busyMs > 50).length,
      busyMaxMs: Math.max(0, ...stalls.map(({ busyMs }) => busyMs)),
      rssMb: memory.rss / 2 ** 20,
      heapMb: memory.heapUsed / 2 ** 20,
      cpuPercent: ((cpu.user + cpu.system) / tookUs) * 100,
      mainPercent: ((main.user + main.system) / tookUs) * 100,
    };
    process.send?.(figures);
  });
  // The channel must not keep the server alive.
  process.channel?.unref();
}

if (isMainThread && process.send !== undefined) startProbe();
