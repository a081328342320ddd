import assert from "node:assert/strict";
import { test } from "node:test";

import type { Alert } from "./alert.ts";
import { capCauses, countAlerts, joinAlerts } from "./alert-causes.ts";
import type { FiringAlerts } from "./alert-causes.ts";
import { scoreHealth } from "./health.ts";
import { dashboardLimits } from "./limits.ts";
import type { Cause } from "./model.ts";

function alertOf(key: string, rule: string, changes: Partial<Alert> = {}): Alert {
  return {
    id: `alert_${key}`,
    namespace: "default",
    key,
    rule,
    level: "warning",
    message: `${key} is wrong`,
    source: "test",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: 5,
    updatedAtMs: 5,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
    ...changes,
  };
}

function firing(...alerts: Alert[]): FiringAlerts {
  const byKey = new Map(alerts.map((alert) => [alert.key, alert]));
  return { firing: () => alerts, byKey: (key) => byKey.get(key) };
}

const stuck: Cause = {
  id: "stuck:worker",
  kind: "stuck",
  level: "warning",
  text: "worker-1 is stuck",
  agentIds: ["worker-1"],
  sinceMs: 3,
  costUsd: 1.5,
  actions: [{ kind: "pause", agentIds: ["worker-1"] }],
  alertId: null,
  acknowledged: null,
};

const ana = { owner: "ana", note: "on it", atMs: 9 };

test("joinAlerts() gives a cause its alert, its owner, and an offer to take it on", () => {
  const open = firing(alertOf("stuck:worker", "agent_stuck"));
  const [row, ...others] = joinAlerts([stuck], open);
  assert.deepEqual(others, []);
  assert.equal(row?.alertId, "alert_stuck:worker");
  assert.equal(row?.text, "worker-1 is stuck", "the cause's own words are the newest");
  assert.deepEqual(row?.actions.at(-1), { kind: "acknowledge", agentIds: ["worker-1"] });
  const taken = firing(alertOf("stuck:worker", "agent_stuck", { acknowledged: ana }));
  const [owned] = joinAlerts([stuck], taken);
  assert.deepEqual(owned?.acknowledged, ana);
  assert.ok(!owned?.actions.some((action) => action.kind === "acknowledge"));
});

test("joinAlerts() makes rows of alerts without a cause, by kind, with what can be done", () => {
  const labels = { service: "search" };
  const rows = joinAlerts(
    [],
    firing(
      alertOf("service_slow:search", "service_slow", { labels }),
      alertOf("service_failing:mail", "service_failing", { level: "error" }),
      alertOf("agent_slow:critic", "agent_slow", { agentIds: ["critic-1"], startsAtMs: 4 }),
      alertOf("manual:x", "manual", { level: "info" }),
      alertOf("stuck:gone", "agent_stuck"),
    ),
  );
  assert.deepEqual(
    rows.map(({ id, kind }) => [id, kind]),
    [
      ["service_failing:mail", "service_failing"],
      ["agent_slow:critic", "alert"],
      ["service_slow:search", "service_slow"],
    ],
  );
  assert.deepEqual(rows[2]?.actions[0], {
    kind: "open_service",
    agentIds: [],
    serviceId: "search",
  });
});

test("capCauses() counts what does not fit in one row", () => {
  const most = dashboardLimits.causesShown.value;
  const many = Array.from({ length: most + 13 }, (_, index) => ({ ...stuck, id: `s:${index}` }));
  const shown = capCauses(many);
  assert.equal(shown.length, most + 1);
  assert.equal(shown.at(-1)?.text, "13 more alerts");
  assert.equal(capCauses(many.slice(0, most)).length, most);
});

test("countAlerts() counts by level, and those in nobody's hands", () => {
  const counts = countAlerts(
    firing(
      alertOf("a", "manual", { level: "info" }),
      alertOf("b", "manual", { acknowledged: ana }),
      alertOf("c", "manual"),
    ),
  );
  assert.deepEqual(counts, {
    firing: { info: 1, warning: 2, error: 0, critical: 0 },
    unacknowledged: 2,
  });
});

test("scoreHealth() takes an outage's points once: machine, service, taken on or not", () => {
  const labels = { service: "search" };
  const rows = joinAlerts(
    [{ ...stuck, acknowledged: ana }],
    firing(
      alertOf("host_cpu:host", "host_cpu", { level: "warning" }),
      alertOf("service_failing:search", "service_failing", { level: "error", labels }),
      alertOf("service_slow:search", "service_slow", { labels }),
    ),
  );
  const health = scoreHealth(rows, { cpuPercent: 96, memoryPercent: 82 });
  assert.deepEqual(
    health.lost.map(({ points, causeId }) => [points, causeId]),
    [
      [10, "service_failing:search"],
      [8, "host_cpu:host"],
      [5, "stuck:worker"],
      [1, null],
    ],
  );
  assert.equal(health.score, 76);
});
