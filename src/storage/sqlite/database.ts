// One connection to one SQLite file: opened with our durability settings, migrated to our
// version, with prepared statements kept and SQLite's result codes turned into words.

import { statSync } from "node:fs";
import { basename } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";

import { StorageError } from "../errors.ts";
import type { StorageErrorCode } from "../errors.ts";

/** A database's schema: the scripts that lead from version 0 to the newest, in order. */
export interface Schema {
  /** What the file is for, in words for error messages: `ledger`. */
  readonly name: string;
  /** Script `n` leads from `user_version` n to n + 1; a released one is never changed. */
  readonly migrations: readonly string[];
}

/** How to open a database. */
export interface DatabaseOptions {
  /**
   * `full` syncs the write-ahead log at every commit; `normal` only at checkpoints.
   * @default "full"
   */
  readonly synchronous?: "full" | "normal";
  /** @default false */
  readonly readOnly?: boolean;
  /**
   * Whether a file that is made now can give pages back with {@link Database.shrink}; one that
   * was made without stays as it is.
   * @default false
   */
  readonly shrinks?: boolean;
}

/** Marks our files ("CELL"), see https://www.sqlite.org/pragma.html#pragma_application_id. */
const APPLICATION_ID = 0x43454c4c;

/** A checkpoint's outcome: frames in the write-ahead log, and those already copied back. */
export interface WalState {
  readonly frames: number;
  readonly copied: number;
}

/**
 * One connection to one database file (`:memory:` for a private one).
 *
 * @throws StorageError storage.newer_format, storage.corrupt, storage.folder_unwritable.
 */
export class Database implements Disposable {
  readonly path: string;
  readonly #database: DatabaseSync;
  // One entry per SQL text in our source (lists build theirs from a fixed set of conditions), so
  // it stays at a few hundred.
  readonly #statements = new Map<string, StatementSync>();
  /** Which file was opened; undefined for one in memory. */
  readonly #file: string | undefined;
  #open = true;

  constructor(path: string, schema: Schema, options: DatabaseOptions = {}) {
    this.path = path;
    this.#database = this.#guard(() => new DatabaseSync(path, openOptions(options)));
    try {
      this.#guard(() => {
        if (options.readOnly !== true) this.#configure(options);
        this.#checkVersion(schema);
        if (options.readOnly !== true) this.#migrate(schema);
      });
    } catch (error) {
      this.#database.close();
      throw error;
    }
    this.#file = fileAt(path);
  }

  /** A prepared statement; the same text gives the same statement. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /**
   * Runs `body` in one transaction: all of it or, when it throws, nothing.
   * @throws StorageError storage.file_gone, storage.disk_full and others.
   */
  transaction<Result>(body: () => Result): Result {
    this.#refuseGone();
    return this.#guard(() => {
      this.prepare("BEGIN IMMEDIATE").run();
      return this.#finish(body);
    });
  }

  /** Runs `body` on one unchanging picture of the database. */
  snapshot<Result>(body: () => Result): Result {
    return this.#guard(() => {
      this.prepare("BEGIN").run();
      return this.#finish(body);
    });
  }

  /** An error of a statement of this file, in words that name the file; others as they are. */
  explain(error: unknown): unknown {
    return explainSqliteError(error, this.path);
  }

  /** Frames in the write-ahead log now, without doing anything. */
  walState(): WalState {
    return this.#wal("NOOP");
  }

  /** Copies the write-ahead log into the database; PASSIVE never waits for a reader. */
  checkpoint(mode: "PASSIVE" | "TRUNCATE"): WalState {
    return this.#wal(mode);
  }

  /** Bytes of the file that hold something, and those that are free to be used again. */
  room(): { readonly usedBytes: number; readonly freeBytes: number } {
    const free = this.#pragma("freelist_count");
    const pageBytes = this.#pragma("page_size");
    return {
      usedBytes: (this.#pragma("page_count") - free) * pageBytes,
      freeBytes: free * pageBytes,
    };
  }

  /** Gives up to `pages` free pages back; part of a transaction. False when none could be. */
  shrink(pages: number): boolean {
    const before = this.#pragma("freelist_count");
    // Each step of the statement gives one page back.
    this.prepare(`PRAGMA incremental_vacuum(${pages})`).all();
    return this.#pragma("freelist_count") < before;
  }

  /** Copies the write-ahead log back and closes the file. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A deleted file takes writes that nobody will ever read; that must not count as stored. */
  #refuseGone(): void {
    if (this.#file === undefined || fileAt(this.path) === this.#file) return;
    const message = `Cannot write ${basename(this.path)}: ${this.path} was moved or deleted`;
    throw new StorageError("storage.file_gone", message);
  }

  #finish<Result>(body: () => Result): Result {
    try {
      const result = body();
      this.prepare("COMMIT").run();
      return result;
    } catch (error) {
      // A full disk or an I/O error may have rolled back already.
      if (this.#database.isTransaction) this.prepare("ROLLBACK").run();
      throw error;
    }
  }

  #wal(mode: "NOOP" | "PASSIVE" | "TRUNCATE"): WalState {
    return this.#guard(() => {
      const row = this.prepare(`PRAGMA wal_checkpoint(${mode})`).get();
      return { frames: Number(row?.["log"] ?? 0), copied: Number(row?.["checkpointed"] ?? 0) };
    });
  }

  #configure({ synchronous = "full", shrinks = false }: DatabaseOptions): void {
    // Takes effect only while the file is empty, which it no longer is in WAL mode.
    if (shrinks) this.#database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    // The log is recycled by our own checkpoints, so that none happens inside a commit.
    this.#database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous.toUpperCase()};
       PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
       PRAGMA cache_size = -32000; PRAGMA trusted_schema = OFF;`,
    );
  }

  #checkVersion(schema: Schema): void {
    const version = this.#pragma("user_version");
    if (version > schema.migrations.length) {
      throw new StorageError(
        "storage.newer_format",
        `Cannot open ${this.path}: its format is version ${version}, this program knows ` +
          `versions up to ${schema.migrations.length} of the ${schema.name}`,
      );
    }
  }

  #migrate(schema: Schema): void {
    for (
      let version = this.#pragma("user_version");
      version < schema.migrations.length;
      version++
    ) {
      this.transaction(() => {
        this.#database.exec(schema.migrations[version] ?? "");
        this.#database.exec(
          `PRAGMA user_version = ${version + 1}; PRAGMA application_id = ${APPLICATION_ID}`,
        );
      });
    }
  }

  #pragma(name: string): number {
    return Number(this.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  }

  #guard<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      throw explainSqliteError(error, this.path);
    }
  }
}

/** Device and inode of the file at a path; undefined when there is none. */
function fileAt(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts === undefined ? undefined : `${facts.dev}:${facts.ino}`;
}

function openOptions(options: DatabaseOptions): ConstructorParameters<typeof DatabaseSync>[1] {
  return { readOnly: options.readOnly ?? false, timeout: 5_000, allowExtension: false };
}

/** Primary result codes, https://www.sqlite.org/rescode.html, that have words of their own. */
const CODES: Readonly<Record<number, readonly [StorageErrorCode, string]>> = {
  5: ["storage.failed", "it is locked by another process"],
  8: ["storage.folder_unwritable", "it may only be read"],
  11: ["storage.corrupt", "the file is damaged"],
  13: ["storage.disk_full", "the disk is full"],
  14: ["storage.folder_unwritable", "the file cannot be opened"],
  19: ["storage.conflict", "a record clashes with one that is stored"],
  26: ["storage.corrupt", "the file is no SQLite database"],
};

/** SQLite's result code behind an error, or undefined when it is another kind of error. */
export function sqliteResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** An error of SQLite as a StorageError that names the file; other errors stay as they are. */
export function explainSqliteError(error: unknown, path: string): unknown {
  const code = sqliteResultCode(error);
  if (code === undefined) return error;
  const said = error instanceof Error ? error.message : String(error);
  const [storageCode, words] = CODES[code] ?? ["storage.failed", "the system refused"];
  return new StorageError(
    storageCode,
    `Cannot use ${basename(path)} (${path}): ${words}: ${said}`,
    {
      cause: error,
    },
  );
}
