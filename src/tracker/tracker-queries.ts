// The tracker's questions: checks what is asked, chooses raw samples or minutes, reduces.

import type { Clock, SeriesLabels } from "../core/index.ts";
import { ChartBuilder } from "./chart.ts";
import type { TrackerSettings } from "./config.ts";
import { TrackerError } from "./errors.ts";
import type { GroupedMinutes } from "./grouped-minutes.ts";
import { OTHER } from "./labels.ts";
import { trackerLimits } from "./limits.ts";
import { Aggregation } from "./model.ts";
import type { MetricSummary, Sample, SeriesPoints, SeriesQuery, TimeRange } from "./model.ts";
import { alignToMinutes } from "./series-reader.ts";
import type { ReadQuery, SeriesReader } from "./series-reader.ts";
import { MINUTE_MS } from "./series.ts";
import type { MinuteRow } from "./series.ts";
import { SummaryGroup } from "./summary.ts";

/** What summaries are asked for. */
export interface SummaryQuery extends TimeRange {
  readonly metric?: string | undefined;
  readonly agentId?: string | undefined;
}

/** Summaries by metric over the range they really cover. */
export interface Summaries {
  readonly fromMs: number;
  readonly toMs: number;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** Agents with samples in the range. */
  readonly agents: readonly string[];
  /** Samples in the range. */
  readonly samples: number;
}

/** What summaries by agent or label are asked for. */
export interface SummariesByQuery extends TimeRange {
  readonly metric: string;
  /** Only series with these labels. */
  readonly labels?: SeriesLabels | undefined;
  readonly groupBy: "agent" | `label:${string}`;
}

/** Reads and reduces. */
export class TrackerQueries {
  readonly #reader: SeriesReader;
  readonly #grouped: GroupedMinutes;
  readonly #clock: Clock;
  readonly #settings: TrackerSettings;
  readonly #rawInStore: boolean;
  /** Lines with more samples than a chart may read: until when, and from which length on. */
  readonly #tooMany = new Map<string, { readonly untilMs: number; readonly lengthMs: number }>();

  constructor(parts: {
    readonly reader: SeriesReader;
    readonly grouped: GroupedMinutes;
    readonly clock: Clock;
    readonly settings: TrackerSettings;
    readonly rawInStore: boolean;
  }) {
    this.#reader = parts.reader;
    this.#grouped = parts.grouped;
    this.#clock = parts.clock;
    this.#settings = parts.settings;
    this.#rawInStore = parts.rawInStore;
  }

  /** The newest samples, newest first. */
  async samples(query: SummaryQuery, limit: number): Promise<Sample[]> {
    if (!Number.isInteger(limit) || limit < 0) {
      throw new TrackerError("tracker.range_invalid", `A limit of ${limit} samples is no count`);
    }
    return this.#reader.samples(this.#bounded(query), Math.min(limit, maxQuery));
  }

  /** Every sample of a range, newest first, page by page. */
  async *allSamples(range: TimeRange): AsyncGenerator<Sample> {
    const { fromMs, toMs } = this.#bounded(range);
    let untilMs = toMs;
    // Samples at the instant where the page before ended that were given already.
    let given = 0;
    for (;;) {
      const limit = trackerLimits.exportPage.value + given;
      const page = await this.#reader.samples({ fromMs, toMs: untilMs }, limit);
      yield* page.slice(given);
      const oldestMs = page.at(-1)?.atMs;
      if (oldestMs === undefined || page.length < limit) return;
      given = page.filter((sample) => sample.atMs === oldestMs).length;
      untilMs = oldestMs + 1;
    }
  }

  /** Summaries by metric: exact where memory knows every sample, else of whole minutes. */
  async summaries(asked: SummaryQuery): Promise<Summaries> {
    const query = this.#bounded(asked);
    const group = new SummaryGroup();
    const agents = new Set<string>();
    await this.#reader.ready();
    if (this.#reader.ringCovers(query.fromMs, query.metric)) {
      this.#reader.scanRing(query, (metric, agentId, value, atMs) => {
        group.of(metric).addSample(value, atMs);
        if (agentId !== null) agents.add(agentId);
      });
      return finish(query, group, agents);
    }
    const aligned = { ...query, ...alignToMinutes(query.fromMs, query.toMs) };
    if (query.agentId === undefined) {
      const visit = (row: MinuteRow): void => group.of(row.identity.metric).addMinute(row);
      await this.#reader.mergedMinutes(aligned, visit, agents);
    } else {
      await this.#reader.minutes(aligned, (row) => {
        group.of(row.identity.metric).addMinute(row);
        if (row.identity.agentId !== null) agents.add(row.identity.agentId);
      });
    }
    return finish(aligned, group, agents);
  }

  /** Summaries of one metric by agent or by a label's value, of whole minutes. */
  async summariesBy(asked: SummariesByQuery): Promise<ReadonlyMap<string, MetricSummary>> {
    const { groupBy, labels } = asked;
    const query = this.#bounded(asked);
    const group = new SummaryGroup();
    const { metric } = asked;
    const range = { ...query, metric, labels, ...alignToMinutes(query.fromMs, query.toMs) };
    await this.#grouped.visit(range, WHOLE_RANGE_MS, groupBy, (name, row) => {
      if (name !== null) group.of(name).addMinute(row);
    });
    return new Map(Object.entries(group.build()));
  }

  /** The lines of a chart. */
  async chart(query: SeriesQuery): Promise<SeriesPoints[]> {
    this.#checkChart(query);
    const chart = new ChartBuilder(query);
    const { metric, agentId } = query;
    const range = this.#bounded(query);
    if (range.fromMs >= range.toMs) return [];
    const { labels, groupBy = "none" } = query;
    const isLabelled = labels !== undefined || groupBy.startsWith("label:");
    const takesRaw = !isLabelled && query.stepMs < MINUTE_MS;
    if (takesRaw && (await this.#chartRaw(query, range, chart))) return chart.build();
    chart.takeMinutes();
    const aligned = alignToMinutes(range.fromMs, range.toMs);
    if (agentId === undefined && groupBy === "none" && !isLabelled) {
      await this.#reader.mergedMinutes({ metric, ...aligned }, (row) => chart.addMinute(row));
    } else {
      const about = { metric, agentId, labels, ...aligned };
      await this.#grouped.visit(about, chart.stepMs, groupBy, (group, row) => {
        chart.addGroup(group, row);
      });
    }
    return chart.build();
  }

  /** Fills a chart from raw samples; false when there are too many, or no longer all of them. */
  async #chartRaw(query: SeriesQuery, range: ReadQuery, chart: ChartBuilder): Promise<boolean> {
    await this.#reader.ready();
    if (this.#reader.ringCovers(range.fromMs, query.metric)) {
      this.#reader.scanRing(range, (_, agentId, value, atMs) => {
        chart.addSample(agentId, value, atMs);
      });
      return true;
    }
    if (this.#reader.isBatched(range.fromMs, query.metric)) return false;
    const keptFromMs = this.#clock.now() - this.#settings.rawRetention * 1000;
    if (!this.#rawInStore || range.fromMs < keptFromMs) return false;
    if (query.groupBy !== "agent") return this.#mergedRaw(query, range, chart);
    const samples = await this.#reader.samples(range, maxQuery);
    // What was recorded in batches has minutes and no samples.
    if (samples.length >= maxQuery || samples.length === 0) return false;
    for (const { agentId, value, atMs } of samples) chart.addSample(agentId, value, atMs);
    return true;
  }

  /** As {@link #chartRaw}, merged where the samples are read. */
  async #mergedRaw(query: SeriesQuery, range: ReadQuery, chart: ChartBuilder): Promise<boolean> {
    const { metric, stepMs } = query;
    const line = `${metric} ${query.agentId ?? ""}`;
    const lengthMs = range.toMs - range.fromMs;
    const refused = this.#tooMany.get(line);
    const nowMs = this.#clock.now();
    // Counting them again at each refresh of a chart would keep the reading thread busy.
    if (refused !== undefined && nowMs < refused.untilMs && lengthMs >= refused.lengthMs) {
      return false;
    }
    const fitted = await this.#reader.mergedSamples(
      { ...range, metric },
      stepMs,
      (row) => chart.addMinute(row),
      (value, atMs) => chart.addSample(null, value, atMs),
    );
    this.#tooMany.delete(line);
    if (fitted) return !chart.isEmpty;
    if (this.#tooMany.size >= trackerLimits.chartLines.value) this.#tooMany.clear();
    this.#tooMany.set(line, { untilMs: nowMs + MINUTE_MS, lengthMs });
    return false;
  }

  #checkChart(query: SeriesQuery): void {
    const { fromMs, toMs, stepMs, aggregation } = query;
    if (!(stepMs > 0) || !Number.isFinite(stepMs)) {
      throw new TrackerError("tracker.range_invalid", `A step of ${stepMs} ms cannot be used`);
    }
    if (!Object.values(Aggregation).includes(aggregation)) {
      throw new TrackerError(
        "tracker.range_invalid",
        `The aggregation "${aggregation}" is unknown`,
      );
    }
    const points = (toMs - fromMs) / stepMs;
    if (points <= trackerLimits.chartPoints.value) return;
    const most = trackerLimits.chartPoints.value;
    throw new TrackerError(
      "tracker.too_many_points",
      `A chart of ${Math.ceil(points)} points is more than ${most}`,
    );
  }

  /** The range asked for, within what is kept, with closed ends. */
  #bounded(query: SummaryQuery): ReadQuery {
    const nowMs = this.#clock.now();
    const fromMs = query.fromMs ?? Number.NEGATIVE_INFINITY;
    const toMs = query.toMs ?? Number.POSITIVE_INFINITY;
    if (Number.isNaN(fromMs) || Number.isNaN(toMs) || fromMs > toMs) {
      throw new TrackerError("tracker.range_invalid", `No time lies from ${fromMs} to ${toMs}`);
    }
    const keptFromMs = nowMs - this.#settings.metricRetentionDays * 86_400_000;
    return {
      metric: query.metric,
      agentId: query.agentId,
      fromMs: Math.max(fromMs, keptFromMs),
      // A clock set back leaves samples ahead of now; a day of them is still found.
      toMs: Math.min(toMs, nowMs + 86_400_000),
    };
  }
}

/** One bucket for any range. */
const WHOLE_RANGE_MS = Number.MAX_SAFE_INTEGER;
const maxQuery = trackerLimits.queryLimit.value;

function finish(range: TimeRange & ReadQuery, group: SummaryGroup, agents: Set<string>): Summaries {
  agents.delete(OTHER);
  return {
    fromMs: range.fromMs,
    toMs: range.toMs,
    metrics: group.build(),
    agents: [...agents].sort(),
    samples: group.count,
  };
}
