// Reads what strace saw of a ledger-writer or of a server: for each acknowledged id, was the
// write-ahead log synced after the id was written to it and before the acknowledgement left?
// Expects `strace -f -y -s 65536 -e trace=fdatasync,fsync,write,writev,pwrite64`.

/** What became of each acknowledgement. */
export interface SyncFindings {
  /** Ids acknowledged on standard output or a socket. */
  readonly acknowledged: readonly string[];
  /** Those whose acknowledgement left before a sync of the log that holds them had returned. */
  readonly early: readonly string[];
  /** Syncs of the log that returned. */
  readonly syncs: number;
}

const WAL = "ledger.db-wal>";
/** A write to standard output or to a socket: something that leaves the process. */
const LEAVES = /\bwritev?\((?:1<|\d+<(?:socket|TCP|UNIX))/;

/** Goes through a trace, in the order in which the calls began and returned. */
export function readSyncTrace(trace: string, idPattern: RegExp): SyncFindings {
  const written = new Set<string>();
  const synced = new Set<string>();
  // Ids in the log when a sync began, by thread: only those are safe when it returns.
  const beingSynced = new Map<string, readonly string[]>();
  const acknowledged: string[] = [];
  const early: string[] = [];
  let syncs = 0;
  const ids = new RegExp(idPattern.source, "g");
  for (const line of trace.split("\n")) {
    const thread = /^(?:\[pid\s+)?(\d+)/.exec(line)?.[1] ?? "main";
    const isSync = /\bf(?:data)?sync\b/.test(line);
    if (/\bpwrite64\(/.test(line) && line.includes(WAL)) {
      for (const [id] of line.matchAll(ids)) written.add(id);
    } else if (LEAVES.test(line)) {
      for (const [id] of line.matchAll(ids)) {
        acknowledged.push(id);
        if (!synced.has(id)) early.push(id);
      }
    } else if (isSync) {
      if (line.includes(WAL)) beingSynced.set(thread, [...written]);
      if (!/=\s+0\b/.test(line)) continue;
      const safe = beingSynced.get(thread);
      if (safe === undefined) continue;
      for (const id of safe) {
        synced.add(id);
        written.delete(id);
      }
      beingSynced.delete(thread);
      syncs += 1;
    }
  }
  return { acknowledged, early, syncs };
}
