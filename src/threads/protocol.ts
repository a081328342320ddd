// What travels between the main thread and the storage threads. Calls of one turn of the event
// loop travel in one message, answers of one commit in another: a message costs far more than
// what is in it. JSON text where it can be (measured cheaper than a structured clone of records,
// and a snapshot of what was handed over); structured clones for series, which carry bytes.

import type { CellphoneError } from "../core/index.ts";
import { StorageError, storageErrors } from "../storage/index.ts";
import type { StorageErrorCode } from "../storage/index.ts";

/** One call. */
export type Call = readonly [id: number, method: string, parameters: readonly unknown[]];

/** An error, taken apart. */
export interface WireError {
  readonly code: string | null;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Answers to calls. */
export interface Reply {
  /** Calls that ended well and gave nothing back. */
  readonly done: readonly number[];
  /** Calls that gave something back; JSON text or the pairs themselves. */
  readonly values: string | readonly (readonly [id: number, value: unknown])[] | null;
  readonly errors: readonly (readonly [id: number, error: WireError])[];
}

/** The first message of a thread. */
export type Greeting = { readonly ready: true } | { readonly failed: WireError };

/** What a thread is started with. */
export interface ThreadData {
  readonly database: "ledger" | "series";
  readonly path: string;
}

/** Asks a thread to finish and close its database. */
export const CLOSE = "close";

/** How parameters and results travel. */
export type Codec = "json" | "clone";

/** Ledger calls travel as JSON, series calls as clones. */
export function codecOf(database: ThreadData["database"]): Codec {
  return database === "ledger" ? "json" : "clone";
}

/** An error for the wire. */
export function toWireError(error: unknown): WireError {
  if (error instanceof StorageError) {
    return { code: error.code, message: error.message, details: error.details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: null, message, details: {} };
}

/** The error that was sent; what is none of ours becomes storage.failed. */
export function fromWireError(wire: WireError): CellphoneError {
  const code = isStorageCode(wire.code) ? wire.code : "storage.failed";
  return new StorageError(code, wire.message, { details: wire.details });
}

function isStorageCode(code: string | null): code is StorageErrorCode {
  return code !== null && Object.hasOwn(storageErrors, code);
}
