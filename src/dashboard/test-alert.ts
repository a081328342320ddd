// The alert of a test notification: a receiver sees what a real one looks like, and nobody is
// alarmed.

import type { Alert } from "./alert.ts";

/** An alert that says that it is a test. */
export function testAlert(id: string, namespace: string, atMs: number): Alert {
  return {
    id,
    namespace,
    key: `test:${id}`,
    rule: "test",
    level: "info",
    message: "This is a test of notifications; nothing is wrong.",
    source: "dashboard",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: atMs,
    updatedAtMs: atMs,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
  };
}
