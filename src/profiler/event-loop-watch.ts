// How late the event loop's timers are. Each reader has a watch of its own, because reading one
// begins its next window.

import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { EventLoopUtilization } from "node:perf_hooks";

import type { EventLoopMetrics } from "./system-model.ts";

/** How often lateness is sampled; the histogram holds the time between samples, this included. */
const RESOLUTION_MS = 20;

/** Watches the event loop from its creation until it is disposed. */
export class EventLoopWatch implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  constructor() {
    this.#delay.enable();
  }

  /** Lateness since the last call; null when too little time has passed to say. */
  take(): EventLoopMetrics | null {
    const delay = this.#delay;
    if (delay.count === 0) return null;
    const now = performance.eventLoopUtilization();
    const metrics = {
      meanDelaySeconds: lateSeconds(delay.mean),
      p99DelaySeconds: lateSeconds(delay.percentile(99)),
      maxDelaySeconds: lateSeconds(delay.max),
      utilization: performance.eventLoopUtilization(now, this.#utilization).utilization,
    };
    delay.reset();
    this.#utilization = now;
    return metrics;
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}

function lateSeconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
