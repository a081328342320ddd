// Builds agents for the dashboard's tests; what a test does not name is a calm, idle agent.

import type { AgentView, Presence } from "../../communication/index.ts";

const NO_MAIL = {
  ready: { low: 0, normal: 0, high: 0, urgent: 0 },
  leased: 0,
  delayed: 0,
  oldestReadyAtMs: null,
};

/** An agent as the registry would show it. */
export function agentView(
  id: string,
  presence: Partial<Presence> = {},
  rest: Partial<Omit<AgentView, "presence">> = {},
): AgentView {
  return {
    id,
    namespace: "default",
    name: id,
    capabilities: [],
    endpoint: null,
    kind: id.replace(/-\d+$/, ""),
    version: null,
    instance: null,
    metadata: {},
    status: "online",
    registeredAtMs: 0,
    paused: null,
    quarantined: null,
    mailbox: NO_MAIL,
    ...rest,
    presence: {
      state: "idle",
      sinceMs: 0,
      reason: "holds nothing",
      holds: [],
      waitsOn: [],
      cycle: [],
      lastHeartbeatAtMs: 0,
      lastOutputAtMs: null,
      process: null,
      exitCode: null,
      left: false,
      ...presence,
    },
  };
}
