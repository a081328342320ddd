// Records metrics of agents and answers questions about them: one instance per namespace, usable
// alone as a library, durable when it is given a SeriesStore.

import {
  DEFAULT_NAMESPACE,
  IdGenerator,
  Listeners,
  nameProblem,
  systemClock,
} from "../core/index.ts";
import type {
  Clock,
  JsonObject,
  RecentStatistics,
  SeriesHandle,
  SeriesKey,
  Telemetry,
} from "../core/index.ts";
import { trackerConfigSchema } from "./config.ts";
import type { TrackerOptions, TrackerSettings } from "./config.ts";
import { Flusher } from "./flusher.ts";
import { trackerLimits } from "./limits.ts";
import { exportText, writeExport } from "./metrics-export.ts";
import type { MetricsExport, MetricsExportSource, WrittenMetricsExport } from "./metrics-export.ts";
import { MergedMinutes } from "./merged-minutes.ts";
import { MinuteBuffer } from "./minute-buffer.ts";
import type {
  AgentSummary,
  MetricSummary,
  MetricType,
  PerformanceSnapshot,
  Sample,
  SeriesPoints,
  SeriesQuery,
  TimeRange,
} from "./model.ts";
import { recentStatistics } from "./recent.ts";
import { BoundSeries, FoldedSeries, Recorder } from "./recorder.ts";
import { checkNames, checkObject, copyOf, heldTime, valueError } from "./record-request.ts";
import type { RecordRequest } from "./record-request.ts";
import { SampleRing } from "./sample-ring.ts";
import { SampleReader } from "./sample-reader.ts";
import { SeriesReader } from "./series-reader.ts";
import { SeriesTable } from "./series-table.ts";
import type { Series } from "./series.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";
import type { SeriesStore } from "./store.ts";
import { telemetryOf } from "./tracker-telemetry.ts";
import { GroupedMinutes } from "./grouped-minutes.ts";
import type { TrackerDependencies } from "./tracker-dependencies.ts";
import { TrackerQueries } from "./tracker-queries.ts";
import type { Summaries, SummariesByQuery, SummaryQuery } from "./tracker-queries.ts";
import { TrackerTimers } from "./tracker-timers.ts";
import type { TrackerStatistics } from "./tracker-statistics.ts";
import { VolatileSeriesStore } from "./volatile-series-store.ts";

/**
 * Records metrics per agent, keeps their history within fixed bounds, and answers with samples,
 * summaries, charts and snapshots. Recording and callbacks are synchronous, the rest is not.
 *
 * @example
 * const tracker = new PerformanceTracker({ maxMetricsHistory: 10_000, snapshotInterval: "60s" });
 * tracker.recordMetric("response_time", 0.5, "agent_1", { operation: "data_processing" });
 * const summary = await tracker.getAgentPerformanceSummary("agent_1");
 * console.assert(summary.metrics["response_time"]?.max === 0.5);
 */
export class PerformanceTracker implements AsyncDisposable {
  readonly namespace: string;
  /** Given to other components, it makes what they do metrics here. */
  readonly telemetry: Telemetry = telemetryOf(this);
  readonly #settings: TrackerSettings;
  readonly #clock: Clock;
  readonly #ring: SampleRing;
  readonly #minutes: MinuteBuffer;
  readonly #table: SeriesTable;
  readonly #metricListeners = new Listeners<Sample>();
  readonly #recorder: Recorder;
  readonly #flusher: Flusher;
  readonly #queries: TrackerQueries;
  readonly #snapshots: SnapshotKeeper;
  readonly #timers: TrackerTimers;

  /**
   * @throws ZodError when an option is unknown or out of range.
   * @throws RangeError when the namespace is no name.
   */
  constructor(options: TrackerOptions = {}, dependencies: TrackerDependencies = {}) {
    const settings = trackerConfigSchema.parse(options);
    const { namespace = DEFAULT_NAMESPACE, clock = systemClock } = dependencies;
    const problem = nameProblem(namespace);
    if (problem !== undefined) throw new RangeError(`Namespace "${namespace}" ${problem}`);
    const storeHasSamples = dependencies.store !== undefined;
    const store = dependencies.store ?? ownStore(settings);
    this.namespace = namespace;
    this.#settings = settings;
    this.#clock = clock;
    this.#ring = new SampleRing({
      maxHistory: settings.maxMetricsHistory,
      maxPending: storeHasSamples ? settings.maxPendingSamples : 0,
    });
    const maxNameLength = trackerLimits.labelNameLength.value;
    const { maxLabels, maxLabelValueLength: maxValueLength } = settings;
    const labels = { maxLabels, maxNameLength, maxValueLength };
    const minutes = new MinuteBuffer(clock.now());
    const latestMinute = (): number => minutes.latestMinute(clock.now());
    const table = new SeriesTable({ ...settings, labels }, latestMinute);
    const ring = this.#ring;
    this.#minutes = minutes;
    this.#table = table;
    this.#recorder = new Recorder({ clock, ring, minutes, listeners: this.#metricListeners });
    const onError = dependencies.onStoreError ?? ((): void => undefined);
    const parts = { namespace, store, storeHasSamples, clock, ring, minutes, table, onError };
    const shared = { ...parts, merged: new MergedMinutes() };
    this.#flusher = new Flusher(shared);
    const batchedAtMs = (metric?: string): number => this.#recorder.batchedAtMs(metric);
    const readerParts = { ...shared, flusher: this.#flusher, batchedAtMs };
    const reader = new SeriesReader(readerParts);
    const grouped = new GroupedMinutes(readerParts, reader);
    const rawInStore = storeHasSamples;
    const samples = new SampleReader(readerParts);
    this.#queries = new TrackerQueries({ samples, reader, grouped, clock, settings, rawInStore });
    const ids = new IdGenerator(clock);
    const queries = this.#queries;
    this.#snapshots = new SnapshotKeeper({ ...shared, settings, queries, ids });
    this.#timers = new TrackerTimers({
      ...shared,
      settings,
      onPruned: dependencies.onPruned ?? ((): void => undefined),
      flush: () => this.flush(),
      takeSnapshot: () => this.takeSnapshot(),
    });
  }

  /**
   * Reads what a restart needs, then flushes, takes snapshots and prunes on time.
   * @throws TrackerError `tracker.store_unavailable`.
   */
  async start(): Promise<void> {
    await this.#flusher.load();
    this.#timers.start();
  }

  /** Stops the timers and writes what waits. @throws TrackerError `tracker.store_unavailable`. */
  async stop(): Promise<void> {
    this.#timers.stop();
    await this.#flusher.flushAll();
    await this.#snapshots.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Writes what was recorded so far. @throws TrackerError `tracker.store_unavailable`. */
  async flush(): Promise<void> {
    await this.#flusher.flush();
    await this.#snapshots.flush();
  }

  /**
   * Records one value now.
   * @param value a finite number in the metric's unit.
   * @param context becomes the series' labels: use few keys with few different values.
   * @param metadata kept with the sample only; copied one level deep.
   * @throws TrackerError when a name, the value, the context or the metadata cannot be used.
   */
  recordMetric(
    metricType: MetricType,
    value: number,
    agentId?: string | null,
    context?: JsonObject,
    metadata?: JsonObject,
  ): void {
    if (typeof value !== "number" || value - value !== 0) throw valueError(metricType, value);
    const series =
      this.#table.lookup(metricType, agentId ?? null, context) ??
      this.#resolve(metricType, agentId ?? null, context);
    this.#recorder.record(series, value, metadata === undefined ? undefined : copyOf(metadata));
  }

  /**
   * Records one value, now or at `atMs`. Up to five minutes in the future count as now.
   * @throws TrackerError as {@link recordMetric}, and `tracker.time_out_of_range`.
   */
  record(request: RecordRequest): void {
    const { metric, value, agentId, context, metadata, atMs } = request;
    if (atMs === undefined) {
      this.recordMetric(metric, value, agentId, context, metadata);
      return;
    }
    if (typeof value !== "number" || value - value !== 0) throw valueError(metric, value);
    const nowMs = this.#clock.now();
    const heldAtMs = heldTime(request.metric, atMs, nowMs, this.#settings.metricRetentionDays);
    const series =
      this.#table.lookup(metric, agentId ?? null, context) ??
      this.#resolve(metric, agentId ?? null, context);
    const kept = metadata === undefined ? undefined : copyOf(metadata);
    this.#recorder.recordAt(series, value, heldAtMs, nowMs, kept);
  }

  /**
   * Opens a series for writing; keep the handle and call `record(value)` often.
   * @throws RangeError when the key names another namespace; TrackerError when a name is unusable.
   */
  series(key: SeriesKey): SeriesHandle {
    if (key.namespace !== this.namespace) {
      throw new RangeError(`This tracker serves "${this.namespace}", not "${key.namespace}"`);
    }
    const { metric, agentId = null, labels: context } = key;
    const series = this.#resolve(metric, agentId, context);
    const bound = { metric, agentId, context: context === undefined ? undefined : { ...context } };
    return this.#table.isFolded(series)
      ? new FoldedSeries(this.#recorder, this.#table, bound)
      : new BoundSeries(this.#recorder, this.#table, bound, series);
  }

  /** The newest samples that match, newest first. @param options.limit default 10000, at most 100000 */
  getMetrics(
    metricType?: MetricType,
    agentId?: string,
    timeRange: TimeRange = {},
    options: { readonly limit?: number } = {},
  ): Promise<Sample[]> {
    const query = { ...timeRange, metric: metricType, agentId };
    return this.#queries.samples(query, options.limit ?? 10_000);
  }

  /** The newest sample of a metric, by time. */
  async getLatestMetric(metricType: MetricType, agentId?: string): Promise<Sample | undefined> {
    const [latest] = await this.getMetrics(metricType, agentId, {}, { limit: 1 });
    return latest;
  }

  /** Statistics of one metric; undefined without samples. See {@link getSummaries} for the range. */
  async getMetricSummary(
    metricType: MetricType,
    agentId?: string,
    timeRange: TimeRange = {},
  ): Promise<MetricSummary | undefined> {
    const { metrics } = await this.getSummaries({ ...timeRange, metric: metricType, agentId });
    return metrics[metricType];
  }

  /** Statistics of each metric of one agent. */
  async getAgentPerformanceSummary(
    agentId: string,
    timeRange: TimeRange = {},
  ): Promise<AgentSummary> {
    const { fromMs, toMs, metrics } = await this.getSummaries({ ...timeRange, agentId });
    return { agentId, fromMs, toMs, metrics };
  }

  /**
   * Statistics by metric. Exact for the very range while memory holds all its samples; else of
   * whole minutes, with `fromMs` and `toMs` saying what is covered.
   */
  getSummaries(query: SummaryQuery = {}): Promise<Summaries> {
    return this.#queries.summaries(query);
  }

  /** Statistics of one metric by agent or by a label's value, of whole minutes. */
  getSummariesBy(query: SummariesByQuery): Promise<ReadonlyMap<string, MetricSummary>> {
    return this.#queries.summariesBy(query);
  }

  /**
   * The lines of a chart: raw samples where `stepMs` is under a minute, minutes otherwise.
   * @throws TrackerError `tracker.range_invalid`, `tracker.too_many_points`.
   */
  getSeries(query: SeriesQuery): Promise<SeriesPoints[]> {
    return this.#queries.chart(query);
  }

  /** Metrics with samples in memory, or stored before the start, and their agents. */
  async getMetricNames(): Promise<{ readonly metric: string; readonly agents: number }[]> {
    await this.#flusher.load();
    const names = new Map<string, Set<string>>();
    for (const { metric, agents } of this.#flusher.knownMetrics.values()) {
      names.set(metric, new Set(agents));
    }
    for (const [metric, agents] of this.#table.metricAgents()) {
      names.set(metric, new Set([...(names.get(metric) ?? []), ...agents]));
    }
    return [...names.keys()].sort().map((metric) => ({
      metric,
      agents: names.get(metric)?.size ?? 0,
    }));
  }

  /**
   * The newest snapshots, newest first.
   * @param count default 60
   * @param timeRange taken from fromMs on and before toMs; default all that are kept.
   */
  getPerformanceSnapshots(count = 60, timeRange: TimeRange = {}): Promise<PerformanceSnapshot[]> {
    return this.#snapshots.newest(count, timeRange);
  }

  /** Takes a snapshot of the last snapshotInterval now. */
  takeSnapshot(): Promise<PerformanceSnapshot> {
    return this.#snapshots.take();
  }

  /** Calls back with every sample, synchronously; an exception is reported, not thrown. */
  addMetricCallback(callback: (sample: Sample) => void): Disposable {
    return this.#metricListeners.add(callback);
  }

  /** Calls back with every snapshot taken. */
  addSnapshotCallback(callback: (snapshot: PerformanceSnapshot) => void): Disposable {
    return this.#snapshots.listeners.add(callback);
  }

  /** Exports samples and snapshots; with a path, streams them to that file. */
  exportMetrics(filepath?: undefined, timeRange?: TimeRange): Promise<MetricsExport>;
  exportMetrics(filepath: string, timeRange?: TimeRange): Promise<WrittenMetricsExport>;
  async exportMetrics(
    filepath?: string,
    timeRange: TimeRange = {},
  ): Promise<MetricsExport | WrittenMetricsExport> {
    const source = await this.#exportSource(timeRange);
    if (filepath !== undefined) return writeExport(source, filepath);
    const samples: Sample[] = [];
    for await (const sample of source.samples) samples.push(sample);
    return { ...source.header, samples, snapshots: source.snapshots };
  }

  /** The same export as pieces of JSON text, for a response or a pipe. */
  async *exportText(timeRange: TimeRange = {}): AsyncGenerator<string> {
    yield* exportText(await this.#exportSource(timeRange));
  }

  /** Statistics of an agent's last five minutes in memory, by metric; of one when it is named. */
  recent(agentId: string, metric?: string): Readonly<Record<string, RecentStatistics>> {
    return recentStatistics(this.#table.select(metric, agentId), this.#clock.now());
  }

  /** Agents that have series in memory, by name. */
  agents(): string[] {
    return this.#table.agents();
  }

  /** Lets go of an agent's series; its history stays in the store. */
  forgetAgent(agentId: string): void {
    for (const series of this.#table.release(agentId)) this.#minutes.release(series);
  }

  /** What is held, folded, shed and written. */
  statistics(): TrackerStatistics {
    const [ring, table, flusher] = [this.#ring, this.#table, this.#flusher];
    return {
      samples: ring.head,
      samplesInMemory: ring.historyCount,
      pendingSamples: ring.pendingCount,
      series: table.size,
      metricNames: table.metricCount,
      agents: table.agents().length,
      folded: table.folded,
      labelsDropped: table.labelsDropped,
      dropped: this.#minutes.shedSamples,
      droppedAtFlush: ring.shed,
      flushes: flusher.flushes,
      flushFailures: flusher.failures,
      lastFlushAtMs: flusher.lastFlushAtMs,
      lastFlushError: flusher.lastError,
    };
  }

  #resolve(metric: string, agentId: string | null, context: JsonObject | undefined): Series {
    checkNames(metric, agentId);
    if (context !== undefined && context !== null) checkObject("context", context);
    return this.#table.resolve(metric, agentId, context ?? undefined);
  }

  async #exportSource(range: TimeRange): Promise<MetricsExportSource> {
    return {
      header: {
        exportedAt: new Date(this.#clock.now()).toISOString(),
        format: "agent-cellphone/metrics",
        version: 1,
        namespace: this.namespace,
        range,
      },
      samples: this.#queries.allSamples(range),
      snapshots: await this.#snapshots.newest(this.#settings.maxSnapshots, range),
    };
  }
}

/** In library mode the ring is all there is of raw samples: maxMetricsHistory caps the whole. */
function ownStore({ maxSnapshots }: TrackerSettings): SeriesStore {
  return new VolatileSeriesStore({ maxSamples: 0, maxSnapshots });
}
