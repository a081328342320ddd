// SeriesStore over series.db on the calling thread; the server goes through threads/SeriesClient.

import type {
  GroupedMinuteQuery,
  MergedRow,
  MergedSampleQuery,
  MinuteAggregate,
  MinuteQuery,
  PerformanceSnapshot,
  Retention,
  SeriesPruneResult,
  Sample,
  SamplePage,
  SampleQuery,
  SeriesStore,
  StoredMetric,
  TimeRange,
} from "../../tracker/index.ts";
import type { Database } from "./database.ts";
import { SeriesReader } from "./series-reader.ts";
import { SeriesWriter } from "./series-writer.ts";
import type { SeriesBatch } from "./series-writer.ts";
import { runSteps } from "./transactions.ts";

/**
 * Keeps series in a database.
 *
 * @example
 * import { openSeries } from "agent-cellphone";
 *
 * using database = openSeries(":memory:");
 * const store = new SqliteSeriesStore(database);
 * await store.append("default", { samples: [], minutes: [] });
 */
export class SqliteSeriesStore implements SeriesStore {
  readonly #database: Database;
  readonly #writer: SeriesWriter;
  readonly #reader: SeriesReader;

  /** @param database from {@link openSeries}; the caller closes it. */
  constructor(database: Database) {
    this.#database = database;
    this.#writer = new SeriesWriter(database);
    this.#reader = new SeriesReader(database);
  }

  async append(namespace: string, batch: SeriesBatch): Promise<void> {
    this.#database.transaction(() => this.#writer.append(namespace, batch));
  }

  async appendSnapshot(namespace: string, snapshot: PerformanceSnapshot): Promise<void> {
    this.#database.transaction(() => this.#writer.appendSnapshot(namespace, snapshot));
  }

  async metrics(namespace: string): Promise<readonly StoredMetric[]> {
    return this.#reader.metrics(namespace);
  }

  async samples(namespace: string, query: SampleQuery): Promise<readonly Sample[]> {
    return this.#reader.samples(namespace, query);
  }

  async samplePage(...query: Parameters<SeriesReader["samplePage"]>): Promise<SamplePage> {
    return this.#reader.samplePage(...query);
  }

  async minutes(namespace: string, query: MinuteQuery): Promise<readonly MinuteAggregate[]> {
    return this.#reader.minutes(namespace, query);
  }

  async mergedMinutes(namespace: string, query: Omit<MinuteQuery, "agentId">) {
    return this.#reader.mergedMinutes(namespace, query);
  }

  async groupedMinutes(
    namespace: string,
    query: GroupedMinuteQuery,
  ): Promise<readonly MergedRow[]> {
    return this.#reader.groupedMinutes(namespace, query);
  }

  async mergedSamples(
    namespace: string,
    query: MergedSampleQuery,
  ): Promise<readonly MergedRow[] | null> {
    return this.#reader.mergedSamples(namespace, query);
  }

  async snapshots(
    namespace: string,
    count: number,
    range: TimeRange = {},
  ): Promise<readonly PerformanceSnapshot[]> {
    return this.#reader.snapshots(namespace, count, range);
  }

  async prune(namespace: string, retention: Retention): Promise<SeriesPruneResult> {
    return runSteps(this.#database, this.#writer.prune(namespace, retention));
  }

  async deleteNamespace(namespace: string): Promise<void> {
    runSteps(this.#database, this.#writer.delete(namespace));
  }
}
