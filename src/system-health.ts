// Whether a running system can take work, check by check, and what has ended that for good: a
// writing thread that is gone does not come back within this process.

import { DEFAULT_NAMESPACE } from "./core/index.ts";
import { checkDisk } from "./disk-check.ts";
import { describeProgress } from "./restore-progress.ts";
import type { RestoreProgress } from "./restore-progress.ts";
import type { ReadinessCheck } from "./server/index.ts";
import type { DataFolder } from "./storage/index.ts";

/** What a system's readiness is read from. */
export interface HealthSources {
  /** A question to each store that its readers answer; undefined before it is open. */
  readonly ledger: () => Promise<unknown> | undefined;
  readonly series: () => Promise<unknown> | undefined;
  /** In words, what the series of all namespaces lost or could not write; undefined for nothing. */
  readonly seriesTrouble: () => string | undefined;
  /** How far the start is; undefined once it is done. */
  readonly restoring: () => RestoreProgress | undefined;
  readonly isRunning: (namespace: string) => boolean;
  readonly gatewayWorkers: () => number;
  readonly folder: Pick<DataFolder, "path" | "ledgerPath" | "seriesPath">;
}

/** The threads without which nothing is stored. */
export type WritingThread = "ledger" | "series";

/** Health of one system. */
export class SystemHealth {
  readonly #sources: HealthSources;
  readonly #failures = new Map<WritingThread, Error>();
  readonly #failed = Promise.withResolvers<Error>();

  constructor(sources: HealthSources) {
    this.#sources = sources;
  }

  /** Resolves with the reason once the system can no longer do its work. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** A writing thread has ended by itself. */
  noteEnd(thread: WritingThread, error: Error): void {
    this.#failures.set(thread, error);
    this.#failed.resolve(error);
  }

  async checks(): Promise<Readonly<Record<string, ReadinessCheck>>> {
    const { folder, seriesTrouble } = this.#sources;
    const [ledger, series, disk] = await Promise.all([
      this.#store("ledger"),
      this.#store("series"),
      checkDisk(folder.path, [folder.ledgerPath, folder.seriesPath]),
    ]);
    const trouble = seriesTrouble();
    return {
      ledger,
      series: series.ok && trouble !== undefined ? { ok: true, detail: trouble } : series,
      disk,
      namespaces: this.#namespaces(),
      gateway: this.#gateway(),
    };
  }

  async #store(thread: WritingThread): Promise<ReadinessCheck> {
    const failure = this.#failures.get(thread);
    if (failure !== undefined) return { ok: false, detail: failure.message };
    try {
      const answer = this.#sources[thread]();
      if (answer === undefined) return { ok: false, detail: "is being opened" };
      await answer;
      return { ok: true };
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  }

  #namespaces(): ReadinessCheck {
    const progress = this.#sources.restoring();
    if (progress !== undefined) {
      return { ok: false, detail: `restoring: ${describeProgress(progress)}` };
    }
    if (this.#sources.isRunning(DEFAULT_NAMESPACE)) return { ok: true };
    return { ok: false, detail: `namespace "${DEFAULT_NAMESPACE}" could not start` };
  }

  #gateway(): ReadinessCheck {
    if (this.#sources.gatewayWorkers() > 0) return { ok: true };
    return { ok: false, detail: "no gateway worker runs" };
  }
}
