import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentCommunicationProtocol } from "./communication/index.ts";
import { ManualClock, noComponentLog } from "./core/index.ts";
import { CostHistory } from "./cost-history.ts";
import { PerformanceDashboard } from "./dashboard/index.ts";
import { ExchangeLinks } from "./exchange-links.ts";
import { APIGateway } from "./gateway/index.ts";
import { ProfileDesk, VolatileProfileStore } from "./profiler/index.ts";
import { SeriesHealth } from "./series-health.ts";
import { AgentLogs } from "./server/index.ts";
import { PerformanceTracker } from "./tracker/index.ts";

test("ExchangeLinks measures the availability of agents without those that left well", async () => {
  const clock = new ManualClock(1_700_000_000_000);
  const tracker = new PerformanceTracker({}, { clock });
  await using communication = new AgentCommunicationProtocol({}, { clock });
  await using gateway = new APIGateway({}, { clock });
  await using dashboard = new PerformanceDashboard(
    { refreshInterval: 1 },
    { clock, agentManager: communication },
  );
  const profiles = new ProfileDesk(
    {},
    {
      clock,
      store: new VolatileProfileStore(),
      tell: () => Promise.resolve(),
      isAlive: () => true,
    },
  );
  using links = new ExchangeLinks({
    name: "default",
    communication,
    gateway,
    tracker,
    profiles,
    dashboard,
    costHistory: new CostHistory({
      namespace: "default",
      tracker,
      costs: dashboard.costs,
      log: noComponentLog,
    }),
    seriesHealth: new SeriesHealth("default", noComponentLog, () => tracker),
    logs: new AgentLogs(),
    log: noComponentLog,
  });
  await communication.start();
  await links.start(() => undefined);
  await dashboard.start();
  const measured: number[] = [];
  using _samples = tracker.addMetricCallback(({ metric, value }) => {
    if (metric === "agent_availability") measured.push(value);
  });
  const end = async (agentId: string, exitCode: number): Promise<void> => {
    await communication.registerAgent(agentId, agentId, [], null);
    await communication.updateAgentStatus(agentId, "offline");
    await communication.heartbeat(agentId, { exitCode, left: true });
  };
  await end("done", 0);
  clock.advance(1000);
  assert.deepEqual(measured, [], "nobody is expected to be there");
  await communication.registerAgent("worker", "worker", [], null);
  clock.advance(1000);
  await end("crashed", 1);
  clock.advance(1000);
  assert.deepEqual(measured, [100, 50]);
});
