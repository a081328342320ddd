// Knows which agents are over a threshold without asking about every agent at every refresh: an
// agent is looked at when it recorded something since the last look, or while it is over.

import type { RecentStatistics } from "../core/index.ts";

import { levelOf } from "./finding.ts";
import type { LevelStep } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";
import type { HostUsage } from "./ports.ts";

/** Where recent metrics come from: what of PerformanceTracker rules need. */
export interface MetricSource {
  /** Statistics of an agent's last five minutes, by metric. */
  recent(agentId: string, metric?: string): Readonly<Record<string, RecentStatistics>>;
  addMetricCallback(
    callback: (sample: {
      readonly metric: string;
      readonly agentId: string | null;
      readonly value: number;
    }) => void,
  ): Disposable;
}

interface WatchedMetric {
  /** Recorded something since they were looked at, in that order. */
  readonly changed: Set<string>;
  /** Over the threshold when they were looked at, with the average of their last five minutes. */
  readonly over: Map<string, number>;
}

/** The profiler's, or usage that is recorded without naming an agent: this machine's. */
const CPU_METRICS: readonly string[] = ["system_cpu_usage", "cpu_usage"];
const MEMORY_METRICS: readonly string[] = ["system_memory_usage", "memory_usage"];

/** Follows a few metrics of all agents. */
export class MetricWatch {
  readonly #source: MetricSource | undefined;
  readonly #watched: ReadonlyMap<string, WatchedMetric>;
  readonly #monotonic: () => number;
  #cpu: { readonly percent: number; readonly atMs: number } | undefined;
  #memory: { readonly percent: number; readonly atMs: number } | undefined;
  #subscription: Disposable | undefined;

  /** @param metrics names of the metrics to follow. */
  constructor(
    source: MetricSource | undefined,
    metrics: readonly string[],
    monotonic: () => number,
  ) {
    this.#source = source;
    this.#monotonic = monotonic;
    this.#watched = new Map(
      metrics.map((metric) => [metric, { changed: new Set(), over: new Map() }]),
    );
  }

  /** @param agents whose metrics are known already, and may be over from the start. */
  start(agents: Iterable<string> = []): void {
    if (this.#source === undefined || this.#subscription !== undefined) return;
    for (const agentId of agents) {
      for (const { changed } of this.#watched.values()) changed.add(agentId);
    }
    this.#subscription = this.#source.addMetricCallback(({ metric, agentId, value }) => {
      if (agentId === null) this.#takeHost(metric, value);
      else this.#watched.get(metric)?.changed.add(agentId);
    });
  }

  stop(): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
  }

  forget(agentId: string): void {
    for (const { changed, over } of this.#watched.values()) {
      changed.delete(agentId);
      over.delete(agentId);
    }
  }

  /**
   * Agents whose five-minute average is over, with it; worst last looked at counts until then.
   * Looks at a bounded number of agents per call, the others at the next ones, in turn.
   * @param firing agents whose alert fires: they must fall below the lower edge.
   */
  over(
    metric: string,
    step: LevelStep,
    firing: ReadonlySet<string>,
  ): readonly (readonly [agentId: string, value: number])[] {
    const watched = this.#watched.get(metric);
    if (watched === undefined || this.#source === undefined) return [];
    const { changed, over } = watched;
    // Those that are over are looked at again even when they say nothing more: silence clears.
    for (const agentId of over.keys()) changed.add(agentId);
    let left = dashboardLimits.ruleAgentsPerRefresh.value;
    for (const agentId of changed) {
      if (left-- === 0) break;
      changed.delete(agentId);
      const average = this.#source.recent(agentId, metric)[metric]?.avg;
      const current = firing.has(agentId) ? step.level : undefined;
      const isOver = average !== undefined && levelOf(average, [step], current) !== undefined;
      if (isOver) over.set(agentId, average);
      else over.delete(agentId);
    }
    return [...over];
  }

  /** This machine as somebody recorded it; null when nobody did in the last minutes. */
  host(): HostUsage | null {
    const sinceMs = this.#monotonic() - dashboardLimits.hostUsageStaleMs.value;
    const cpu = this.#cpu !== undefined && this.#cpu.atMs >= sinceMs ? this.#cpu.percent : null;
    const memory =
      this.#memory !== undefined && this.#memory.atMs >= sinceMs ? this.#memory.percent : null;
    if (cpu === null && memory === null) return null;
    return { cpuPercent: cpu ?? 0, memoryPercent: memory ?? 0 };
  }

  #takeHost(metric: string, value: number): void {
    const isPercent = value >= 0 && value <= 100;
    if (!isPercent) return;
    if (CPU_METRICS.includes(metric)) this.#cpu = { percent: value, atMs: this.#monotonic() };
    if (MEMORY_METRICS.includes(metric)) {
      this.#memory = { percent: value, atMs: this.#monotonic() };
    }
  }
}
