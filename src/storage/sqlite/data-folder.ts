// One server per data folder. The lock is the operating system's, held through an exclusive
// transaction on a small database file: the kernel lets go of it when the process ends, however
// it ends, so no lock is ever stale. (Two servers on a network file system without working
// locks are not kept apart.) server.json beside it only says who, for people.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { systemClock } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";
import { StorageError } from "../errors.ts";
import { sqliteResultCode } from "./database.ts";

/** Who holds a data folder, as server.json says. */
export interface DataFolderHolder {
  readonly pid: number;
  /** Milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** Ports it listens on, once known. */
  readonly ports: readonly number[];
}

/** A data folder that is ours until disposed. */
export interface DataFolder extends Disposable {
  /** Absolute. */
  readonly path: string;
  readonly ledgerPath: string;
  readonly seriesPath: string;
  /** Notes the ports we listen on, for the message a second server prints. */
  notePorts(ports: readonly number[]): void;
}

const HOLDER_FILE = "server.json";
const SQLITE_BUSY = 5;

/**
 * Makes the folder (mode 0700) if it is missing and takes it for this process.
 * @param folder relative to the working directory or absolute.
 * @throws StorageError storage.folder_in_use, storage.folder_unwritable.
 * @example
 * import { mkdtempDisposableSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * using folder = mkdtempDisposableSync(join(tmpdir(), "example-"));
 * using data = openDataFolder(join(folder.path, ".cellphone"));
 * console.assert(data.ledgerPath.endsWith("ledger.db"));
 */
export function openDataFolder(folder: string, clock: Clock = systemClock): DataFolder {
  const absolute = path.resolve(folder);
  makeWritable(absolute);
  const lock = takeLock(absolute);
  const holder: DataFolderHolder = { pid: process.pid, sinceMs: clock.now(), ports: [] };
  try {
    writeHolder(absolute, holder);
  } catch (error) {
    lock.close();
    throw unwritable(absolute, error);
  }
  let held = true;
  return {
    path: absolute,
    ledgerPath: path.join(absolute, "ledger.db"),
    seriesPath: path.join(absolute, "series.db"),
    notePorts: (ports) => writeHolder(absolute, { ...holder, ports }),
    [Symbol.dispose]: () => {
      if (!held) return;
      held = false;
      rmSync(path.join(absolute, HOLDER_FILE), { force: true });
      lock.close();
    },
  };
}

/** Who holds the folder, as far as is written down; undefined when nobody says so. */
export function readDataFolderHolder(folder: string): DataFolderHolder | undefined {
  try {
    const said: unknown = JSON.parse(readFileSync(path.join(folder, HOLDER_FILE), "utf8"));
    if (typeof said !== "object" || said === null || !("pid" in said) || !("sinceMs" in said)) {
      return undefined;
    }
    const ports = "ports" in said && Array.isArray(said.ports) ? said.ports.map(Number) : [];
    return { pid: Number(said.pid), sinceMs: Number(said.sinceMs), ports };
  } catch {
    return undefined; // missing or half written: the lock decides, not this file
  }
}

function makeWritable(folder: string): void {
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory()) throw new Error("it is no folder");
    const probe = path.join(folder, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Not mkdir's own `recursive`: that never returns where the system answers ENOENT, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (path.dirname(folder) !== folder) makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

function takeLock(folder: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path.join(folder, "lock.db"), { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    if (sqliteResultCode(error) !== SQLITE_BUSY) throw unwritable(folder, error);
    throw inUse(folder);
  }
}

function inUse(folder: string): StorageError {
  const holder = readDataFolderHolder(folder);
  const who = holder === undefined ? "another process" : describeHolder(holder);
  const message = `Cannot use data folder "${folder}": in use by ${who}`;
  const details = holder === undefined ? {} : { ...holder };
  return new StorageError("storage.folder_in_use", message, { details });
}

function describeHolder(holder: DataFolderHolder): string {
  const since = new Date(holder.sinceMs).toISOString().replace("T", " ").slice(0, 19);
  const ports = holder.ports.length === 0 ? "" : `, listening on ${holder.ports.join(" and ")}`;
  return `pid ${holder.pid} since ${since} UTC${ports}`;
}

function writeHolder(folder: string, holder: DataFolderHolder): void {
  const file = path.join(folder, HOLDER_FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function unwritable(folder: string, cause: unknown): StorageError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(
    "storage.folder_unwritable",
    `Cannot write data folder "${folder}": ${said}`,
    {
      cause,
    },
  );
}
