// Samples this process with V8's own profiler (node:inspector), one profile at a time.

import { Session } from "node:inspector/promises";
import { setTimeout } from "node:timers/promises";

import { systemClock } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";
import type { ProfileKind } from "./model.ts";

/** What to sample. */
export interface CaptureRequest {
  readonly kind: ProfileKind;
  /** 0.1 to 120. */
  readonly seconds: number;
  /** Microseconds between two CPU samples. @default 1000 */
  readonly intervalUs?: number;
  /** Stops early, without a profile. */
  readonly signal?: AbortSignal;
}

/** A profile of this process. */
export interface CapturedProfile {
  readonly kind: ProfileKind;
  /** Such as `node 24.21.0`. */
  readonly runtime: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** JSON as V8's inspector gives it: a `.cpuprofile`, or a sampling heap profile. */
  readonly data: Uint8Array;
}

/** Bytes allocated between two heap samples, on average: V8's own default. */
const HEAP_INTERVAL_BYTES = 32_768;
const SHORTEST_SECONDS = 0.1;

/**
 * Takes CPU and heap profiles of this process; share one among everything in it.
 *
 * @example
 * const sampler = new ProfileSampler();
 * const { data } = await sampler.capture({ kind: "cpu", seconds: 0.1 });
 * console.assert(JSON.parse(Buffer.from(data).toString()).nodes.length > 0);
 */
export class ProfileSampler {
  readonly #clock: Clock;
  #running: CaptureRequest | undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /**
   * Samples for a while; the process goes on meanwhile.
   * @throws ProfilerError `profiler.busy`, `range_invalid` or `capture_failed`; the signal's reason
   * when it stops early.
   */
  async capture(request: CaptureRequest): Promise<CapturedProfile> {
    checkSeconds(request.seconds, SHORTEST_SECONDS);
    const { intervalUs = 1000 } = request;
    if (!Number.isInteger(intervalUs) || intervalUs < 100 || intervalUs > 1_000_000) {
      const message = `${intervalUs} us is no sampling interval; it is 100 to 1000000`;
      throw new ProfilerError("profiler.range_invalid", message);
    }
    request.signal?.throwIfAborted();
    if (this.#running !== undefined) {
      const { kind, seconds } = this.#running;
      const message = `This process is already being profiled (${kind}, ${seconds} s)`;
      throw new ProfilerError("profiler.busy", message);
    }
    this.#running = request;
    const session = new Session();
    try {
      session.connect();
      return await this.#sample(session, request, intervalUs);
    } catch (error) {
      if (request.signal?.aborted === true) throw request.signal.reason;
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Cannot take a ${request.kind} profile of this process: ${reason}`;
      throw new ProfilerError("profiler.capture_failed", message, { cause: error });
    } finally {
      // Disconnecting also stops a profiler that still runs.
      session.disconnect();
      this.#running = undefined;
    }
  }

  async #sample(
    session: Session,
    { kind, seconds, signal }: CaptureRequest,
    intervalUs: number,
  ): Promise<CapturedProfile> {
    const startedAtMs = this.#clock.now();
    const wait = (): Promise<void> => setTimeout(seconds * 1000, undefined, signal && { signal });
    let profile: unknown;
    if (kind === "cpu") {
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: intervalUs });
      await session.post("Profiler.start");
      await wait();
      ({ profile } = await session.post("Profiler.stop"));
    } else {
      await session.post("HeapProfiler.enable");
      const options = { samplingInterval: HEAP_INTERVAL_BYTES };
      await session.post("HeapProfiler.startSampling", options);
      await wait();
      ({ profile } = await session.post("HeapProfiler.stopSampling"));
    }
    return {
      kind,
      runtime: `node ${process.versions.node}`,
      startedAtMs,
      endedAtMs: this.#clock.now(),
      data: Buffer.from(JSON.stringify(profile)),
    };
  }
}

/** @throws ProfilerError `profiler.range_invalid`. */
export function checkSeconds(seconds: number, least: number): void {
  const most = profilerLimits.profileSeconds.value;
  if (typeof seconds === "number" && seconds >= least && seconds <= most) return;
  const message = `A profile takes ${least} to ${most} seconds, not ${seconds}`;
  throw new ProfilerError("profiler.range_invalid", message);
}
