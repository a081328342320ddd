// Loaded into the server under test with --import: watches the delay of its main thread's event
// loop from inside, and reports over the IPC channel. The product knows nothing of it.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** How often the loop is looked at; a delay is what a look comes late by. */
const RESOLUTION_MS = 1;
/** A timer of 1 ms fires each millisecond at best, which is no delay. */
const IDLE_NS = RESOLUTION_MS * 1e6;

/** What the probe saw since it was last told to begin. */
export interface EventLoopFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How often the loop stood still for longer than 20 and 50 ms. */
  readonly over20Ms: number;
  readonly over50Ms: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** Of one core: 100 is one core, all threads counted. */
  readonly cpuPercent: number;
  /** Of one core, by the main thread alone. */
  readonly mainPercent: number;
}

function ms(ns: number): number {
  return Math.max(0, ns - IDLE_NS) / 1e6;
}

function startProbe(): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let stalls: number[] = [];
  let seenMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    const lateMs = nowMs - seenMs - 5;
    if (lateMs > 20) stalls.push(lateMs);
    seenMs = nowMs;
  }, 5).unref();
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
      over50Ms: stalls.filter((stall) => stall > 50).length,
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
