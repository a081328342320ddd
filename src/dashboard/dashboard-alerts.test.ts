// The dashboard as a whole: what the fleet does becomes alerts, views, exports and reports.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { AgentView } from "../communication/index.ts";
import { ManualClock, nextTurn } from "../core/index.ts";

import type { Alert } from "./alert.ts";
import type { DashboardOptions } from "./config.ts";
import type { DashboardDependencies } from "./dashboard-dependencies.ts";
import { fleetOfNone } from "./fleet-of-none.ts";
import { dashboardLimits } from "./limits.ts";
import { digestOf } from "./overview.ts";
import { PerformanceDashboard } from "./performance-dashboard.ts";
import type { ServiceDigest } from "./ports.ts";
import { agentView } from "./test-support/agent-view.ts";
import { startReceiver } from "./test-support/receiver.ts";
import { VolatileAlertStore } from "./volatile-alert-store.ts";

const search: ServiceDigest = {
  id: "search",
  name: "search",
  status: "unhealthy",
  statusSinceMs: 0,
  reason: "no endpoint answers",
  recent: {
    calls: 100,
    failed: 62,
    limited: 0,
    p50Seconds: 0.1,
    p95Seconds: 0.2,
    lastFailedTraceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  },
};

/** A dashboard whose agents, services and machine the test sets. */
function makeDashboard(options: DashboardOptions = {}, more: DashboardDependencies = {}) {
  const clock = new ManualClock();
  const world = {
    agents: [] as AgentView[],
    services: [] as ServiceDigest[],
    cpuPercent: 10,
  };
  const dashboard = new PerformanceDashboard(
    { refreshInterval: 1, ruleFor: 10, ruleKeepFiringFor: 20, ...options },
    {
      clock,
      fleet: {
        ...fleetOfNone,
        agents: () => world.agents,
        agentIds: () => world.agents.map((agent) => agent.id),
        agent: (id) => world.agents.find((agent) => agent.id === id),
        digest: () => digestOf(world.agents),
      },
      services: { digests: () => world.services },
      hostUsage: () => ({ cpuPercent: world.cpuPercent, memoryPercent: 20 }),
      ...more,
    },
  );
  return { clock, world, dashboard };
}

test("PerformanceDashboard makes one thing of a cause, its alert, its row and its owner", async () => {
  const { clock, world, dashboard } = makeDashboard();
  await dashboard.start();
  world.agents = [agentView("worker-1", { state: "stuck" }), agentView("worker-2")];
  assert.equal(dashboard.summary().causes[0]?.alertId, null, "it has not held yet");
  clock.advance(3000);
  const [cause] = dashboard.summary().causes;
  const [alert] = await dashboard.getAlerts({ state: "firing" });
  assert.equal(cause?.alertId, alert?.id);
  assert.equal(alert?.rule, "agent_stuck");
  assert.equal(dashboard.summary().headline, "1 agent needs you: worker-1 is stuck");

  await dashboard.acknowledgeAlert(alert?.id ?? "", { owner: "ana" });
  const taken = dashboard.summary();
  assert.equal(taken.causes[0]?.acknowledged?.owner, "ana");
  assert.equal(taken.headline, "Worker-1 is stuck: ana has taken it on");
  assert.deepEqual(taken.alerts.unacknowledged, 0);
  assert.equal(taken.health.score, 95, "taken on is not healed");

  world.agents = [agentView("worker-1"), agentView("worker-2")];
  clock.advance(4000);
  assert.equal(dashboard.summary().headline, "All 2 agents are fine");
  assert.equal((await dashboard.getAlert(alert?.id ?? ""))?.state, "resolved");
  await dashboard.stop();
});

test("PerformanceDashboard gives a cause's alert the trace of the work that is held", async () => {
  const { clock, world, dashboard } = makeDashboard();
  await dashboard.start();
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const work = { kind: "task", id: "t", title: "index repo", sinceMs: 0, messageId: null } as const;
  world.agents = [agentView("worker-1", { state: "stuck", holds: [{ ...work, traceId }] })];
  clock.advance(3000);
  const [alert] = await dashboard.getAlerts({ traceId });
  assert.equal(alert?.key, "stuck:worker");
  await dashboard.stop();
});

test("PerformanceDashboard raises a service's failure with its trace, and counts services", async () => {
  const { clock, world, dashboard } = makeDashboard();
  await dashboard.start();
  world.services = [search, { ...search, id: "mail", name: "mail", status: "healthy" }];
  world.services[1] = {
    ...search,
    id: "mail",
    status: "healthy",
    recent: { ...search.recent, failed: 0 },
  };
  clock.advance(12_000);
  const summary = dashboard.summary();
  assert.deepEqual(summary.services, {
    total: 2,
    healthy: 1,
    degraded: 0,
    unhealthy: 1,
    unknown: 0,
  });
  assert.equal(summary.headline, "Search answers 62% of calls with errors");
  const [alert] = await dashboard.getAlerts({ traceId: search.recent.lastFailedTraceId ?? "" });
  assert.equal(alert?.key, "service_failing:search");
  await dashboard.stop();
});

test("PerformanceDashboard tells listeners of every change of an alert", async () => {
  const { dashboard } = makeDashboard();
  const seen: string[] = [];
  using _subscription = dashboard.onAlert((alert: Alert) =>
    seen.push(`${alert.state} ${alert.acknowledged?.owner ?? "nobody"}`),
  );
  const { id } = dashboard.addAlert("warning", "High CPU usage detected", "system_monitor");
  await dashboard.acknowledgeAlert(id, { owner: "ana", note: "looking" });
  await dashboard.unacknowledgeAlert(id);
  await dashboard.resolveAlert(id, { note: "done" });
  assert.deepEqual(seen, ["firing nobody", "firing ana", "firing nobody", "resolved nobody"]);
});

test("PerformanceDashboard judges nothing before the alerts of before are back", async () => {
  const alertStore = new VolatileAlertStore();
  const first = makeDashboard({}, { alertStore });
  await first.dashboard.start();
  first.world.agents = [agentView("worker-1", { state: "stuck" })];
  first.clock.advance(5000);
  await first.dashboard.stop();
  const [before] = await alertStore.alerts("default", {});

  const next = makeDashboard({}, { alertStore });
  next.world.agents = first.world.agents;
  const started = next.dashboard.start();
  next.clock.advance(5000); // refreshes come, the store has not answered
  assert.deepEqual(next.dashboard.summary().alerts.unacknowledged, 0);
  await started;
  next.clock.advance(5000);
  const alerts = await next.dashboard.getAlerts();
  assert.deepEqual(
    alerts.map((alert) => alert.id),
    [before?.id],
  );
  await next.dashboard.stop();
});

test("PerformanceDashboard.getDashboardData() shows the view that is set, or the one asked for", async () => {
  const { clock, world, dashboard } = makeDashboard();
  await dashboard.start();
  world.agents = [agentView("worker-1", { state: "stuck" })];
  world.services = [search];
  clock.advance(15_000);
  const overview = await dashboard.getDashboardData();
  assert.equal(overview.view, "system_overview");
  assert.deepEqual(overview.view === "system_overview" && overview.services, [search]);
  dashboard.setView("agent_performance");
  const agents = await dashboard.getDashboardData();
  assert.ok(agents.view === "agent_performance");
  assert.deepEqual([agents.total, agents.agents[0]?.tile?.state], [1, "stuck"]);
  assert.equal(agents.agents[0]?.alerts[0]?.rule, "agent_stuck");
  const alerts = await dashboard.getDashboardData("alerts");
  assert.deepEqual(alerts.firing.map(({ rule }) => rule).toSorted(), [
    "agent_stuck",
    "service_failing",
  ]);
  const rule = alerts.rules.find(({ id }) => id === "service_failing");
  assert.deepEqual([rule?.firing, rule?.pending, rule?.forMs], [1, 0, 10_000]);
  assert.deepEqual(rule?.levels, [{ level: "error", threshold: 0.1, clearThreshold: 0.08 }]);
  assert.equal((await dashboard.getDashboardData("metrics_detail")).metrics.length, 0);
  const historical = await dashboard.getDashboardData("historical", { agentId: "worker-1" });
  assert.equal(historical.alerts.length, 1);
  await dashboard.stop();
});

test("PerformanceDashboard refuses views that there are not, and ranges without time", async () => {
  const { dashboard } = makeDashboard();
  const unknown = { code: "dashboard.view_unknown" };
  const none: "alerts" = JSON.parse('"overview"');
  assert.throws(() => dashboard.setView(none), unknown);
  await assert.rejects(dashboard.getDashboardData(none), unknown);
  await assert.rejects(dashboard.getDashboardData("alerts", { fromMs: 5, toMs: 5 }), unknown);
});

test("PerformanceDashboard.exportDashboardData() holds every alert and event, in a file too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dashboard-"));
  try {
    const { dashboard } = makeDashboard({ maxFiringAlerts: 2000 });
    // More than a page each of firing and resolved ones, all raised in one instant.
    const count = 2 * dashboardLimits.alertsPerQuery.value + 400;
    for (let index = 0; index < count; index++) {
      const { id } = dashboard.addAlert("info", `alert ${index}`, "test");
      if (index % 2 === 0) await dashboard.resolveAlert(id);
    }
    const path = join(folder, "dashboard.json");
    const document = await dashboard.exportDashboardData(path);
    assert.equal(document.format, "agent-cellphone/dashboard");
    assert.equal(document.version, 1);
    assert.equal(new Set(document.alerts.map(({ id }) => id)).size, count);
    assert.equal(document.events.length, count + count / 2);
    assert.deepEqual(JSON.parse(await readFile(path, "utf8")), document);
    const nowhere = join(folder, "none", "dashboard.json");
    const failed = { code: "dashboard.export_failed" };
    await assert.rejects(dashboard.exportDashboardData(nowhere), failed);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("PerformanceDashboard lets one source that says much cost its worst, once", async () => {
  const { dashboard } = makeDashboard();
  for (let index = 0; index < 100; index++)
    dashboard.addAlert("warning", `noise ${index}`, "chatty");
  dashboard.addAlert("error", "the disk is full", "chatty");
  dashboard.addAlert("warning", "certificate ends tomorrow", "cron");
  const { health, causes } = dashboard.summary();
  assert.equal(health.score, 85);
  assert.deepEqual(
    health.lost.map(({ points, reason }) => [points, reason]),
    [
      [10, "the disk is full"],
      [5, "certificate ends tomorrow"],
    ],
  );
  assert.equal(causes.length, dashboardLimits.causesShown.value + 1);
  await dashboard.stop();
});

test("PerformanceDashboard notifies the webhook and pings the watcher that are set", async () => {
  await using receiver = await startReceiver();
  const { clock, dashboard } = makeDashboard({
    webhookUrl: receiver.url,
    webhookGroupWait: 0,
    deadManUrl: `http://127.0.0.1:${receiver.port}/alive`,
  });
  await dashboard.start();
  await nextTurn();
  assert.equal(receiver.received.length, 0, "nothing was judged yet");
  clock.advance(5000);
  await receiver.until(1);
  assert.deepEqual([receiver.received[0]?.method, receiver.received[0]?.path], ["GET", "/alive"]);
  dashboard.addAlert("info", "too small to tell", "test");
  const { id } = dashboard.addAlert("critical", "the disk is full", "cron");
  clock.advance(0);
  await receiver.until(2);
  assert.match(receiver.received[1]?.body ?? "", new RegExp(`"alert_id":"${id}"`));
  assert.doesNotMatch(receiver.received[1]?.body ?? "", /too small/);
  assert.equal((await dashboard.sendTestNotification()).delivered, true);
  await dashboard.stop();
});

test("PerformanceDashboard tells after a restart what no receiver took before, and nothing twice", async () => {
  const alertStore = new VolatileAlertStore();
  const gone = await startReceiver();
  await gone[Symbol.asyncDispose]();
  const quiet = { webhookGroupWait: 0, webhookRepeatInterval: 0 };
  const before = makeDashboard({ ...quiet, webhookUrl: gone.url }, { alertStore });
  await before.dashboard.start();
  const { id } = before.dashboard.addAlert("critical", "the disk is full", "cron");
  before.clock.advance(0);
  await before.dashboard.stop();
  assert.equal((await alertStore.alert("default", id))?.notifiedAtMs, null);

  await using receiver = await startReceiver();
  const options = { ...quiet, webhookUrl: receiver.url };
  for (const _ of ["told now", "told before"]) {
    const after = makeDashboard(options, { alertStore });
    await after.dashboard.start();
    after.clock.advance(0);
    await after.dashboard.stop();
    assert.equal(receiver.received.length, 1);
    assert.equal((await alertStore.alert("default", id))?.notifiedAtMs, after.clock.now());
  }
  assert.match(receiver.received[0]?.body ?? "", /the disk is full/);
});

test("PerformanceDashboard.isWell() is true while it has loaded and refreshes end", async () => {
  const load = Promise.withResolvers<readonly Alert[]>();
  const alertStore = new VolatileAlertStore();
  alertStore.alerts = () => load.promise;
  const { clock, dashboard } = makeDashboard({}, { alertStore });
  assert.equal(dashboard.isWell(), false);
  const starting = dashboard.start();
  clock.advance(60_000);
  assert.equal(dashboard.isWell(), false, "what fired before is not known");
  load.resolve([]);
  await starting;
  assert.equal(dashboard.isWell(), true);
  clock.advance(60_000);
  assert.equal(dashboard.isWell(), true);
  await dashboard.stop();
  assert.equal(dashboard.isWell(), false);
});

test("PerformanceDashboard.sendTestNotification() says that nobody is to be told", async () => {
  const { dashboard } = makeDashboard();
  await assert.rejects(dashboard.sendTestNotification(), { code: "dashboard.notifications_off" });
});
