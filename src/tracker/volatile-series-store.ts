// The series store of library mode and of tests: in memory, bounded, gone with the process.
// It passes the same contract suite as the durable one.

import { groupOf } from "./grouped-minutes.ts";
import { hasLabels, labelsKey } from "./labels.ts";
import type { PerformanceSnapshot, Sample, TimeRange } from "./model.ts";
import { RowMerger } from "./merge.ts";
import type {
  GroupedMinuteQuery,
  MergedRow,
  MergedSampleQuery,
  MinuteAggregate,
  MinuteQuery,
  Retention,
  SeriesPruneResult,
  SamplePage,
  SamplePlace,
  SampleQuery,
  SeriesStore,
  StoredMetric,
} from "./store.ts";
import { isWithin } from "./time-range.ts";

/** How much a {@link VolatileSeriesStore} keeps, per namespace; the oldest go first. */
export interface VolatileSeriesStoreOptions {
  /** Raw samples. @default 100000 */
  readonly maxSamples?: number;
  /** Minutes over all series, about 0.4 kB each. @default 100000 */
  readonly maxMinutes?: number;
  /** Snapshots. @default 1440 */
  readonly maxSnapshots?: number;
}

interface NamespaceSeries {
  samples: Sample[];
  /** Rows by series and minute; insertion order is nearly the order of time. */
  readonly minutes: Map<string, MinuteAggregate>;
  snapshots: PerformanceSnapshot[];
}

/**
 * A {@link SeriesStore} in memory.
 *
 * @example
 * const store = new VolatileSeriesStore({ maxSamples: 1000 });
 * const samples = await store.samples("default", { metric: "cpu_usage" });
 * console.assert(samples.length === 0);
 */
export class VolatileSeriesStore implements SeriesStore {
  readonly #maxSamples: number;
  readonly #maxMinutes: number;
  readonly #maxSnapshots: number;
  readonly #namespaces = new Map<string, NamespaceSeries>();

  constructor(options: VolatileSeriesStoreOptions = {}) {
    this.#maxSamples = options.maxSamples ?? 100_000;
    this.#maxMinutes = options.maxMinutes ?? 100_000;
    this.#maxSnapshots = options.maxSnapshots ?? 1440;
  }

  async append(
    namespace: string,
    batch: { readonly samples: readonly Sample[]; readonly minutes: readonly MinuteAggregate[] },
  ): Promise<void> {
    const kept = this.#namespace(namespace);
    for (const sample of batch.samples) kept.samples.push(sample);
    // A tenth of slack makes shifting the array rare.
    if (kept.samples.length > this.#maxSamples * 1.1) {
      kept.samples = this.#maxSamples === 0 ? [] : kept.samples.slice(-this.#maxSamples);
    }
    for (const minute of batch.minutes) kept.minutes.set(minuteKey(minute), minute);
    for (const key of kept.minutes.keys()) {
      if (kept.minutes.size <= this.#maxMinutes) break;
      kept.minutes.delete(key);
    }
  }

  async appendSnapshot(namespace: string, snapshot: PerformanceSnapshot): Promise<void> {
    const kept = this.#namespace(namespace);
    kept.snapshots = kept.snapshots.filter((other) => other.id !== snapshot.id);
    kept.snapshots.push(snapshot);
    kept.snapshots.sort((a, b) => a.atMs - b.atMs);
    if (kept.snapshots.length > this.#maxSnapshots) kept.snapshots.shift();
  }

  async metrics(namespace: string): Promise<readonly StoredMetric[]> {
    const kept = this.#namespaces.get(namespace);
    const series = new Map<string, { agents: Set<string>; keys: Set<string> }>();
    const see = (metric: string, agentId: string | null, labels: string): void => {
      const known = series.get(metric) ?? { agents: new Set(), keys: new Set() };
      series.set(metric, known);
      if (agentId !== null) known.agents.add(agentId);
      known.keys.add(`${agentId ?? ""} ${labels}`);
    };
    for (const { metric, agentId } of kept?.samples ?? []) see(metric, agentId, labelsKey({}));
    for (const { metric, agentId, labels } of kept?.minutes.values() ?? []) {
      see(metric, agentId, labelsKey(labels));
    }
    return Array.from(series, ([metric, { agents, keys }]) => ({
      metric,
      agents: [...agents],
      series: keys.size,
    }));
  }

  async samples(namespace: string, query: SampleQuery): Promise<readonly Sample[]> {
    const samples = this.#namespaces.get(namespace)?.samples ?? [];
    const kept = this.#maxSamples === 0 ? [] : samples.slice(-this.#maxSamples);
    // Reversed first: the sort is stable, so the later of two equal instants comes first.
    const found = kept.filter((sample) => sampleMatches(sample, query)).toReversed();
    found.sort((a, b) => b.atMs - a.atMs);
    return found.slice(0, query.limit ?? 10_000);
  }

  async samplePage(
    namespace: string,
    range: { readonly fromMs: number; readonly toMs: number },
    limit: number,
    place: SamplePlace | null,
  ): Promise<SamplePage> {
    const toMs = place === null ? range.toMs : Math.min(range.toMs, place.atMs + 1);
    const found = await this.samples(namespace, { fromMs: range.fromMs, toMs, limit: Infinity });
    // A place's row: how many of its instant were given.
    const given = place?.row ?? 0;
    const samples = found.slice(given, given + limit);
    const last = samples.at(-1);
    if (last === undefined || given + limit >= found.length) return { samples, next: null };
    const same = samples.filter(({ atMs }) => atMs === last.atMs).length;
    const row = last.atMs === place?.atMs ? given + same : same;
    return { samples, next: { atMs: last.atMs, row } };
  }

  async minutes(namespace: string, query: MinuteQuery): Promise<readonly MinuteAggregate[]> {
    const rows: MinuteAggregate[] = [];
    for (const row of this.#namespaces.get(namespace)?.minutes.values() ?? []) {
      if (row.minuteMs < query.fromMs || row.minuteMs >= query.toMs) continue;
      if (query.metric !== undefined && row.metric !== query.metric) continue;
      if (query.agentId !== undefined && row.agentId !== query.agentId) continue;
      if (!hasLabels(row.labels, query.labels)) continue;
      rows.push(row);
    }
    return rows.sort((a, b) => a.minuteMs - b.minuteMs);
  }

  async mergedMinutes(
    namespace: string,
    query: Omit<MinuteQuery, "agentId">,
  ): Promise<{ readonly rows: readonly MergedRow[]; readonly agents: readonly string[] }> {
    const merger = new RowMerger();
    const agents = new Set<string>();
    for (const row of await this.minutes(namespace, query)) {
      merger.addRow(row.metric, row.minuteMs, row.sketch, row.last, row.lastAtMs);
      if (row.agentId !== null) agents.add(row.agentId);
    }
    return { rows: merger.rows(), agents: [...agents] };
  }

  async groupedMinutes(
    namespace: string,
    query: GroupedMinuteQuery,
  ): Promise<readonly MergedRow[]> {
    const { groupBy, stepMs } = query;
    const merger = new RowMerger();
    for (const row of await this.minutes(namespace, query)) {
      const startMs = Math.floor(row.minuteMs / stepMs) * stepMs;
      merger.addRow(groupOf(row, groupBy) ?? "", startMs, row.sketch, row.last, row.lastAtMs);
    }
    return merger.rows();
  }

  async mergedSamples(
    namespace: string,
    query: MergedSampleQuery,
  ): Promise<readonly MergedRow[] | null> {
    const { most, stepMs } = query;
    const samples = await this.samples(namespace, { ...query, limit: most + 1 });
    if (samples.length > most) return null;
    const merger = new RowMerger();
    for (const { metric, value, atMs } of samples.toReversed()) {
      merger.addSample(metric, Math.floor(atMs / stepMs) * stepMs, value, atMs);
    }
    return merger.rows();
  }

  async snapshots(
    namespace: string,
    count: number,
    range: TimeRange = {},
  ): Promise<readonly PerformanceSnapshot[]> {
    const kept = this.#namespaces.get(namespace)?.snapshots ?? [];
    const snapshots = kept.filter(({ atMs }) => isWithin(atMs, range));
    return snapshots.slice(Math.max(0, snapshots.length - count)).toReversed();
  }

  async prune(namespace: string, retention: Retention): Promise<SeriesPruneResult> {
    const kept = this.#namespaces.get(namespace);
    if (kept === undefined) return { samples: 0, restBytes: null };
    const before = kept.samples.length;
    kept.samples = kept.samples.filter((sample) => sample.atMs >= retention.samplesBeforeMs);
    kept.snapshots = kept.snapshots.filter((one) => one.atMs >= retention.minutesBeforeMs);
    for (const [key, row] of kept.minutes) {
      if (row.minuteMs < retention.minutesBeforeMs) kept.minutes.delete(key);
    }
    return { samples: before - kept.samples.length, restBytes: null };
  }

  async deleteNamespace(namespace: string): Promise<void> {
    this.#namespaces.delete(namespace);
  }

  #namespace(namespace: string): NamespaceSeries {
    let kept = this.#namespaces.get(namespace);
    if (kept === undefined) {
      kept = { samples: [], minutes: new Map(), snapshots: [] };
      this.#namespaces.set(namespace, kept);
    }
    return kept;
  }
}

function minuteKey(row: MinuteAggregate): string {
  return `${row.minuteMs} ${row.metric} ${row.agentId ?? ""} ${labelsKey(row.labels)}`;
}

function sampleMatches(sample: Sample, query: SampleQuery): boolean {
  return (
    (query.metric === undefined || sample.metric === query.metric) &&
    (query.agentId === undefined || sample.agentId === query.agentId) &&
    (query.fromMs === undefined || sample.atMs >= query.fromMs) &&
    (query.toMs === undefined || sample.atMs < query.toMs)
  );
}
