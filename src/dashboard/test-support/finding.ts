// Findings for the tests of alerts; what a test does not name is a warning that fires at once.

import type { Finding } from "../finding.ts";

/** A finding under `key`. */
export function findingOf(key: string, changes: Partial<Finding> = {}): Finding {
  return {
    key,
    rule: key.split(":")[0] ?? key,
    level: "warning",
    message: `${key} is wrong`,
    source: "test",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    forMs: 0,
    keepFiringForMs: 0,
    ...changes,
  };
}
