import assert from "node:assert/strict";
import { test } from "node:test";

import type { AgentView, MailboxCounts } from "../../communication/index.ts";
import type { RecentStatistics } from "../../core/index.ts";
import { Listeners, noComponentLog } from "../../core/index.ts";
import { dashboardConfigSchema } from "../config.ts";
import { fleetOfNone } from "../fleet-of-none.ts";
import type { Finding } from "../finding.ts";
import { dashboardLimits } from "../limits.ts";
import { MetricWatch } from "../metric-watch.ts";
import type { MetricSource } from "../metric-watch.ts";
import type { FleetSource, ServiceDigest } from "../ports.ts";
import { agentView } from "../test-support/agent-view.ts";
import { agentMetricRules, WATCHED_METRICS } from "./agent-metric-rules.ts";
import { backlogRule } from "./backlog-rule.ts";
import { hostRules } from "./host-rules.ts";
import { RuleBook } from "./rule-book.ts";
import type { AlertRule, RuleInput } from "./rule.ts";
import { serviceRules } from "./service-rules.ts";

const NOW_MS = 1_700_000_000_000;

/** Averages that a test sets, as a tracker would tell them. */
class TestMetrics implements MetricSource {
  readonly listeners = new Listeners<
    Parameters<Parameters<MetricSource["addMetricCallback"]>[0]>[0]
  >();
  readonly averages = new Map<string, number>();
  asked = 0;

  set(agentId: string, metric: string, value: number): void {
    this.averages.set(`${agentId} ${metric}`, value);
    this.listeners.emit({ metric, agentId, value });
  }
  recent(agentId: string, metric = ""): Record<string, RecentStatistics> {
    this.asked += 1;
    const avg = this.averages.get(`${agentId} ${metric}`);
    if (avg === undefined) return {};
    return { [metric]: { count: 1, min: avg, max: avg, avg, latest: avg } };
  }
  addMetricCallback(...[callback]: Parameters<MetricSource["addMetricCallback"]>): Disposable {
    return this.listeners.add(callback);
  }
}

function makeInput(changes: Partial<RuleInput> = {}): RuleInput {
  return {
    nowMs: NOW_MS,
    settings: dashboardConfigSchema.parse({}),
    causes: [],
    host: null,
    services: [],
    fleet: fleetOfNone,
    mailIsLate: false,
    metrics: new MetricWatch(undefined, [], () => 0),
    firingLevel: () => undefined,
    firingAgents: () => new Set(),
    ...changes,
  };
}

function evaluate(rules: readonly AlertRule[], input: RuleInput): readonly Finding[] {
  return rules.flatMap((rule) => rule.evaluate(input));
}

function fleetWith(...agents: AgentView[]): FleetSource {
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  return { ...fleetOfNone, agentIds: () => byId.keys(), agent: (id) => byId.get(id) };
}

function service(id: string, changes: Partial<ServiceDigest> = {}): ServiceDigest {
  const recent = { calls: 0, failed: 0, limited: 0, p50Seconds: null, p95Seconds: null };
  return {
    id,
    name: id,
    status: "healthy",
    statusSinceMs: 0,
    reason: "",
    recent: { ...recent, lastFailedTraceId: null },
    ...changes,
  };
}

function calls(count: number, failed: number, p95Seconds: number | null = null) {
  const lastFailedTraceId = failed > 0 ? "t".repeat(32) : null;
  return {
    calls: count,
    failed,
    limited: 0,
    p50Seconds: p95Seconds,
    p95Seconds,
    lastFailedTraceId,
  };
}

test("hostRules warn above 80% CPU and 85% memory, and call 90% and 95% critical", () => {
  const at = (cpuPercent: number, memoryPercent: number): string[] =>
    evaluate(hostRules, makeInput({ host: { cpuPercent, memoryPercent } })).map(
      ({ key, level }) => `${key} ${level}`,
    );
  assert.deepEqual(at(80, 85), []);
  assert.deepEqual(at(81, 86), ["host_cpu:host warning", "host_memory:host warning"]);
  assert.deepEqual(at(91, 96), ["host_cpu:host critical", "host_memory:host critical"]);
  assert.deepEqual(evaluate(hostRules, makeInput()), []);
});

test("hostRules stay at the level that fires until usage is five points under its threshold", () => {
  const host = { cpuPercent: 76, memoryPercent: 0 };
  const stay = makeInput({ host, firingLevel: () => "warning" });
  assert.equal(evaluate(hostRules, stay)[0]?.level, "warning");
  assert.equal(evaluate(hostRules, makeInput({ host })).length, 0);
});

test("hostRules use the thresholds that are set", () => {
  const settings = dashboardConfigSchema.parse({ cpuWarning: "50.5", cpuCritical: 60 });
  const host = { cpuPercent: 55, memoryPercent: 0 };
  const [finding] = evaluate(hostRules, makeInput({ host, settings }));
  assert.deepEqual([finding?.level, finding?.threshold, finding?.value], ["warning", 50.5, 55]);
  assert.equal(finding?.message, "This machine's CPU is at 55%");
});

test("agentMetricRules make one finding per kind, and name the agent when it is one", () => {
  const source = new TestMetrics();
  const metrics = new MetricWatch(source, WATCHED_METRICS, () => 0);
  metrics.start();
  const ids = Array.from({ length: 14 }, (_, index) => `summarizer-${index}`);
  const fleet = fleetWith(...[...ids, "critic-1"].map((id) => agentView(id)));
  for (const id of ids) source.set(id, "response_time", 7.25);
  source.set("critic-1", "response_time", 5);
  source.set("critic-1", "error_rate", 0.125);
  const findings = evaluate(agentMetricRules(), makeInput({ fleet, metrics }));
  assert.deepEqual(
    findings.map(({ key, level, message, agentIds }) => [key, level, message, agentIds.length]),
    [
      [
        "agent_slow:summarizer",
        "warning",
        "14 summarizer agents answer slower than 5 s: " +
          "summarizer-0, summarizer-1, summarizer-2 and 11 more",
        14,
      ],
      ["agent_errors:critic", "error", "critic-1 fails at 13% of what it does", 1],
    ],
  );
});

test("agentMetricRules hold an agent that fires until it is under four fifths, or silent", () => {
  const source = new TestMetrics();
  const metrics = new MetricWatch(source, WATCHED_METRICS, () => 0);
  metrics.start();
  const firing = new Set<string>();
  const fleet = fleetWith(agentView("a-1"));
  const input = makeInput({ fleet, metrics, firingAgents: () => firing });
  const rules = agentMetricRules();
  const over = (): number => evaluate(rules, input).length;
  source.set("a-1", "response_time", 6);
  assert.equal(over(), 1);
  source.set("a-1", "response_time", 4.1);
  assert.equal(over(), 0, "it was over, but not for long enough to fire");
  source.set("a-1", "response_time", 6);
  assert.equal(over(), 1);
  firing.add("a-1");
  source.set("a-1", "response_time", 4.1);
  assert.equal(over(), 1);
  source.set("a-1", "response_time", 3.9);
  assert.equal(over(), 0);
  source.set("a-1", "response_time", 6);
  assert.equal(over(), 1);
  source.averages.clear(); // nothing in the last five minutes
  assert.equal(over(), 0);
});

test("MetricWatch asks only about agents that recorded the metric, a bounded number at once", () => {
  const source = new TestMetrics();
  const metrics = new MetricWatch(source, WATCHED_METRICS, () => 0);
  metrics.start();
  const step = { level: "warning", above: 5, clearBelow: 4 } as const;
  const most = dashboardLimits.ruleAgentsPerRefresh.value;
  for (let index = 0; index < most + 500; index++) source.set(`a-${index}`, "response_time", 9);
  for (let index = 0; index < 100; index++) source.set(`b-${index}`, "other_metric", 9);
  assert.equal(metrics.over("response_time", step, new Set()).length, most);
  assert.equal(source.asked, most);
  assert.equal(
    metrics.over("response_time", step, new Set()).length,
    most + 500,
    "the rest at the next look",
  );
  metrics.forget("a-0");
  source.asked = 0;
  assert.equal(metrics.over("response_time", step, new Set()).length, most + 499);
  assert.ok(source.asked <= most);
});

test("MetricWatch.host() takes usage that names no agent, while it is fresh", () => {
  const source = new TestMetrics();
  let nowMs = 0;
  const metrics = new MetricWatch(source, WATCHED_METRICS, () => nowMs);
  metrics.start();
  source.listeners.emit({ metric: "cpu_usage", agentId: "a-1", value: 99 });
  assert.equal(metrics.host(), null);
  source.listeners.emit({ metric: "cpu_usage", agentId: null, value: 93 });
  assert.deepEqual(metrics.host(), { cpuPercent: 93, memoryPercent: 0 });
  nowMs = dashboardLimits.hostUsageStaleMs.value + 1;
  assert.equal(metrics.host(), null);
});

test("serviceRules say how many calls fail, and show the trace of the last", () => {
  const services = [service("search", { recent: calls(100, 62) })];
  const [finding, ...others] = evaluate(serviceRules, makeInput({ services }));
  assert.deepEqual(others, []);
  assert.equal(finding?.key, "service_failing:search");
  assert.equal(finding?.level, "error");
  assert.equal(finding?.message, "search answers 62% of calls with errors");
  assert.equal(finding?.traceId, "t".repeat(32));
});

test("serviceRules believe health checks without calls, and no ratio of a few calls", () => {
  const services = [
    service("mail", { status: "unhealthy", reason: "3 checks in a row failed" }),
    service("rare", { recent: calls(9, 9) }),
  ];
  const findings = evaluate(serviceRules, makeInput({ services }));
  assert.deepEqual(
    findings.map((finding) => finding.message),
    ["mail is unhealthy: 3 checks in a row failed"],
  );
});

test("serviceRules do not call a service that fails slow as well", () => {
  const slow = service("search", { recent: calls(100, 0, 6.4) });
  const failing = service("mail", { recent: calls(100, 50, 6.4) });
  const findings = evaluate(serviceRules, makeInput({ services: [slow, failing] }));
  assert.deepEqual(
    findings.map(({ rule, message }) => [rule, message]),
    [
      ["service_failing", "mail answers 50% of calls with errors"],
      ["service_slow", "search takes 6.4 s for one call in twenty"],
    ],
  );
});

function mailbox(messages: number, oldestReadyAtMs: number | null): MailboxCounts {
  const ready = { low: 0, normal: messages, high: 0, urgent: 0 };
  return { ready, leased: 0, delayed: 0, oldestReadyAtMs };
}

test("backlogRule() counts what waits too long or is too much, but not of agents in trouble", () => {
  const old = NOW_MS - 150_000;
  const fleet = fleetWith(
    agentView("worker-1", { state: "working" }, { mailbox: mailbox(3, old) }),
    agentView("worker-2", { state: "working" }, { mailbox: mailbox(1001, NOW_MS - 1000) }),
    agentView("worker-3", { state: "working" }, { mailbox: mailbox(5, NOW_MS - 1000) }),
    agentView("worker-4", { state: "stuck" }, { mailbox: mailbox(9, old) }),
    agentView("critic-1", { state: "waiting" }, { mailbox: mailbox(1, old) }),
  );
  const findings = backlogRule().evaluate(makeInput({ fleet, mailIsLate: true }));
  assert.deepEqual(
    findings.map(({ key, message }) => [key, message]),
    [
      [
        "inbox_backlog:worker",
        "1004 messages wait for 2 worker agents (worker-1 and worker-2), the oldest for 2 min",
      ],
      ["inbox_backlog:critic", "1 message waits for critic-1, the oldest for 2 min"],
    ],
  );
});

test("backlogRule() looks at a large fleet in turn, and lets go of who has caught up", () => {
  const size = dashboardLimits.ruleAgentsPerRefresh.value + 10;
  const agents = Array.from({ length: size }, (_, index) => agentView(`w-${index}`));
  const last = agentView(`w-${size - 1}`, {}, { mailbox: mailbox(1, NOW_MS - 150_000) });
  const rule = backlogRule();
  const behind = makeInput({ fleet: fleetWith(...agents.slice(0, -1), last), mailIsLate: true });
  assert.equal(rule.evaluate(behind).length, 0);
  assert.equal(rule.evaluate(behind).length, 1);
  const calm = makeInput({ fleet: fleetWith(...agents) });
  assert.equal(rule.evaluate(calm).length, 0);
});

test("backlogRule() lets go of an agent that falls back before its alert fires, not after", () => {
  const rule = backlogRule();
  const found = (ageMs: number, ...firing: string[]): number => {
    const agent = agentView("w-1", {}, { mailbox: mailbox(1, NOW_MS - ageMs) });
    const firingAgents = () => new Set(firing);
    return rule.evaluate(makeInput({ fleet: fleetWith(agent), mailIsLate: true, firingAgents }))
      .length;
  };
  assert.equal(found(121_000), 1);
  assert.equal(found(119_000), 0);
  assert.equal(found(121_000, "w-1"), 1);
  assert.equal(found(119_000, "w-1"), 1);
  assert.equal(found(90_000, "w-1"), 0);
});

test("RuleBook.evaluate() keeps what a rule found last when it throws", () => {
  let fails = false;
  const [cpu] = hostRules;
  assert.ok(cpu);
  const fragile: AlertRule = {
    ...cpu,
    evaluate: (input) => {
      if (fails) throw new Error("broken");
      return cpu.evaluate(input);
    },
  };
  const errors: string[] = [];
  const log = { ...noComponentLog, error: (event: string) => errors.push(event) };
  const rules = new RuleBook(log, [fragile]);
  const input = makeInput({ host: { cpuPercent: 99, memoryPercent: 0 } });
  const before = rules.evaluate(input);
  fails = true;
  assert.deepEqual(rules.evaluate(input), before);
  assert.equal(before.length, 1);
  assert.deepEqual(errors, ["dashboard.rule_failed"]);
});
