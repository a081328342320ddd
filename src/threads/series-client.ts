// What series.db holds as the main thread sees it: batches go to the series thread, queries to a
// reader.

import type { CallQuery, CallRecord, CallRetention, CallStore } from "../gateway/index.ts";
import type {
  ProfileQuery,
  ProfileRecord,
  ProfileRetention,
  ProfileStore,
  SpanPage,
  SpanQuery,
  SpanRecord,
} from "../profiler/index.ts";
import type { seriesReader, seriesWriter } from "../storage/index.ts";
import { StorageError, storageLimits } from "../storage/index.ts";
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
} from "../tracker/index.ts";
import { onEnd } from "./ledger-client.ts";
import type { StorageClientOptions } from "./ledger-client.ts";
import { ReaderPool } from "./reader-pool.ts";
import { ThreadClient } from "./thread-client.ts";

type Writer = ReturnType<typeof seriesWriter>;
type Writes = Writer["writes"] & Writer["jobs"];
type Reads = ReturnType<typeof seriesReader>;

/**
 * Series, calls, spans and profiles in series.db, through threads. `deleteNamespace()` forgets the
 * namespace in all of them.
 *
 * @example
 * import { mkdtempDisposableSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * using folder = mkdtempDisposableSync(join(tmpdir(), "example-"));
 * const series = await SeriesClient.open(join(folder.path, "series.db"));
 * await series.append("default", { samples: [], minutes: [] });
 * await series.close();
 */
export class SeriesClient implements SeriesStore, CallStore, ProfileStore {
  readonly #writer: ThreadClient<Writes>;
  readonly #readers: ReaderPool<Reads>;

  private constructor(writer: ThreadClient<Writes>, readers: ReaderPool<Reads>) {
    this.#writer = writer;
    this.#readers = readers;
  }

  /**
   * Starts the threads; resolves when they serve.
   * @param path of series.db; see {@link openDataFolder}.
   * @throws StorageError storage.newer_format, storage.corrupt, storage.folder_unwritable.
   */
  static async open(path: string, options: StorageClientOptions = {}): Promise<SeriesClient> {
    const data = { database: "series", path } as const;
    const bounds = { calls: storageLimits.pendingBatches.value, bytes: Number.MAX_SAFE_INTEGER };
    const writer = new ThreadClient<Writes>("series", data, bounds, onEnd(options));
    const readers = new ReaderPool<Reads>(data, options.readers ?? 2, options);
    try {
      await writer.ready();
    } catch (error) {
      await writer.close();
      throw error;
    }
    return new SeriesClient(writer, readers);
  }

  /** Lets what waits finish, then ends the threads and tidies the file. */
  async close(): Promise<void> {
    await this.#readers.close();
    await this.#writer.close();
  }

  append(
    namespace: string,
    batch: { readonly samples: readonly Sample[]; readonly minutes: readonly MinuteAggregate[] },
  ): Promise<void> {
    return this.#writer.call("append", namespace, batch);
  }

  appendSnapshot(namespace: string, snapshot: PerformanceSnapshot): Promise<void> {
    return this.#writer.call("appendSnapshot", namespace, snapshot);
  }

  metrics(namespace: string): Promise<readonly StoredMetric[]> {
    return this.#readers.call("metrics", namespace);
  }

  samples(namespace: string, query: SampleQuery): Promise<readonly Sample[]> {
    return this.#readers.call("samples", namespace, query);
  }

  samplePage(...query: Parameters<SeriesStore["samplePage"]>): Promise<SamplePage> {
    return this.#readers.call("samplePage", ...query);
  }

  minutes(namespace: string, query: MinuteQuery): Promise<readonly MinuteAggregate[]> {
    return this.#readers.call("minutes", namespace, query);
  }

  mergedMinutes(
    namespace: string,
    query: Omit<MinuteQuery, "agentId">,
  ): Promise<{ readonly rows: readonly MergedRow[]; readonly agents: readonly string[] }> {
    return this.#readers.call("mergedMinutes", namespace, query);
  }

  groupedMinutes(namespace: string, query: GroupedMinuteQuery): Promise<readonly MergedRow[]> {
    return this.#readers.call("groupedMinutes", namespace, query);
  }

  mergedSamples(namespace: string, query: MergedSampleQuery): Promise<readonly MergedRow[] | null> {
    return this.#readers.call("mergedSamples", namespace, query);
  }

  snapshots(
    namespace: string,
    count: number,
    range: TimeRange = {},
  ): Promise<readonly PerformanceSnapshot[]> {
    return this.#readers.call("snapshots", namespace, count, range);
  }

  prune(namespace: string, retention: Retention): Promise<SeriesPruneResult> {
    return this.#writer.job("prune", namespace, retention);
  }

  deleteNamespace(namespace: string): Promise<void> {
    return this.#writer.job("deleteNamespace", namespace);
  }

  /** Forgets what belongs to none of these namespaces: a deletion that was cut short left it. */
  deleteOtherNamespaces(kept: readonly string[]): Promise<void> {
    return this.#writer.job("deleteOtherNamespaces", kept);
  }

  appendCalls(
    namespace: string,
    calls: readonly { readonly call: CallRecord; readonly notable: boolean }[],
  ): Promise<void> {
    return this.#writer.call("appendCalls", namespace, calls);
  }

  calls(namespace: string, query: CallQuery): Promise<readonly CallRecord[]> {
    return this.#readers.call("calls", namespace, query);
  }

  call(namespace: string, id: string): Promise<CallRecord | undefined> {
    return this.#readers.call("call", namespace, id);
  }

  lastCallSequence(namespace: string): Promise<number> {
    return this.#readers.call("lastCallSequence", namespace);
  }

  pruneCalls(namespace: string, retention: CallRetention): Promise<{ readonly calls: number }> {
    return this.#writer.job("pruneCalls", namespace, retention);
  }

  /** @throws StorageError storage.overloaded sooner than {@link append}: spans are shed first. */
  async appendSpans(namespace: string, spans: readonly SpanRecord[]): Promise<void> {
    this.#refuseWhenBusy();
    await this.#writer.call("appendSpans", namespace, spans);
  }

  spans(namespace: string, query: SpanQuery): Promise<readonly SpanRecord[]> {
    return this.#readers.call("spans", namespace, query);
  }

  spanPage(namespace: string, query: SpanQuery, after?: string): Promise<SpanPage> {
    return this.#readers.call("spanPage", namespace, query, after);
  }

  /** @throws StorageError storage.overloaded sooner than {@link append}: profiles are shed first. */
  async putProfile(record: ProfileRecord, data?: Uint8Array): Promise<void> {
    this.#refuseWhenBusy();
    await this.#writer.call("putProfile", record, data);
  }

  profile(namespace: string, id: string): Promise<ProfileRecord | undefined> {
    return this.#readers.call("profile", namespace, id);
  }

  profileData(namespace: string, id: string): Promise<Uint8Array | undefined> {
    return this.#readers.call("profileData", namespace, id);
  }

  profiles(namespace: string, query: ProfileQuery): Promise<readonly ProfileRecord[]> {
    return this.#readers.call("profiles", namespace, query);
  }

  deleteProfile(namespace: string, id: string): Promise<boolean> {
    return this.#writer.call("deleteProfile", namespace, id);
  }

  pruneProfiles(
    namespace: string,
    retention: ProfileRetention,
  ): Promise<{ readonly spans: number; readonly profiles: number }> {
    return this.#writer.job("pruneProfiles", namespace, retention);
  }

  #refuseWhenBusy(): void {
    const { pending } = this.#writer;
    if (pending < storageLimits.pendingSpanBatches.value) return;
    throw new StorageError(
      "storage.overloaded",
      `The series thread has ${pending} batches waiting, too many to take spans and profiles`,
      { retryAfterSeconds: 1 },
    );
  }
}
