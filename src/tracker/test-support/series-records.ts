// Samples and minutes for the store's contract, each different from the last only in what a
// criterion names.

import type { Sample } from "../model.ts";
import type { MinuteAggregate } from "../store.ts";

export const MINUTE_MS = 60_000;
export const START_MS = 1_700_000_040_000;

export function sampleOf(fields: Partial<Sample> = {}): Sample {
  return {
    metric: "response_time",
    value: 0.5,
    atMs: START_MS,
    agentId: "worker-1",
    context: {},
    metadata: {},
    ...fields,
  };
}

export function minuteOf(fields: Partial<MinuteAggregate> = {}): MinuteAggregate {
  return {
    metric: "response_time",
    agentId: "worker-1",
    labels: {},
    minuteMs: START_MS,
    count: 2,
    sum: 1.5,
    min: 0.5,
    max: 1,
    last: 1,
    lastAtMs: START_MS + 10,
    sketch: Uint8Array.of(1, 0, 255, 7),
    ...fields,
  };
}
