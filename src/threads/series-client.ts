// Series as the main thread sees them: batches go to the series thread, queries to a reader.

import type { seriesReader, seriesWriter } from "../storage/index.ts";
import { storageLimits } from "../storage/index.ts";
import type {
  MergedRow,
  MergedSampleQuery,
  MinuteAggregate,
  MinuteQuery,
  PerformanceSnapshot,
  Retention,
  Sample,
  SampleQuery,
  SeriesStore,
} from "../tracker/index.ts";
import type { StorageClientOptions } from "./ledger-client.ts";
import { ReaderPool } from "./reader-pool.ts";
import { ThreadClient } from "./thread-client.ts";

type Writer = ReturnType<typeof seriesWriter>;
type Writes = Writer["writes"] & Writer["jobs"];
type Reads = ReturnType<typeof seriesReader>;

/**
 * Series in series.db, through threads.
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
export class SeriesClient implements SeriesStore {
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
    const onFailure = options.onFailure ?? ((): void => undefined);
    const bounds = { calls: storageLimits.pendingBatches.value, bytes: Number.MAX_SAFE_INTEGER };
    const writer = new ThreadClient<Writes>("series", data, bounds, onFailure);
    const readers = new ReaderPool<Reads>(data, options.readers ?? 1, onFailure);
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

  samples(namespace: string, query: SampleQuery): Promise<readonly Sample[]> {
    return this.#readers.call("samples", namespace, query);
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

  mergedSamples(namespace: string, query: MergedSampleQuery): Promise<readonly MergedRow[] | null> {
    return this.#readers.call("mergedSamples", namespace, query);
  }

  snapshots(namespace: string, count: number): Promise<readonly PerformanceSnapshot[]> {
    return this.#readers.call("snapshots", namespace, count);
  }

  prune(namespace: string, retention: Retention): Promise<{ readonly samples: number }> {
    return this.#writer.call("prune", namespace, retention);
  }

  deleteNamespace(namespace: string): Promise<void> {
    return this.#writer.call("deleteNamespace", namespace);
  }
}
