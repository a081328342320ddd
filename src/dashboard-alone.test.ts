// The dashboard as a library, beside a real tracker and a real protocol, without a server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentCommunicationProtocol } from "./communication/index.ts";
import { ManualClock } from "./core/index.ts";
import { PerformanceDashboard } from "./dashboard/index.ts";
import { PerformanceTracker } from "./tracker/index.ts";

const MINUTE_MS = 60_000;

test("PerformanceDashboard works beside a tracker and an agent manager, as documented", async () => {
  const clock = new ManualClock();
  await using tracker = new PerformanceTracker({}, { clock });
  await using agentManager = new AgentCommunicationProtocol({}, { clock });
  await using dashboard = new PerformanceDashboard(
    {},
    { performanceTracker: tracker, agentManager, clock },
  );
  await tracker.start();
  await agentManager.start();
  await dashboard.start();
  await agentManager.registerAgent("agent_1", "Analyst", ["analysis"], null);
  dashboard.setView("agent_performance");
  dashboard.addAlert("warning", "High CPU usage detected", "system_monitor");
  tracker.recordMetric("response_time", 0.5, "agent_1");
  const data = await dashboard.getDashboardData();
  assert.ok(data.view === "agent_performance");
  assert.equal(data.agents[0]?.tile?.name, "Analyst");
  assert.equal(data.agents[0]?.metrics["response_time"]?.max, 0.5);
  assert.equal(dashboard.summary().headline, "High CPU usage detected");
});

test("PerformanceDashboard beside a tracker alone judges its metrics and measures itself there", async () => {
  const clock = new ManualClock();
  await using tracker = new PerformanceTracker({ snapshotInterval: 60 }, { clock });
  await using dashboard = new PerformanceDashboard({}, { performanceTracker: tracker, clock });
  await tracker.start();
  await dashboard.start();
  for (let second = 0; second < 120; second += 5) {
    tracker.recordMetric("response_time", 7.5, "my_agent");
    tracker.recordMetric("error_rate", 0.25, "my_agent");
    tracker.recordMetric("cpu_usage", 93);
    tracker.recordMetric("memory_usage", 60);
    clock.advance(5000);
  }
  const alerts = await dashboard.getAlerts({ state: "firing" });
  assert.deepEqual(
    alerts.map(({ rule, level, message }) => `${rule} ${level}: ${message}`).toSorted(),
    [
      "agent_errors error: my_agent fails at 25% of what it does",
      "agent_slow warning: my_agent answers in 7.5 s on average",
      "host_cpu critical: This machine's CPU is at 93%",
    ],
  );
  const system = await dashboard.getSystemPerformance();
  assert.equal(system.health.score, 65);
  assert.equal(system.metrics["system_health_score"]?.latest, 65);
  assert.equal(system.metrics["alerts_raised"]?.count, 3);
  assert.deepEqual(system.host, { cpuPercent: 93, memoryPercent: 60 });
  const firing = await tracker.getSeries({
    metric: "alerts_firing",
    fromMs: clock.now() - 5 * MINUTE_MS,
    toMs: clock.now(),
    stepMs: MINUTE_MS,
    aggregation: "max",
  });
  assert.equal(firing[0]?.points.at(-1)?.[1], 1);
  const detail = await dashboard.getDashboardData("metrics_detail", { metric: "response_time" });
  assert.ok(detail.metrics.some(({ metric, summary }) => metric === "error_rate" && summary?.max));
  assert.equal(detail.series[0]?.agentId, "my_agent");
  const historical = await dashboard.getDashboardData("historical");
  assert.ok(historical.charts.some(({ metric }) => metric === "system_health_score"));
  assert.ok(historical.snapshots.length > 0);

  // Five minutes of silence and the alerts' own hold, and all is over.
  clock.advance(8 * MINUTE_MS);
  assert.deepEqual(await dashboard.getAlerts({ state: "firing" }), []);
  assert.equal((await dashboard.getSystemPerformance()).health.score, 100);
  assert.match(await dashboard.htmlReport(), /^<!doctype html>/);
});
