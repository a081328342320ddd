// Every usage example of the system we set out to be, in our spelling, run as a program would run
// it: what its text says must happen, happens. The order is that of the text.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

import { z } from "zod";

import {
  AgentCommunicationProtocol,
  AgentStatus,
  AlertLevel,
  ApiVersion,
  APIGateway,
  DashboardView,
  ManualClock,
  MessagePriority,
  MessageType,
  MetricType,
  PerformanceDashboard,
  PerformanceProfiler,
  PerformanceTracker,
  ServiceStatus,
} from "../../src/index.ts";
import type { Middleware } from "../../src/index.ts";
import { unseal } from "../../src/security/index.ts";
import { asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startUpstream } from "../support/upstream.ts";
import type { Upstream } from "../support/upstream.ts";

const run = promisify(execFile);

function plain(): number {
  return 1;
}

/** As the text writes it: a name, not an address. */
function localhost({ url }: Upstream): string {
  return url.replace("127.0.0.1", "localhost");
}

test("Vocabulary: the words of the text are values here", () => {
  const values: readonly (readonly [object, string])[] = [
    [
      MetricType,
      "response_time throughput error_rate memory_usage cpu_usage network_latency agent_health " +
        "task_completion system_load",
    ],
    [DashboardView, "system_overview agent_performance metrics_detail alerts historical"],
    [AlertLevel, "info warning error critical"],
    [
      MessageType,
      "task_assignment status_update performance_metric health_check coordination broadcast direct",
    ],
    [MessagePriority, "low normal high urgent"],
    [AgentStatus, "online offline busy idle error maintenance"],
    [ServiceStatus, "healthy degraded unhealthy unknown"],
    [ApiVersion, "v1 v2 beta alpha"],
  ];
  for (const [words, promised] of values) {
    assert.deepEqual(new Set(Object.values(words)), new Set(promised.split(" ")));
  }
});

describe("Performance tracker", () => {
  test("Usage: metrics of an agent with context, and its summary", async () => {
    await using tracker = new PerformanceTracker({
      maxMetricsHistory: 10_000,
      snapshotInterval: 60,
    });
    const operation = { operation: "data_processing" };
    tracker.recordMetric(MetricType.ResponseTime, 0.5, "agent_1", operation, { batch: 7 });
    const summary = await tracker.getAgentPerformanceSummary("agent_1");
    const { count, min, max, avg, latest } = summary.metrics["response_time"] ?? {};
    assert.deepEqual([count, min, max, avg, latest], [1, 0.5, 0.5, 0.5, 0.5]);
    const sample = await tracker.getLatestMetric("response_time", "agent_1");
    assert.deepEqual([sample?.context, sample?.metadata], [operation, { batch: 7 }]);
  });

  test("Features: callbacks at once, snapshots by themselves, a bounded history, cleanup by age", async () => {
    const clock = new ManualClock();
    const options = { maxMetricsHistory: 100, snapshotInterval: 60, metricRetentionDays: 2 };
    await using tracker = new PerformanceTracker(options, { clock });
    await tracker.start();
    const seen: number[] = [];
    const snapshots: number[] = [];
    using _metrics = tracker.addMetricCallback(({ value }) => seen.push(value));
    using _snapshots = tracker.addSnapshotCallback(({ samples }) => snapshots.push(samples));
    for (let value = 0; value < 250; value++) tracker.recordMetric("throughput", value, "agent_1");
    assert.equal(seen.length, 250);
    assert.deepEqual(
      [tracker.statistics().samplesInMemory, (await tracker.getMetrics("throughput")).length],
      [100, 100],
    );
    const beginningMs = clock.now();
    clock.advance(61_000);
    await until("a snapshot", () => snapshots.length > 0);
    const [snapshot] = await tracker.getPerformanceSnapshots(1);
    assert.deepEqual([snapshot?.agents, snapshot?.samples], [["agent_1"], 250]);
    const range = { fromMs: beginningMs - 60_000, toMs: beginningMs + 120_000 };
    const then = await tracker.getMetricSummary("throughput", "agent_1", range);
    assert.equal(then?.count, 250, "what left the history is still summed up");
    clock.advance(4 * 86_400_000);
    const old = await until("the cleanup", async () => {
      const { metrics } = await tracker.getSummaries(range);
      return Object.keys(metrics).length === 0 && { metrics };
    });
    assert.deepEqual(old.metrics, {});
  });
});

describe("Performance profiler", () => {
  test("Usage: a decorated function, a scope, and the system", async () => {
    await using tracker = new PerformanceTracker();
    await using profiler = new PerformanceProfiler({}, { telemetry: tracker.telemetry });
    const criticalFunction = profiler.profileFunction("critical_function")((value: number) => {
      if (value < 0) throw new RangeError("negative");
      return Math.sqrt(value);
    });
    assert.equal(criticalFunction(9), 3);
    assert.throws(() => criticalFunction(-1), RangeError);
    {
      using _ = profiler.profile("data_processing", { batch_size: 1000 });
      criticalFunction(16);
    }
    profiler.recordMetric("rows", 12, { unit: "rows", tags: { table: "users" } });
    const outer = profiler.startProfile("outer");
    const inner = profiler.startProfile("outer");
    assert.notEqual(outer, inner);
    profiler.endProfile(outer);
    profiler.endProfile(inner);

    const { functions, metrics } = await profiler.getProfilingSummary();
    const counts = functions.map(({ name, count, failed }) => `${name} ${count}, ${failed} failed`);
    assert.deepEqual(counts.toSorted(), [
      "critical_function 3, 1 failed",
      "data_processing 1, 0 failed",
      "outer 2, 0 failed",
    ]);
    for (const { minMs, avgMs, p95Ms, maxMs } of functions) {
      assert.ok(minMs <= avgMs && avgMs <= maxMs && p95Ms <= maxMs);
    }
    assert.deepEqual(
      [metrics[0]?.name, metrics[0]?.unit, metrics[0]?.latest],
      ["rows", "rows", 12],
    );
    const [scope] = await profiler.getSpans({ name: "data_processing" });
    assert.deepEqual(scope?.context, { batch_size: 1000 });

    await profiler.flush();
    const known = (await tracker.getMetricNames()).map(({ metric }) => metric);
    assert.deepEqual(known, ["profile_duration", "profile_errors", "rows"]);
  });

  test("Features: CPU, memory, disk, network and processes are read from this machine", async () => {
    await using profiler = new PerformanceProfiler();
    const system = await profiler.getSystemMetrics();
    assert.ok(system.cpu.cores > 0 && (system.cpu.usagePercent ?? -1) >= 0);
    assert.ok(system.memory.usedBytes > 0 && system.memory.usagePercent < 100);
    assert.ok((system.disk?.totalBytes ?? 0) > 0);
    const own = await profiler.getProcessMetrics();
    assert.deepEqual([own.pid, own.residentBytes > 1e6], [process.pid, true]);
    const { interfaces } = await profiler.getNetworkMetrics();
    assert.ok(interfaces.some(({ loopback }) => loopback));
  });

  test("Configuration: switched off, a function is left as it was; snapshots come by themselves", async () => {
    await using off = new PerformanceProfiler({ profilingEnabled: false });
    assert.equal(off.profileFunction("plain")(plain), plain);
    await using tracker = new PerformanceTracker();
    const options = { profilingEnabled: true, snapshotInterval: 1, maxHistory: 10 };
    await using profiler = new PerformanceProfiler(options, { telemetry: tracker.telemetry });
    const twenty = profiler.profileFunction("twenty")(plain);
    for (let call = 0; call < 20; call++) twenty();
    const { functions } = await profiler.getProfilingSummary();
    assert.equal(functions[0]?.count, 10, "maxHistory");
    profiler.start();
    await until("a reading of the machine", () => tracker.getLatestMetric("system_memory_usage"));
  });
});

describe("Performance dashboard", () => {
  test("Usage: views, an alert, and the data of the view that was set", async () => {
    await using tracker = new PerformanceTracker();
    await using agentManager = new AgentCommunicationProtocol();
    await using dashboard = new PerformanceDashboard(
      {},
      { performanceTracker: tracker, agentManager },
    );
    await agentManager.registerAgent("agent_1", "Analyst", ["analysis"], null);
    tracker.recordMetric(MetricType.ResponseTime, 0.5, "agent_1");
    await dashboard.start();
    dashboard.setView(DashboardView.AgentPerformance);
    const alert = dashboard.addAlert(
      AlertLevel.Warning,
      "High CPU usage detected",
      "system_monitor",
    );
    assert.deepEqual(
      [alert.level, alert.message, alert.source, alert.state],
      ["warning", "High CPU usage detected", "system_monitor", "firing"],
    );
    const data = await dashboard.getDashboardData();
    assert.ok(data.view === "agent_performance");
    assert.equal(data.agents[0]?.metrics["response_time"]?.avg, 0.5);
    for (const view of Object.values(DashboardView)) {
      dashboard.setView(view);
      assert.equal((await dashboard.getDashboardData()).view, view);
    }
  });

  test("Features: four levels cost what they say, acknowledgement has an owner, repeats count", async () => {
    await using tracker = new PerformanceTracker();
    await using dashboard = new PerformanceDashboard({}, { performanceTracker: tracker });
    await dashboard.start();
    const costs = { info: 100, warning: 95, error: 85, critical: 65 };
    for (const level of Object.values(AlertLevel)) {
      dashboard.addAlert(level, `${level} of a part`, `part ${level}`, { attempt: 1 });
      assert.equal(dashboard.summary().health.score, costs[level]);
    }
    const again = dashboard.addAlert(AlertLevel.Error, "error of a part", "part error");
    assert.equal(again.count, 2);
    assert.equal(dashboard.summary().health.score, 65, "the same again costs nothing more");
    await dashboard.acknowledgeAlert(again.id, { owner: "ada", note: "looking" });
    const [mine] = await dashboard.getAlerts({ acknowledged: true });
    assert.deepEqual([mine?.id, mine?.acknowledged?.owner], [again.id, "ada"]);
    const raised = await tracker.getMetricSummary("alerts_raised");
    assert.equal(raised?.count, 4, "alerts are metrics too");
    assert.equal((await dashboard.getSystemPerformance()).health.score, 65);
  });

  test("Features: updates come every refresh interval, which can be set while it runs", async () => {
    const clock = new ManualClock();
    await using dashboard = new PerformanceDashboard({}, { clock });
    let updates = 0;
    using _ = dashboard.addUpdateCallback(() => (updates += 1));
    await dashboard.start();
    const atStart = updates;
    clock.advance(15_000);
    assert.equal(updates - atStart, 3, "every 5 s");
    dashboard.setRefreshInterval(1);
    const before = updates;
    clock.advance(10_000);
    assert.ok(updates - before >= 9, `${updates - before} updates in 10 s`);
  });
});

describe("Agent communication protocol", () => {
  test("Usage: an agent, a message of high priority that arrives, and who can monitor", async () => {
    await using comm = new AgentCommunicationProtocol();
    const capabilities = ["monitoring", "alerting"];
    const endpoint = "http://localhost:8001";
    await comm.registerAgent("monitoring_agent", "System Monitor", capabilities, endpoint);
    const payload = { task: "monitor_system", priority: "high" };
    const messageId = await comm.sendMessage(
      "coordinator",
      "monitoring_agent",
      MessageType.TaskAssignment,
      payload,
      MessagePriority.High,
    );
    const monitoringAgents = await comm.findAgentsByCapability("monitoring");
    assert.deepEqual(
      monitoringAgents.map(({ id, name, endpoint: where }) => [id, name, where]),
      [["monitoring_agent", "System Monitor", endpoint]],
    );
    const [claimed] = await comm.claim("monitoring_agent");
    assert.deepEqual(
      [claimed?.message.id, claimed?.message.payload, claimed?.message.priority],
      [messageId, payload, "high"],
    );
  });

  test("Features: priorities, broadcasts, heartbeats, statuses, and agents that leave", async () => {
    const clock = new ManualClock();
    await using tracker = new PerformanceTracker({}, { clock });
    await using comm = new AgentCommunicationProtocol(
      { heartbeatInterval: 30 },
      { clock, telemetry: tracker.telemetry },
    );
    for (const id of ["a", "b", "c"]) await comm.registerAgent(id, id, ["work"], null);
    const priorities = Object.values(MessagePriority);
    for (const priority of priorities) {
      await comm.sendMessage("b", "a", MessageType.Direct, priority, priority);
    }
    const [first] = await comm.claim("a");
    assert.equal(first?.message.payload, "urgent");
    const all = await comm.broadcastMessage("a", MessageType.Coordination, { stop: "at six" });
    assert.deepEqual(all.recipients.toSorted(), ["b", "c"]);
    await comm.heartbeat("c");
    const reply = await comm.heartbeat("b", { status: AgentStatus.Busy });
    assert.deepEqual([reply.intervalMs, reply.mailbox.ready.normal], [30_000, 1]);
    await comm.updateAgentStatus("b", AgentStatus.Maintenance, "new disk");
    assert.equal((await comm.getAgentInfo("b"))?.status, "maintenance");

    clock.advance(60_000);
    await comm.heartbeat("b");
    clock.advance(60_000);
    await comm.evaluate();
    assert.equal((await comm.getPresence("c")).state, "down");
    const found = await comm.findAgentsByCapability("work");
    assert.ok(!found.some(({ id }) => id === "c"), "who is down is not found");
    await comm.unregisterAgent("c");
    assert.equal((await comm.getAllAgents()).length, 2);
    const sent = await tracker.getMetricSummary("messages_sent");
    assert.equal(sent?.count, 5, "messages are metrics too");
  });
});

/** A gateway before one service, both gone with the test. */
async function gatewayBefore(t: TestContext) {
  const upstream = await startUpstream(t);
  const tracker = new PerformanceTracker();
  const gateway = new APIGateway({}, { telemetry: tracker.telemetry });
  t.after(() => gateway.stop());
  t.after(() => tracker.stop());
  await gateway.registerService(
    "user_service",
    "User Management",
    ApiVersion.V1,
    localhost(upstream),
    "/health",
    { team: "accounts" },
  );
  return { upstream, tracker, gateway };
}

describe("API gateway", () => {
  test("Usage: a service, its rate limit, and a request that reaches it", async (t) => {
    const { upstream, gateway } = await gatewayBefore(t);
    await gateway.setRateLimit("user_service", 100, 20);
    const response = await gateway.routeRequest(
      "GET",
      "/v1/users",
      { Authorization: "Bearer token" },
      { page: "1", limit: "10" },
    );
    assert.deepEqual([response.status, response.json()], [200, { ok: true }]);
    const asked = upstream.requests.find(({ url }) => url !== "/health");
    assert.deepEqual([asked?.method, asked?.url], ["GET", "/users?page=1&limit=10"]);
    assert.equal(
      asked?.headers.authorization,
      "Bearer token",
      "no key of ours: it is the service's",
    );
  });

  test("Features: bursts are served and what exceeds them is refused, exactly", async (t) => {
    const { gateway } = await gatewayBefore(t);
    await gateway.setRateLimit("user_service", 100, 20);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => gateway.routeRequest("GET", "/v1/users")),
    );
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length === 5, `${refused.length} refused`);
    assert.ok(Number(refused[0]?.headers["retry-after"]) >= 1);
  });

  test("Features: middleware in order, versions, health, history, discovery and metrics", async (t) => {
    const { upstream, tracker, gateway } = await gatewayBefore(t);
    const order: string[] = [];
    const note =
      (name: string): Middleware =>
      async (request, next) => {
        order.push(name);
        return request.path === "/v1/forbidden"
          ? { status: 403, headers: {}, body: "no" }
          : next(request);
      };
    const second = note("second");
    gateway.addMiddleware(note("first"));
    gateway.addMiddleware(second);
    assert.equal((await gateway.routeRequest("GET", "/v1/forbidden")).status, 403);
    assert.equal(gateway.removeMiddleware(second), true);
    const body = { name: "ada" };
    const posted = await gateway.routeRequest(
      "POST",
      "/v1/users",
      {},
      {},
      body,
      "10.1.2.3",
      "tests",
    );
    assert.equal(posted.status, 200);
    assert.deepEqual(order, ["first", "first"]);
    await gateway.registerService("beta_users", "Users", "beta", upstream.url);
    assert.equal((await gateway.routeRequest("GET", "/beta/users")).status, 200);
    assert.equal((await gateway.routeRequest("GET", "/v2/users")).status, 404);
    const [v1] = await gateway.getServicesByVersion("v1");
    assert.deepEqual([v1?.id, v1?.metadata], ["user_service", { team: "accounts" }]);
    assert.equal((await gateway.getAllServices()).length, 2);

    assert.equal((await gateway.checkHealth("user_service")).status, ServiceStatus.Healthy);
    upstream.answer = (_request, response) => void response.writeHead(503).end();
    await gateway.checkHealth("user_service");
    const sick = await gateway.checkHealth("user_service");
    assert.equal(sick.status, ServiceStatus.Unhealthy, sick.reason);

    const calls = await gateway.getCalls({ serviceId: "user_service" });
    const post = calls.find(({ method }) => method === "POST");
    assert.deepEqual(
      [post?.path, post?.status, post?.clientAddress, post?.userAgent],
      ["/v1/users", 200, "10.1.2.3", "tests"],
    );
    assert.equal(await gateway.unregisterService("beta_users"), true);
    await gateway.stop();
    const metrics = (await tracker.getMetricNames()).map(({ metric }) => metric);
    assert.ok(metrics.includes("gateway_service_duration"), metrics.join());
  });

  test("Configuration: a service that does not answer in requestTimeout is given up", async (t) => {
    const upstream = await startUpstream(t);
    const answersAtOnce = upstream.answer;
    upstream.answer = () => undefined;
    await using gateway = new APIGateway({ requestTimeout: 0.2, maxHistory: 5 });
    await gateway.registerService("slow", "Slow", "v1", upstream.url);
    const answer = await gateway.routeRequest("POST", "/v1/slow");
    assert.equal(answer.status, 504);
    upstream.answer = answersAtOnce;
    for (let call = 0; call < 8; call++) await gateway.routeRequest("GET", "/v1/slow");
    const statuses = (await gateway.getCalls({})).map(({ status }) => status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 504], "the newest, and what failed");
  });
});

describe("Getting started", () => {
  test("Basic usage: a tracker, a dashboard, a metric, the data", async () => {
    await using tracker = new PerformanceTracker();
    await using dashboard = new PerformanceDashboard({}, { performanceTracker: tracker });
    await dashboard.start();
    tracker.recordMetric("response_time", 0.5, "my_agent");
    const data = await dashboard.getDashboardData();
    assert.ok(data.view === "system_overview");
    assert.equal(data.system.metrics["response_time"]?.latest, 0.5);
  });

  test("Advanced configuration: one object given to several components", async (t) => {
    const config = {
      maxMetricsHistory: 50,
      snapshotInterval: 30,
      heartbeatInterval: 15,
      healthCheckInterval: 0.2,
    };
    await using tracker = new PerformanceTracker(config);
    await using comm = new AgentCommunicationProtocol(config);
    await using gateway = new APIGateway(config);
    for (let value = 0; value < 60; value++) tracker.recordMetric("response_time", value);
    assert.equal((await tracker.getMetrics("response_time")).length, 50);
    await comm.registerAgent("a", "A", [], null);
    assert.equal((await comm.heartbeat("a")).intervalMs, 15_000);
    const upstream = await startUpstream(t);
    await gateway.registerService("s", "S", "v1", upstream.url, "/health");
    await until("three checks", () => upstream.requests.length >= 3);
  });
});

test("Data export: every component writes JSON with its time and what it is", async (t) => {
  const folder = temporaryFolder(t);
  const { gateway, tracker } = await gatewayBefore(t);
  await using profiler = new PerformanceProfiler();
  await using comm = new AgentCommunicationProtocol();
  await using dashboard = new PerformanceDashboard({}, { performanceTracker: tracker });
  tracker.recordMetric("response_time", 0.5, "agent_1");
  profiler.profile("step", {}, () => undefined);
  await comm.registerAgent("agent_1", "Agent", [], null);
  await gateway.routeRequest("GET", "/v1/users");
  dashboard.addAlert("error", "a part fails", "test");
  const files = ["metrics", "profiling", "communication", "gateway", "dashboard"];
  const [metrics = "", profiling = "", mail = "", calls = "", view = ""] = files.map((name) =>
    path.join(folder, `${name}.json`),
  );
  await tracker.exportMetrics(metrics);
  await profiler.exportProfilingData(profiling);
  await comm.exportCommunicationData(mail);
  await gateway.exportGatewayData(calls);
  await dashboard.exportDashboardData(view);
  const lists = { metrics: "samples", profiling: "spans", communication: "agents" };
  const listOf: Record<string, string> = { ...lists, gateway: "calls", dashboard: "alerts" };
  for (const name of files) {
    const text = readFileSync(path.join(folder, `${name}.json`), "utf8");
    const document: Record<string, unknown> = JSON.parse(text);
    assert.equal(document["format"], `agent-cellphone/${name}`);
    assert.deepEqual([document["version"], document["namespace"]], [1, "default"]);
    assert.match(String(document["exportedAt"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const list = document[listOf[name] ?? ""];
    assert.ok(Array.isArray(list) && list.length > 0, `${name} holds what happened`);
  }
});

describe("Security features", () => {
  test("Agents are authenticated and authorized; every change and refusal is in the audit log", async (t) => {
    const server = await startServer(t);
    const token = new URL(await enrolmentUrl(server)).username;
    const post = async (where: string, key: string, body: unknown): Promise<Response> =>
      fetch(`${server.url}${where}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const enrolled = await post("/api/v1/enrol", token, { name: "worker-1" });
    const { key } = z.object({ key: z.string() }).parse(await enrolled.json());
    assert.equal((await post("/api/v1/agents/worker-1/heartbeat", key, {})).status, 200);
    assert.equal((await post("/api/v1/agents/worker-1/heartbeat", "nobody", {})).status, 401);
    const alias = { recipientId: "worker-1", senderId: "boss", payload: null };
    assert.equal((await post("/api/v1/messages", key, alias)).status, 403);
    const service = { id: "users", baseUrl: "http://127.0.0.1:9" };
    assert.equal((await post("/api/v1/services", key, service)).status, 403);
    await asAdmin(server, "POST", "/api/v1/services", service);
    const rows = await until("the rows", async () => {
      const { entries } = await asAdmin(server, "GET", "/api/v1/audit");
      const words: string[] = entries.map(
        (entry: { action: string; outcome: string }) => `${entry.action} ${entry.outcome}`,
      );
      return words.includes("service.put refused") && words;
    });
    assert.ok(rows.includes("service.put done"), rows.join("; "));
  });

  test("An export is sealed on request, and opens for who knows the passphrase", async (t) => {
    const server = await startServer(t);
    const file = path.join(temporaryFolder(t), "all.json.age");
    const cli = path.join(import.meta.dirname, "../../src/cli/bin.ts");
    const args = [cli, "export", "-o", file, "--passphrase", "seven calm otters"];
    await run(process.execPath, [...args, "--url", server.url, "--key", server.key]);
    const sealed = readFileSync(file);
    assert.match(sealed.subarray(0, 24).toString("latin1"), /^age-encryption\.org\/v1/);
    const opened = await unseal(sealed, { passphrase: "seven calm otters" });
    const document: object = JSON.parse(new TextDecoder().decode(opened));
    for (const part of ["tracker", "profiler", "communication", "gateway", "dashboard", "audit"]) {
      assert.ok(part in document, part);
    }
  });
});
