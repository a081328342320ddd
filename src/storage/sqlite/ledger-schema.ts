// The tables of ledger.db; docs/storage-format.md explains each field. Instants are REAL
// (milliseconds since the Unix epoch): SQLite stores whole ones as compactly as integers.

import type { Schema } from "./database.ts";

const VERSION_1 = `
CREATE TABLE agents (
  namespace TEXT NOT NULL, id TEXT NOT NULL, agent TEXT NOT NULL,
  PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL, sender_id TEXT NOT NULL, recipient_id TEXT,
  type TEXT NOT NULL, priority TEXT NOT NULL, conversation_id TEXT NOT NULL, reply_to_id TEXT,
  expects_reply INTEGER NOT NULL, ordering_key TEXT, dedupe_key TEXT, traceparent TEXT,
  accepted_at REAL NOT NULL, task TEXT, payload TEXT NOT NULL,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX messages_by_time ON messages (namespace, accepted_at);
CREATE INDEX messages_by_sender ON messages (namespace, sender_id, accepted_at);
CREATE INDEX messages_by_type ON messages (namespace, type, accepted_at);
CREATE INDEX messages_by_conversation ON messages (namespace, conversation_id, accepted_at);

CREATE TABLE deliveries (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL,
  message_row INTEGER NOT NULL REFERENCES messages (row_id),
  recipient_id TEXT NOT NULL, priority TEXT NOT NULL, sequence INTEGER NOT NULL,
  state TEXT NOT NULL, pinned INTEGER NOT NULL, attempts INTEGER NOT NULL,
  accepted_at REAL NOT NULL, visible_at REAL, delivered_at REAL, settled_at REAL,
  answered_at REAL, answer_id TEXT, dead_reason TEXT, note TEXT, result TEXT,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX deliveries_by_message ON deliveries (message_row);
CREATE INDEX deliveries_by_recipient
  ON deliveries (namespace, recipient_id, accepted_at, message_row);
CREATE INDEX deliveries_pinned ON deliveries (namespace, sequence) WHERE pinned = 1;
CREATE INDEX deliveries_dead ON deliveries (namespace, accepted_at, message_row)
  WHERE state = 'dead';

CREATE TABLE settled_messages (
  namespace TEXT NOT NULL, accepted_at REAL NOT NULL, message_row INTEGER NOT NULL,
  PRIMARY KEY (namespace, accepted_at, message_row)
) STRICT, WITHOUT ROWID;

CREATE TABLE dedupe (
  namespace TEXT NOT NULL, sender_id TEXT NOT NULL, dedupe_key TEXT NOT NULL,
  message_id TEXT NOT NULL, until REAL NOT NULL,
  PRIMARY KEY (namespace, sender_id, dedupe_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX dedupe_by_end ON dedupe (namespace, until);

CREATE TABLE conversations (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL,
  messages INTEGER NOT NULL, open INTEGER NOT NULL, dead INTEGER NOT NULL,
  subject TEXT NOT NULL, participants TEXT NOT NULL,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX conversations_by_time ON conversations (namespace, last_at);

CREATE TABLE conversation_agents (
  conversation_row INTEGER NOT NULL, agent_id TEXT NOT NULL, namespace TEXT NOT NULL,
  PRIMARY KEY (conversation_row, agent_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_agents_by_agent
  ON conversation_agents (namespace, agent_id, conversation_row);

CREATE TABLE tasks (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL, agent_id TEXT NOT NULL, parent_id TEXT,
  message_id TEXT, state TEXT NOT NULL, attempt INTEGER NOT NULL, progress REAL, expect_ms REAL,
  created_at REAL NOT NULL, updated_at REAL NOT NULL, ended_at REAL,
  title TEXT NOT NULL, note TEXT, result TEXT,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX tasks_by_time ON tasks (namespace, created_at);
CREATE INDEX tasks_by_agent ON tasks (namespace, agent_id, created_at);
CREATE INDEX tasks_by_parent ON tasks (namespace, parent_id, created_at)
  WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_by_state ON tasks (namespace, state, created_at);
CREATE INDEX tasks_open ON tasks (namespace, created_at) WHERE ended_at IS NULL;
CREATE INDEX tasks_ended ON tasks (namespace, created_at) WHERE ended_at IS NOT NULL;

CREATE TABLE state_changes (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, agent_id TEXT NOT NULL, at REAL NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX state_changes_by_time ON state_changes (namespace, at);
CREATE INDEX state_changes_by_agent ON state_changes (namespace, agent_id, at);

CREATE TABLE last_states (
  namespace TEXT NOT NULL, agent_id TEXT NOT NULL, at REAL NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, removed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (namespace, agent_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  namespace TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, secret_hash TEXT NOT NULL, namespace TEXT NOT NULL,
  agent_id TEXT, enrolment_id TEXT, created_at REAL NOT NULL, expires_at REAL, revoked_at REAL,
  revoked_reason TEXT, note TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_by_namespace ON credentials (namespace);

CREATE TABLE namespaces (
  name TEXT PRIMARY KEY, created_at REAL NOT NULL, config TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  row_id INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, at REAL NOT NULL, namespace TEXT NOT NULL, actor TEXT NOT NULL,
  via TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, outcome TEXT NOT NULL,
  reason TEXT, details TEXT NOT NULL, traceparent TEXT
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_namespace ON audit (namespace);
CREATE INDEX audit_by_action ON audit (action);
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_outcome ON audit (outcome);

CREATE TABLE events (
  namespace TEXT NOT NULL, id INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
  level TEXT NOT NULL, agent_id TEXT, text TEXT NOT NULL,
  PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_agent ON events (namespace, agent_id, id) WHERE agent_id IS NOT NULL;
`;

// Trace ids stand in the traceparent already ("00-<32 hex digits>-..."), so that building the
// indexes is all there is to migrating old rows: no row is rewritten.
const VERSION_2 = `
ALTER TABLE messages
  ADD COLUMN trace_id TEXT GENERATED ALWAYS AS (substr(traceparent, 4, 32)) VIRTUAL;
CREATE INDEX messages_by_trace ON messages (namespace, trace_id, accepted_at)
  WHERE trace_id IS NOT NULL;

ALTER TABLE audit
  ADD COLUMN trace_id TEXT GENERATED ALWAYS AS (substr(traceparent, 4, 32)) VIRTUAL;
CREATE INDEX audit_by_trace ON audit (trace_id) WHERE trace_id IS NOT NULL;

ALTER TABLE tasks ADD COLUMN traceparent TEXT;
ALTER TABLE tasks
  ADD COLUMN trace_id TEXT GENERATED ALWAYS AS (substr(traceparent, 4, 32)) VIRTUAL;
CREATE INDEX tasks_by_trace ON tasks (namespace, trace_id, created_at)
  WHERE trace_id IS NOT NULL;

ALTER TABLE settled_messages RENAME TO settled_messages_1;
CREATE TABLE settled_messages (
  namespace TEXT NOT NULL, kind TEXT NOT NULL, accepted_at REAL NOT NULL,
  message_row INTEGER NOT NULL,
  PRIMARY KEY (namespace, kind, accepted_at, message_row)
) STRICT, WITHOUT ROWID;
INSERT INTO settled_messages
  SELECT namespace,
    CASE WHEN EXISTS (SELECT 1 FROM deliveries d
      WHERE d.message_row = s.message_row AND d.state = 'dead') THEN 'dead' ELSE 'plain' END,
    accepted_at, message_row
  FROM settled_messages_1 s;
INSERT INTO settled_messages
  SELECT DISTINCT namespace, 'unanswered', accepted_at, message_row
  FROM deliveries d WHERE pinned = 1 AND state = 'done' AND NOT EXISTS (
    SELECT 1 FROM deliveries o
    WHERE o.message_row = d.message_row AND o.state IN ('ready', 'leased'));
DROP TABLE settled_messages_1;

DROP INDEX deliveries_pinned;
CREATE INDEX deliveries_open ON deliveries (namespace, sequence)
  WHERE state IN ('ready', 'leased');
CREATE INDEX deliveries_unanswered ON deliveries (namespace, sequence)
  WHERE pinned = 1 AND state = 'done';

CREATE TABLE services (
  namespace TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, service TEXT NOT NULL,
  PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
  row_id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, level TEXT NOT NULL,
  rule TEXT NOT NULL, source TEXT NOT NULL, trace_id TEXT, starts_at REAL NOT NULL, ends_at REAL,
  acknowledged INTEGER NOT NULL, alert TEXT NOT NULL,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX alerts_by_time ON alerts (namespace, state DESC, starts_at, id);
CREATE INDEX alerts_by_trace ON alerts (namespace, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX alerts_resolved ON alerts (namespace, ends_at, id) WHERE state = 'resolved';

CREATE TABLE alert_agents (
  namespace TEXT NOT NULL, agent_id TEXT NOT NULL, alert_row INTEGER NOT NULL,
  PRIMARY KEY (namespace, agent_id, alert_row)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_agents_by_alert ON alert_agents (alert_row);
`;

/** Everything that must survive a power cut. */
export const ledgerSchema: Schema = { name: "ledger", migrations: [VERSION_1, VERSION_2] };
