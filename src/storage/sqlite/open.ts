// The two databases of a data folder, opened with the durability each needs.

import { Database } from "./database.ts";
import { ledgerSchema } from "./ledger-schema.ts";
import { seriesSchema } from "./series-schema.ts";

/** How to open one of the two databases. */
export interface OpenOptions {
  /** Only read; the file must exist. @default false */
  readonly readOnly?: boolean;
}

/**
 * Opens ledger.db: every commit is synced to disk before it returns.
 * @throws StorageError storage.newer_format, storage.corrupt, storage.folder_unwritable.
 */
export function openLedger(path: string, options: OpenOptions = {}): Database {
  return new Database(path, ledgerSchema, { ...options, synchronous: "full" });
}

/**
 * Opens series.db: synced at checkpoints only, so a power cut may lose the last moments, never
 * the file.
 * @throws StorageError storage.newer_format, storage.corrupt, storage.folder_unwritable.
 */
export function openSeries(path: string, options: OpenOptions = {}): Database {
  return new Database(path, seriesSchema, { ...options, synchronous: "normal", shrinks: true });
}
