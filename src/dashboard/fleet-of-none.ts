// The fleet of a dashboard that was given none, such as one beside a tracker alone.

import type { FleetSource } from "./ports.ts";

/** No agents, no events. */
export const fleetOfNone: FleetSource = {
  agents: () => [],
  agentIds: () => [],
  digest: () => ({
    total: 0,
    counts: { working: 0, waiting: 0, idle: 0, stuck: 0, down: 0, left: 0 },
    paused: 0,
    quarantined: 0,
    attention: [],
    oldestMailAtMs: null,
  }),
  agent: () => undefined,
  deadLetters: () => ({ count: 0, oldestAtMs: null }),
  operatorMail: () => ({ count: 0, agentIds: [], oldestAtMs: null }),
  onEvent: () => ({ [Symbol.dispose]: () => undefined }),
};
