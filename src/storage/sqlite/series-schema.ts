// The tables of series.db; docs/storage-format.md explains each field.

import type { Schema } from "./database.ts";

const VERSION_1 = `
CREATE TABLE series (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, metric TEXT NOT NULL, agent_id TEXT NOT NULL, labels TEXT NOT NULL,
  UNIQUE (namespace, metric, agent_id, labels)
) STRICT;
CREATE INDEX series_by_agent ON series (namespace, agent_id);

CREATE TABLE samples (
  row_id INTEGER PRIMARY KEY,
  series_row INTEGER NOT NULL, at REAL NOT NULL, value REAL NOT NULL, context TEXT, metadata TEXT
) STRICT;
CREATE INDEX samples_by_series ON samples (series_row, at);
CREATE INDEX samples_by_time ON samples (at);

CREATE TABLE minutes (
  row_id INTEGER PRIMARY KEY,
  series_row INTEGER NOT NULL, minute REAL NOT NULL, count REAL NOT NULL, sum REAL NOT NULL,
  min REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL, last_at REAL NOT NULL,
  sketch BLOB NOT NULL,
  UNIQUE (series_row, minute)
) STRICT;

CREATE TABLE snapshots (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, snapshot TEXT NOT NULL,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX snapshots_by_time ON snapshots (namespace, at);
`;

/** Samples, minutes and snapshots. */
export const seriesSchema: Schema = { name: "series", migrations: [VERSION_1] };
