// Everything that can go wrong between a store and the disk, and what the operator does about it.

import { CellphoneError } from "../core/index.ts";
import type { CellphoneErrorOptions, ErrorTable } from "../core/index.ts";

/** Error codes of storage. */
export const storageErrors = {
  "storage.overloaded": {
    status: 503,
    retryable: true,
    meaning: "Too much is waiting for the disk",
    remedy: "Try again after a moment; if it persists, the disk is slower than the traffic.",
  },
  "storage.folder_in_use": {
    status: 409,
    retryable: true,
    meaning: "Another server uses this data folder",
    remedy: "Stop the other server, or start this one with another data folder.",
  },
  "storage.folder_unwritable": {
    status: 500,
    retryable: false,
    meaning: "The data folder cannot be written",
    remedy: "Give the user that runs the server write access to the folder, or choose another.",
  },
  "storage.newer_format": {
    status: 500,
    retryable: false,
    meaning: "The data was written by a newer version",
    remedy: "Run the newer version again, or choose another data folder.",
  },
  "storage.corrupt": {
    status: 500,
    retryable: false,
    meaning: "A data file is damaged or is no database",
    remedy:
      "Stop the server, move the file and its -wal and -shm companions aside, then restore a " +
      "backup or start empty; `sqlite3 FILE .recover` may save what is left.",
  },
  "storage.conflict": {
    status: 409,
    retryable: false,
    meaning: "A record clashes with one that is stored",
    remedy: "Use a new id; nothing of the refused batch was stored.",
  },
  "storage.disk_full": {
    status: 507,
    retryable: true,
    meaning: "The disk is full",
    remedy: "Free space on the disk that holds the data folder; nothing stored is lost.",
  },
  "storage.file_gone": {
    status: 503,
    retryable: true,
    meaning: "A data file was moved or deleted while the server runs",
    remedy:
      "Put the very file back where it was and the server goes on; a copy, or an empty folder, " +
      "needs a restart of the server.",
  },
  "storage.query_too_slow": {
    status: 503,
    retryable: false,
    meaning: "A query looked at too much and was stopped",
    remedy: "Narrow it down: by agent, conversation, type or a range of time.",
  },
  "storage.failed": {
    status: 500,
    retryable: false,
    meaning: "The store failed",
    remedy: "Read the message: it names the file and what the system said.",
  },
  "storage.readers_failing": {
    status: 503,
    retryable: true,
    meaning: "The threads that answer queries keep ending by themselves",
    remedy:
      "Writes still work. The log says why they ended (memory, most likely); another one is " +
      "started within a minute.",
  },
  "storage.closed": {
    status: 503,
    retryable: true,
    meaning: "The store is closed or its thread has ended",
    remedy: "Start the server again; everything acknowledged is on disk.",
  },
} as const satisfies ErrorTable;

/** A code of {@link storageErrors}. */
export type StorageErrorCode = keyof typeof storageErrors;

/** What every store and its threads throw. */
export class StorageError extends CellphoneError {
  constructor(code: StorageErrorCode, message: string, options: CellphoneErrorOptions = {}) {
    super(code, storageErrors[code], message, options);
  }
}
