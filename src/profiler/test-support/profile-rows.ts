// Rows with which the suite of ProfileStore works.

import type { ProfileRecord, SpanRecord } from "../model.ts";

/** Where the rows begin. */
export const START_MS = 1_700_000_000_000;

/** As ids are written. */
export function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** A span; each index starts a millisecond later. */
export function spanOf(index: number, fields: Partial<SpanRecord> = {}): SpanRecord {
  return {
    spanId: hex(index + 1, 16),
    traceId: hex(7, 32),
    parentSpanId: null,
    namespace: "default",
    agentId: "worker-1",
    name: "sort",
    kind: "function",
    startMs: START_MS + index,
    durationMs: 0.25,
    ok: true,
    error: null,
    context: {},
    ...fields,
  };
}

/** A profile; each index is asked for a millisecond later. */
export function profileOf(index: number, fields: Partial<ProfileRecord> = {}): ProfileRecord {
  return {
    id: `prof_${index}`,
    namespace: "default",
    agentId: "worker-1",
    kind: "cpu",
    state: "done",
    by: "admin",
    requestedAtMs: START_MS + index,
    startedAtMs: START_MS + index + 1,
    endedAtMs: START_MS + index + 2,
    seconds: 10,
    runtime: "node 24.21",
    reason: null,
    samples: 12,
    bytes: 100,
    ...fields,
  };
}

/** A retention by which nothing goes. */
export const KEEP_ALL = {
  spansBeforeMs: 0,
  keepSpans: 1_000_000,
  profilesBeforeMs: 0,
  keepProfiles: 1_000_000,
  profileBytes: Number.MAX_SAFE_INTEGER,
};
