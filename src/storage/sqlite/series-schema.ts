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

const VERSION_2 = `
CREATE TABLE counters (
  namespace TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, at REAL NOT NULL,
  duration REAL NOT NULL, upstream REAL, agent_id TEXT, service_id TEXT, route TEXT,
  endpoint TEXT, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
  status INTEGER NOT NULL, code TEXT, reason TEXT, request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL, attempts INTEGER NOT NULL, client_address TEXT NOT NULL,
  user_agent TEXT NOT NULL, trace_id TEXT NOT NULL, parent_span_id TEXT,
  failed INTEGER NOT NULL, notable INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX calls_by_sequence ON calls (namespace, sequence);
CREATE INDEX calls_by_id ON calls (namespace, id);
CREATE INDEX calls_by_time ON calls (namespace, at, sequence);
CREATE INDEX calls_by_trace ON calls (namespace, trace_id, sequence);
CREATE INDEX calls_by_agent ON calls (namespace, agent_id, sequence) WHERE agent_id IS NOT NULL;
CREATE INDEX calls_by_service ON calls (namespace, service_id, sequence)
  WHERE service_id IS NOT NULL;
CREATE INDEX calls_failed ON calls (namespace, sequence) WHERE failed = 1;
CREATE INDEX calls_notable ON calls (namespace, sequence) WHERE notable = 1;

CREATE TABLE spans (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, span_id TEXT NOT NULL, trace_id TEXT NOT NULL, parent_span_id TEXT,
  agent_id TEXT, name TEXT NOT NULL, kind TEXT NOT NULL, start REAL NOT NULL,
  duration REAL NOT NULL, ok INTEGER NOT NULL, error TEXT, context TEXT
) STRICT;
CREATE INDEX spans_by_time ON spans (namespace, start);
CREATE INDEX spans_by_trace ON spans (namespace, trace_id, start);
CREATE INDEX spans_by_agent ON spans (namespace, agent_id, start);
CREATE INDEX spans_by_name ON spans (namespace, name, start);

CREATE TABLE profiles (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL, agent_id TEXT, kind TEXT NOT NULL,
  state TEXT NOT NULL, by TEXT NOT NULL, requested_at REAL NOT NULL, started_at REAL,
  ended_at REAL, seconds REAL NOT NULL, runtime TEXT, reason TEXT, samples INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX profiles_by_time ON profiles (namespace, requested_at);

CREATE TABLE profile_data (
  profile_row INTEGER PRIMARY KEY REFERENCES profiles (row_id) ON DELETE CASCADE,
  data BLOB NOT NULL
) STRICT;
`;

/** What may lose its last moments: metrics, calls, spans and profiles. */
export const seriesSchema: Schema = { name: "series", migrations: [VERSION_1, VERSION_2] };
