import assert from "node:assert/strict";
import { test } from "node:test";

import type { AgentView, OperatorMail } from "../communication/index.ts";
import { Listeners, ManualClock } from "../core/index.ts";

import { PerformanceDashboard } from "./performance-dashboard.ts";
import { digestOf } from "./overview.ts";
import type { FleetDigest, FleetEvent, FleetSource } from "./ports.ts";
import { agentView } from "./test-support/agent-view.ts";

/** A fleet whose agents the test sets. */
class SettableFleet implements FleetSource {
  readonly listeners = new Listeners<FleetEvent>();
  readonly #agents = new Map<string, AgentView>();

  set(...agents: AgentView[]): void {
    for (const agent of agents) this.#agents.set(agent.id, agent);
    this.listeners.emit({ kind: "agents-changed", agentIds: agents.map((agent) => agent.id) });
  }
  agents(): readonly AgentView[] {
    return [...this.#agents.values()];
  }
  agentIds(): Iterable<string> {
    return this.#agents.keys();
  }
  digest(): FleetDigest {
    return digestOf(this.agents());
  }
  agent(agentId: string): AgentView | undefined {
    return this.#agents.get(agentId);
  }
  deadLetters(): { count: number; oldestAtMs: null } {
    return { count: 0, oldestAtMs: null };
  }
  operatorMail(): OperatorMail {
    return { count: 0, agentIds: [], oldestAtMs: null };
  }
  onEvent(callback: (event: FleetEvent) => void): Disposable {
    return this.listeners.add(callback);
  }
}

function makeDashboard() {
  const clock = new ManualClock();
  const fleet = new SettableFleet();
  const dashboard = new PerformanceDashboard(
    { refreshInterval: 1, causeDelay: 2 },
    { fleet, clock },
  );
  dashboard.start();
  return { clock, fleet, dashboard };
}

test("PerformanceDashboard writes a cause to the feed once it has held, and once when over", async () => {
  const { clock, fleet, dashboard } = makeDashboard();
  fleet.set(agentView("worker-1", { state: "stuck" }));
  clock.advance(2000);
  assert.deepEqual(await dashboard.events({}), [], "a blip stays quiet");
  clock.advance(5000);
  fleet.set(agentView("worker-1", { state: "idle" }));
  clock.advance(3000);
  const events = await dashboard.events({});
  assert.deepEqual(
    events.map((event) => event.kind),
    ["cause", "cause_resolved"],
  );
  await dashboard.stop();
});

test("PerformanceDashboard.onChange() hears of changed and removed agents at once", async () => {
  const { fleet, dashboard } = makeDashboard();
  const seen: [string[], readonly string[]][] = [];
  using _subscription = dashboard.onChange((change) =>
    seen.push([[...change.agentIds], change.removed]),
  );
  fleet.set(agentView("a"));
  fleet.listeners.emit({ kind: "agent-removed", agentId: "a" });
  assert.deepEqual(seen, [
    [["a"], []],
    [[], ["a"]],
  ]);
  await dashboard.stop();
});

test("PerformanceDashboard.events() resumes after a number, in order", async () => {
  const { fleet, dashboard } = makeDashboard();
  for (const text of ["one", "two", "three"]) {
    fleet.listeners.emit({ kind: "feed", feedKind: "joined", level: "info", agentId: "a", text });
  }
  const all = await dashboard.events({});
  assert.deepEqual(
    all.map((event) => event.text),
    ["one", "two", "three"],
  );
  const first = all[0];
  assert.ok(first);
  const rest = await dashboard.events({ afterId: first.id });
  assert.deepEqual(
    rest.map((event) => event.text),
    ["two", "three"],
  );
  await dashboard.stop();
});

test("PerformanceDashboard.addUpdateCallback() is called at the refresh interval", async () => {
  const { clock, fleet, dashboard } = makeDashboard();
  fleet.set(agentView("a"));
  const headlines: string[] = [];
  using _subscription = dashboard.addUpdateCallback((summary) => headlines.push(summary.headline));
  clock.advance(2500);
  assert.deepEqual(headlines, ["Your agent is fine", "Your agent is fine"]);
  dashboard.setRefreshInterval(10);
  clock.advance(9000);
  assert.equal(headlines.length, 2);
  assert.throws(() => dashboard.setRefreshInterval(0), RangeError);
  await dashboard.stop();
});

test("PerformanceDashboard.summary() follows the error ratio of what settled", async () => {
  const { fleet, dashboard } = makeDashboard();
  assert.equal(dashboard.summary().errorRatio, null);
  fleet.listeners.emit({ kind: "settled", failed: true });
  fleet.listeners.emit({ kind: "settled", failed: false });
  assert.equal(dashboard.summary().errorRatio, 0.5);
  await dashboard.stop();
});
