import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentCommunicationProtocol, MetricType, PerformanceTracker } from "../../src/index.ts";

test("One options object configures several components, each taking what is its own", async () => {
  const options = {
    maxMetricsHistory: 50_000,
    snapshotInterval: 30,
    heartbeatInterval: 15,
    healthCheckInterval: 45,
  };
  await using communication = new AgentCommunicationProtocol(options);
  assert.equal(communication.heartbeatIntervalMs, 15_000);
  const tracker = new PerformanceTracker(options);
  tracker.recordMetric("response_time", 0.5, "my_agent");
  assert.equal((await tracker.getMetrics("response_time")).length, 1);
  await tracker.stop();
});

test("PerformanceTracker sums an agent up from samples with context", async () => {
  const tracker = new PerformanceTracker({ maxMetricsHistory: 10_000, snapshotInterval: 60 });
  tracker.recordMetric(MetricType.ResponseTime, 0.5, "agent_1", { operation: "data_processing" });
  tracker.recordMetric(MetricType.ResponseTime, 1.5, "agent_1");
  const summary = await tracker.getAgentPerformanceSummary("agent_1");
  const { count, min, max, avg, latest } = summary.metrics["response_time"] ?? {};
  assert.deepEqual(
    { count, min, max, avg, latest },
    { count: 2, min: 0.5, max: 1.5, avg: 1, latest: 1.5 },
  );
  await tracker.stop();
});
