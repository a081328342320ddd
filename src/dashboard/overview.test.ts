import assert from "node:assert/strict";
import { test } from "node:test";

import { buildSummary, buildTile, digestOf } from "./overview.ts";
import { agentView } from "./test-support/agent-view.ts";

function headlineOf(...agents: ReturnType<typeof agentView>[]): string {
  return summaryOf(...agents).headline;
}

function summaryOf(...agents: ReturnType<typeof agentView>[]) {
  return buildSummary({
    namespace: "default",
    nowMs: 100_000,
    fleet: digestOf(agents),
    deadLetters: { count: 0, oldestAtMs: null },
    operatorMail: { count: 0, agentIds: [], oldestAtMs: null },
    costSince: () => null,
    costPerHourUsd: null,
    errorRatio: null,
    host: null,
    alerts: { firing: () => [], byKey: () => undefined },
    services: [],
  });
}

test("buildSummary() headlines an empty, a calm and a single-agent fleet", () => {
  assert.equal(headlineOf(), "No agent yet");
  assert.equal(headlineOf(agentView("a")), "Your agent is fine");
  assert.equal(headlineOf(agentView("a"), agentView("b")), "All 2 agents are fine");
});

test("buildSummary() headlines who ended well as left, not as fine", () => {
  const [a, b] = ["a", "b"].map((id) => agentView(id, { state: "down", left: true }));
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(headlineOf(agentView("c"), b), "1 agent is fine, 1 left");
  assert.equal(headlineOf(b), "Your agent left");
  assert.equal(headlineOf(a, b), "All 2 agents left");
});

test("buildSummary() names the deadlock in the headline", () => {
  const cycle = ["planner", "reviewer"];
  const agents = cycle.map((id) => agentView(id, { state: "stuck", cycle }));
  assert.equal(
    headlineOf(...agents, agentView("worker-1")),
    "2 agents need you: planner and reviewer wait on each other",
  );
});

test("buildSummary() leaves durations out of the headline and counts further causes", () => {
  const agents = [
    agentView("worker-1", { state: "down", exitCode: 1 }),
    agentView("critic-1", { state: "stuck" }),
  ];
  assert.equal(headlineOf(...agents), "2 agents need you: worker-1 is down, and 1 more cause");
});

test("buildSummary() tells paused agents from fine ones, and takes no health for them", () => {
  const paused = { sinceMs: 0, by: "operator", reason: "" };
  const held = (id: string) => agentView(id, { state: "stuck" }, { paused });
  assert.equal(headlineOf(agentView("a"), held("b"), held("c")), "1 agent is fine, 2 paused");
  assert.equal(headlineOf(held("b")), "Your agent is paused");
  assert.equal(summaryOf(held("b")).health.score, 100);
  assert.deepEqual(summaryOf(held("b")).health.lost, []);
});

test("buildSummary() tells quarantined agents from paused ones", () => {
  const hold = { sinceMs: 0, by: "operator", reason: "" };
  const cut = (id: string) => agentView(id, {}, { quarantined: hold });
  const paused = agentView("p", {}, { paused: hold });
  assert.equal(headlineOf(cut("a")), "Your agent is quarantined");
  assert.equal(headlineOf(cut("a"), cut("b")), "All 2 agents are quarantined");
  assert.equal(
    headlineOf(agentView("x"), cut("a"), paused),
    "1 agent is fine, 1 paused, 1 quarantined",
  );
  assert.equal(headlineOf(cut("a"), paused), "No agent runs: 1 paused, 1 quarantined");
});

test("buildSummary() counts agents by state and those that are paused", () => {
  const paused = { sinceMs: 0, by: "operator", reason: "" };
  const summary = summaryOf(
    agentView("a", { state: "working" }),
    agentView("b", { state: "working" }, { paused }),
    agentView("c", { state: "down" }),
    agentView("d", { state: "down", left: true }),
  );
  assert.deepEqual(summary.counts, {
    working: 2,
    waiting: 0,
    idle: 0,
    stuck: 0,
    down: 1,
    left: 1,
    total: 4,
    paused: 1,
  });
});

test("buildSummary() finds the oldest message that waits anywhere", () => {
  const agents = [50, null, 20].map((oldestReadyAtMs, index) => {
    const { mailbox } = agentView("x");
    return agentView(`a-${index}`, {}, { mailbox: { ...mailbox, oldestReadyAtMs } });
  });
  assert.equal(summaryOf(...agents).oldestMailAtMs, 20);
  assert.equal(summaryOf(agentView("b")).oldestMailAtMs, null);
});

test("buildTile() shows the first thing an agent holds", () => {
  const tile = buildTile(
    agentView("a", {
      state: "working",
      holds: [
        {
          kind: "task",
          id: "t",
          title: "index repo",
          sinceMs: 5,
          messageId: null,
          traceId: null,
        },
      ],
    }),
    () => 0.25,
  );
  assert.equal(tile.task, "index repo");
  assert.equal(tile.taskSinceMs, 5);
  assert.equal(tile.costUsd, 0.25);
});
