// When endpoints are asked whether they are well: at an interval with some jitter, so that checks
// do not come in step; sooner after a first failure, to tell a stumble from a fall; never more at
// once than a few.

import type { Clock, ComponentLog } from "../core/index.ts";
import type { HealthProbe, ProbeMeaning, ProbeResult } from "./health-probe.ts";
import { gatewayLimits } from "./limits.ts";

/** Something to be asked regularly. */
export interface CheckTarget {
  readonly serviceId: string;
  readonly url: string;
}

/** An answer, and to which question. */
export interface CheckResult extends ProbeResult, CheckTarget {
  readonly atMs: number;
}

/** What a checker stands on. */
export interface CheckerParts {
  readonly clock: Clock;
  readonly log: ComponentLog;
  readonly probe: Pick<HealthProbe, "ask">;
  readonly intervalMs: number;
  readonly onResult: (result: CheckResult) => void;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
}

interface Watched {
  readonly target: CheckTarget;
  readonly gone: AbortController;
  timer: Disposable | undefined;
  running: Promise<ProbeResult> | undefined;
  failures: number;
  /** Monotonic; when it was last asked. */
  askedMs: number;
}

/** Share of the interval by which checks come earlier or later. */
const JITTER = 0.1;
/** After a first failure the next check comes in this share of the interval. */
const CONFIRM_SHARE = 1 / 12;

/** Checks of one namespace. */
export class HealthChecker {
  readonly #parts: CheckerParts;
  readonly #watched = new Map<string, Watched>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #stopped = false;

  constructor(parts: CheckerParts) {
    this.#parts = parts;
  }

  /** Watches these and no others; new ones are asked at once. */
  follow(targets: readonly CheckTarget[]): void {
    if (this.#stopped) return;
    const wanted = new Map(targets.map((target) => [keyOf(target), target]));
    for (const [key, watched] of this.#watched) {
      if (wanted.has(key)) continue;
      this.#watched.delete(key);
      forget(watched);
    }
    for (const [key, target] of wanted) {
      if (this.#watched.has(key)) continue;
      const gone = new AbortController();
      const made: Watched = {
        target,
        gone,
        timer: undefined,
        running: undefined,
        failures: 0,
        askedMs: -Infinity,
      };
      this.#watched.set(key, made);
      this.#runInBackground(made);
    }
  }

  /** Asks everything of one service now; resolves when all has been answered and reported. */
  async checkNow(serviceId: string): Promise<void> {
    const own = [...this.#watched.values()].filter(({ target }) => target.serviceId === serviceId);
    await Promise.all(own.map((watched) => this.#run(watched)));
  }

  /**
   * Asks a service's targets soon, because calls found something; not again and again while calls
   * go on failing and checks go on being good.
   */
  hurry(serviceId: string): void {
    const { clock, intervalMs } = this.#parts;
    const latestMs = clock.monotonic() - intervalMs * CONFIRM_SHARE;
    for (const watched of this.#watched.values()) {
      const { askedMs, running, target } = watched;
      // With a failure counted already, the next check comes soon anyway.
      const isDue = watched.failures === 0 && running === undefined && askedMs <= latestMs;
      if (target.serviceId === serviceId && isDue) this.#runInBackground(watched);
    }
  }

  /** Asks no more. */
  stop(): void {
    this.#stopped = true;
    for (const watched of this.#watched.values()) forget(watched);
    this.#watched.clear();
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** One check; callers that come while it runs share it. */
  async #run(watched: Watched): Promise<void> {
    if (watched.running !== undefined) {
      await watched.running;
      return;
    }
    watched.timer?.[Symbol.dispose]();
    watched.askedMs = this.#parts.clock.monotonic();
    watched.running = this.#ask(watched.target, "status", watched.gone.signal);
    const result = await watched.running;
    watched.running = undefined;
    if (watched.gone.signal.aborted) return;
    watched.failures = result.ok ? 0 : watched.failures + 1;
    this.#plan(watched);
    this.#parts.onResult({ ...result, ...watched.target, atMs: this.#parts.clock.now() });
  }

  #runInBackground(watched: Watched): void {
    this.#run(watched).catch((error: unknown) => {
      this.#parts.log.error("gateway.health_check_failed", { ...watched.target, error });
    });
  }

  #plan(watched: Watched): void {
    const { clock, intervalMs, random = Math.random } = this.#parts;
    const share = watched.failures === 1 ? CONFIRM_SHARE : 1;
    const delayMs = intervalMs * share * (1 - JITTER + 2 * JITTER * random());
    watched.timer = clock.after(delayMs, () => this.#runInBackground(watched));
  }

  async #ask(target: CheckTarget, meaning: ProbeMeaning, gone: AbortSignal): Promise<ProbeResult> {
    while (this.#running >= gatewayLimits.concurrentChecks.value && !gone.aborted) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      return await this.#parts.probe.ask(target.url, meaning, gone);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

function keyOf({ serviceId, url }: CheckTarget): string {
  return `${serviceId} ${url}`;
}

function forget(watched: Watched): void {
  watched.timer?.[Symbol.dispose]();
  watched.gone.abort();
}
