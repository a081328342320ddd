// Alerts and calls as the server sends them, for tests.

import type { Alert, CallRecord } from "../wire.ts";

/** An alert that fires, with what a test changes. */
export function alertOf(id: string, change: Partial<Alert> = {}): Alert {
  return {
    id,
    namespace: "default",
    key: id,
    rule: "service_failing",
    level: "warning",
    message: `${id} answers slowly`,
    source: "service:search",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: 1000,
    updatedAtMs: 1000,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
    ...change,
  };
}

/** A call that went well. */
export function callOf(id: string, sequence: number, atMs = sequence): CallRecord {
  return {
    id,
    sequence,
    namespace: "default",
    atMs,
    durationMs: 1,
    upstreamMs: 1,
    agentId: null,
    serviceId: null,
    route: null,
    endpoint: null,
    method: "GET",
    path: "/v1/search",
    query: "",
    status: 200,
    code: null,
    reason: null,
    requestBytes: 0,
    responseBytes: 0,
    attempts: 1,
    clientAddress: "127.0.0.1",
    userAgent: "",
    traceId: "0".repeat(32),
    parentSpanId: null,
  };
}
