// Keeps the samples and minutes of series.db within a size, in steps that are a transaction each.
// All namespaces share it, so each gives up its own part of what is oldest in the whole file. Calls,
// spans and profiles have bounds of their own: what they take is looked up and does not count.

import type { SeriesPruneResult } from "../../tracker/index.ts";
import { storageLimits } from "../limits.ts";
import type { Steps } from "./communication-maintenance.ts";
import type { Database } from "./database.ts";

const STEP_ROWS: number = storageLimits.stepRows.value;
/** Minutes go series by series: a step ends after half of them, or in the half that follows. */
const HALF_STEP = STEP_ROWS / 2;
/** Made at once, so that the next pruning finds some room left. */
const ROOM_SHARE = 0.1;
/** A sample's row and its two index entries, without context and metadata; measured. */
const SAMPLE_BYTES = 66;
const HOUR_MS = 3_600_000;
/** The oldest minutes go in so many rounds, the bytes in use being looked at after each. */
const MINUTE_ROUNDS = 24;
/** 1 MiB: measured to take 1 to 3 ms. */
const SHRINK_PAGES = 256;

/**
 * Forgets the namespace's oldest samples, then minutes, while all of the file use more than
 * `maxBytes`; never the newest hour of either.
 */
export function* makeRoom(
  database: Database,
  namespace: string,
  maxBytes: number,
): Steps<SeriesPruneResult> {
  if (database.room().usedBytes <= maxBytes) return { samples: 0, restBytes: null };
  const restBytes = yield* bytesOfRest(database);
  if (database.room().usedBytes - restBytes <= maxBytes) return { samples: 0, restBytes };
  const target = restBytes + maxBytes * (1 - ROOM_SHARE);
  const own = database
    .prepare("SELECT row_id FROM series WHERE namespace = ?")
    .all(namespace)
    .map((row) => Number(row["row_id"]));
  const { samples, othersBytes } = yield* forgetSamples(database, own, target);
  yield;
  yield* forgetMinutes(database, own, target + othersBytes);
  return { samples, restBytes };
}

/**
 * Bytes of the pages that hold neither samples nor minutes, counted exactly, a tree in each step.
 * Only beyond the limit: it reads those pages, measured 80 ms for 256 MiB of profiles.
 */
function* bytesOfRest(database: Database): Steps<number> {
  const trees = database
    .prepare(
      `SELECT name FROM sqlite_schema
       WHERE rootpage > 0 AND tbl_name NOT IN ('series', 'samples', 'minutes')`,
    )
    .all();
  let bytes = 0;
  for (const { name } of trees) {
    const size = database
      .prepare("SELECT pgsize FROM dbstat WHERE name = ? AND aggregate = 1")
      .get(String(name));
    bytes += Number(size?.["pgsize"] ?? 0);
    yield;
  }
  return bytes;
}

/**
 * Gives free pages back once they are much of the file: until then they are used again, which
 * costs nothing. A file of version 1 has no map of its pages and keeps them.
 */
export function* giveBack(database: Database): Steps<undefined> {
  const isMuch = (): boolean => {
    const { usedBytes, freeBytes } = database.room();
    return freeBytes > storageLimits.keptFreeBytes.value && freeBytes * 3 > usedBytes;
  };
  while (isMuch() && database.shrink(SHRINK_PAGES)) yield;
  return undefined;
}

/**
 * Walks the samples of the whole file, oldest first, and forgets the own ones. Those of others
 * count as if they were gone: their own pruning takes them.
 */
function* forgetSamples(
  database: Database,
  series: readonly number[],
  target: number,
): Steps<{ readonly samples: number; readonly othersBytes: number }> {
  const own = new Set(series);
  const { newestMs } = yield* timesOf(database, "samples", series);
  const next = database.prepare(
    `SELECT row_id, series_row, at,
       ifnull(length(context), 0) + ifnull(length(metadata), 0) AS bytes
     FROM samples INDEXED BY samples_by_time
     WHERE (at, row_id) > (?, ?) AND at < ? ORDER BY at, row_id LIMIT ${STEP_ROWS}`,
  );
  const remove = database.prepare("DELETE FROM samples WHERE row_id = ?");
  let samples = 0;
  let othersBytes = 0;
  let after: readonly [atMs: number, row: number] = [-Number.MAX_VALUE, 0];
  while (database.room().usedBytes - othersBytes > target) {
    const rows = next.all(...after, newestMs - HOUR_MS);
    for (const row of rows) {
      after = [Number(row["at"]), Number(row["row_id"])];
      if (own.has(Number(row["series_row"]))) {
        remove.run(after[1]);
        samples += 1;
      } else othersBytes += SAMPLE_BYTES + Number(row["bytes"]);
    }
    if (rows.length < STEP_ROWS) break;
    yield;
  }
  return { samples, othersBytes };
}

/** Moves a cut through time until the own share of what is too much has gone. */
function* forgetMinutes(
  database: Database,
  own: readonly number[],
  target: number,
): Steps<undefined> {
  const excess = database.room().usedBytes - target;
  if (excess <= 0 || own.length === 0) return undefined;
  const all = Number(database.prepare("SELECT count(*) AS n FROM series").get()?.["n"]);
  const enough = database.room().usedBytes - (excess * own.length) / all;
  const range = yield* timesOf(database, "minutes", own);
  const remove = database.prepare(
    `DELETE FROM minutes WHERE row_id IN (
       SELECT row_id FROM minutes WHERE series_row = ? AND minute < ? LIMIT ${HALF_STEP})`,
  );
  const stride = (range.newestMs - HOUR_MS - range.oldestMs) / MINUTE_ROUNDS;
  if (stride <= 0) return undefined;
  let rows = 0;
  for (let round = 1; round <= MINUTE_ROUNDS; round++) {
    for (const series of own) {
      for (let removed = HALF_STEP; removed === HALF_STEP;) {
        if (rows >= HALF_STEP) {
          rows = 0;
          yield;
        }
        removed = Number(remove.run(series, range.oldestMs + round * stride).changes);
        rows += removed + 1; // looking costs, too
      }
    }
    if (database.room().usedBytes <= enough) return undefined;
  }
  return undefined;
}

/** From the first to the last sample or minute of these series. */
function* timesOf(
  database: Database,
  table: "samples" | "minutes",
  series: readonly number[],
): Steps<{ readonly oldestMs: number; readonly newestMs: number }> {
  const at = table === "samples" ? "at" : "minute";
  const ends = database.prepare(
    // Each subquery is one look into the index; both at once would walk the series.
    `SELECT (SELECT min(${at}) FROM ${table} WHERE series_row = ?1) AS oldest,
       (SELECT max(${at}) FROM ${table} WHERE series_row = ?1) AS newest`,
  );
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  for (const [index, row] of series.entries()) {
    const found = ends.get(row);
    if (typeof found?.["oldest"] === "number") {
      oldestMs = Math.min(oldestMs, found["oldest"]);
      newestMs = Math.max(newestMs, Number(found["newest"]));
    }
    if (index % STEP_ROWS === STEP_ROWS - 1) yield;
  }
  return { oldestMs, newestMs };
}
